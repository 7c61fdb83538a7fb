"""A provider that gives a new refresh token with every refresh, and takes each only once."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from shared.errors import DisconnectedError, UnavailableError
from shared.gateways.oauth import AccessToken, InvalidGrantError, OAuthProvider
from shared.models.agent_tool import REFRESH_TOKEN, ConnectionState
from shared.services import token_renewal
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.secret_names import secret_id_for
from shared.services.token_renewal import LEASE, TokenRenewal
from tests.connections import FakeSecrets, put_connected, stored_tool, tool_path
from tests.fakes import FakeClock, FakeDatabase

pytestmark = pytest.mark.unit

TOOL = ("harbor", "front-desk", "crm")
SECRET = secret_id_for(*TOOL, REFRESH_TOKEN)
REF = ConnectionRef(*TOOL, "crm", f"projects/p/secrets/{SECRET}/versions/1", consent_id="c1")


class RotatingProvider:
    provider = OAuthProvider("crm", "https://x.example", "id", SecretStr("s"), rotates_refresh_tokens=True)

    def __init__(self) -> None:
        self.valid = "r0"
        self.refreshes = 0
        self.at_once = 0
        self.fails_after: bool = False
        """The exchange happens, the answer is lost."""

    async def refresh(self, refresh_token: SecretStr) -> AccessToken:
        self.at_once += 1
        assert self.at_once == 1, "two refreshes at once"
        try:
            await asyncio.sleep(0)
            if refresh_token.get_secret_value() != self.valid:
                raise InvalidGrantError("used before")
            self.refreshes += 1
            self.valid = f"r{self.refreshes}"
            if self.fails_after:
                raise UnavailableError("the answer is lost")
            expires_at = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
            return AccessToken(SecretStr(f"a{self.refreshes}"), expires_at, SecretStr(self.valid))
        finally:
            self.at_once -= 1


class World:
    def __init__(self) -> None:
        self.clock = FakeClock(datetime(2026, 11, 23, 9, 0, tzinfo=UTC))
        self.database, self.secrets, self.provider = FakeDatabase(), FakeSecrets(), RotatingProvider()
        self.connections = ConnectionService(self.database, now=self.clock)  # pyright: ignore[reportArgumentType]
        put_connected(self.database, REF)
        self.secrets.put_token(REF, "r0")

    def process(self) -> ConnectionCredentials:
        """As in a worker of its own."""
        renewal = TokenRenewal(self.secrets, {"crm": self.provider}, self.connections, now=self.clock)
        return ConnectionCredentials(self.connections, renewal, now=self.clock)

    def named_token(self) -> str:
        return self.secrets.token(stored_tool(self.database, REF).sensitive_config[REFRESH_TOKEN])


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(token_renewal, "BUSY_POLL_SECONDS", 0.001)
    return World()


async def test_the_new_token_is_stored_and_named(world: World) -> None:
    assert await world.process().access_token(REF) == "a1"
    assert world.named_token() == world.provider.valid == "r1"


async def test_a_call_that_pinned_an_older_version_goes_on(world: World) -> None:
    process = world.process()
    await process.access_token(REF)
    world.clock.advance(hours=1)

    assert await process.access_token(REF) == "a2"


async def test_processes_renew_one_after_the_other_and_never_at_once(world: World) -> None:
    tokens = await asyncio.gather(*(world.process().access_token(REF) for _ in range(8)))

    assert sorted(tokens) == [f"a{n}" for n in range(1, 9)]
    assert world.named_token() == world.provider.valid == "r8"


async def test_a_token_that_was_stored_but_not_named_is_found_again(world: World) -> None:
    """Its process died in between: the lease is left, the version is there."""
    await world.connections.begin_renewal(REF, "died", LEASE)
    await world.provider.refresh(SecretStr("r0"))
    named = ConnectionRef(*TOOL, "crm", f"projects/p/secrets/{SECRET}/versions/2", consent_id="c1")
    world.secrets.put_token(named, "r1")
    world.clock.advance(seconds=LEASE.total_seconds())

    assert await world.process().access_token(REF) == "a2"
    assert world.named_token() == world.provider.valid == "r2"


async def test_a_version_of_a_consent_that_was_never_completed_is_not_taken(world: World) -> None:
    await world.connections.begin_renewal(REF, "died", LEASE)
    foreign = ConnectionRef(*TOOL, "crm", f"projects/p/secrets/{SECRET}/versions/2", consent_id="c2")
    world.secrets.put_token(foreign, "of another account")
    world.clock.advance(seconds=LEASE.total_seconds())

    assert await world.process().access_token(REF) == "a1"
    assert foreign.refresh_token_version not in world.secrets.read[1:]


async def test_a_token_that_nobody_got_ends_as_a_disconnection(world: World) -> None:
    world.provider.fails_after = True
    with pytest.raises(UnavailableError):
        await world.process().access_token(REF)
    world.provider.fails_after = False

    with pytest.raises(DisconnectedError):
        await world.process().access_token(REF)
    connection = stored_tool(world.database, REF).connection
    assert connection is not None
    assert connection.state is ConnectionState.DISCONNECTED


async def test_a_lease_that_nobody_gives_back_is_not_waited_for_longer_than_a_tool_has_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(token_renewal, "BUSY_WAIT_SECONDS", 0.003)
    await world.connections.begin_renewal(REF, "slow", timedelta(minutes=1))

    with pytest.raises(UnavailableError):
        await world.process().access_token(REF)


def version(number: int) -> str:
    return f"projects/p/secrets/{SECRET}/versions/{number}"


async def test_who_was_overtaken_while_renewing_names_nothing(world: World) -> None:
    """Its token is the one that the other's exchange made worthless."""
    await world.connections.begin_renewal(REF, "slow", LEASE)
    world.clock.advance(seconds=LEASE.total_seconds())
    await world.connections.begin_renewal(REF, "fast", LEASE)

    assert not await world.connections.end_renewal(REF, "slow", version(2))
    assert await world.connections.end_renewal(REF, "fast", version(3))
    assert not await world.connections.end_renewal(REF, "slow", version(2))
    assert stored_tool(world.database, REF).sensitive_config == {REFRESH_TOKEN: version(3)}


@pytest.mark.parametrize("how", ["renewal", "unexpected rotation"])
async def test_a_renewal_does_not_take_the_place_of_an_account_that_was_connected_meanwhile(
    world: World, how: str
) -> None:
    await world.connections.begin_renewal(REF, "slow", LEASE)
    fields = world.database.documents[tool_path(REF)]
    fields["sensitive_config"] = {REFRESH_TOKEN: version(2)}
    fields["connection"]["consent_id"] = "c2"

    if how == "renewal":
        assert not await world.connections.end_renewal(REF, "slow", version(3))
    else:
        assert not await world.connections.adopt(REF, version(3))
    assert stored_tool(world.database, REF).sensitive_config == {REFRESH_TOKEN: version(2)}


def test_of_two_consents_without_a_name_none_is_the_same() -> None:
    """They are older than consents' names: one may be another account's."""
    old, other = (replace(REF, refresh_token_version=version(number), consent_id="") for number in (1, 2))

    assert old.is_followed_by(old)
    assert not old.is_followed_by(other)
    assert not old.is_followed_by(replace(old, provider="another"))
