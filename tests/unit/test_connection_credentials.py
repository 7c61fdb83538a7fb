"""Who asks a provider for a token, how often, and what a caller hears when it refuses."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from shared.errors import ConfigurationError, DisconnectedError, UnavailableError
from shared.gateways.oauth import AccessToken, InvalidGrantError
from shared.gateways.secret_manager import SecretGoneError
from shared.services.connection_credentials import ConnectionCredentials, ConnectionRef
from tests.tools import caller_hears

pytestmark = pytest.mark.unit


def connection(tenant: str = "harbor", version: str = "projects/p/secrets/s/versions/1") -> ConnectionRef:
    return ConnectionRef(tenant, "front-desk", "google_calendar", "google", version)


class World:
    """A provider, a secret store and a clock. Tokens are numbered in the order of refreshes."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
        self.read: list[str] = []
        self.refreshed: list[str] = []
        self.disconnected: list[ConnectionRef] = []
        self.refusal: Exception | None = None
        self.secret_refusal: Exception | None = None
        self.hook_refusal: Exception | None = None
        self.answers = asyncio.Event()
        self.answers.set()
        self.credentials = ConnectionCredentials(
            self, {"google": self}, on_disconnected=self.on_disconnected, now=lambda: self.time
        )

    async def access(self, version_name: str) -> SecretStr:
        self.read.append(version_name)
        if self.secret_refusal:
            raise self.secret_refusal
        return SecretStr(f"refresh of {version_name}")

    async def refresh(self, refresh_token: SecretStr) -> AccessToken:
        self.refreshed.append(refresh_token.get_secret_value())
        number = len(self.refreshed)
        await self.answers.wait()
        if self.refusal:
            raise self.refusal
        return AccessToken(SecretStr(f"token-{number}"), self.time + timedelta(hours=1))

    async def on_disconnected(self, gone: ConnectionRef, reason: str) -> None:
        self.disconnected.append(gone)
        if self.hook_refusal:
            raise self.hook_refusal

    async def token(self, gone: ConnectionRef | None = None, rejected: str | None = None) -> str:
        return await self.credentials.credential(gone or connection()).access_token(rejected=rejected)


@pytest.fixture
def world() -> World:
    return World()


async def test_a_token_is_kept_until_shortly_before_it_expires(world: World) -> None:
    first = await world.token()
    world.time += timedelta(minutes=58)
    kept = await world.token()
    world.time += timedelta(minutes=1, seconds=1)
    renewed = await world.token()

    assert (first, kept, renewed) == ("token-1", "token-1", "token-2")
    assert world.refreshed == ["refresh of projects/p/secrets/s/versions/1"] * 2


async def test_fifty_calls_at_once_refresh_once(world: World) -> None:
    world.answers.clear()
    calls = [asyncio.create_task(world.token()) for _ in range(50)]
    await asyncio.sleep(0)
    world.answers.set()

    assert set(await asyncio.gather(*calls)) == {"token-1"}
    assert len(world.refreshed) == 1


async def test_fifty_calls_at_once_hear_of_one_failure_together(world: World) -> None:
    world.refusal = UnavailableError("down")
    results = await asyncio.gather(*(world.token() for _ in range(50)), return_exceptions=True)

    assert {type(result) for result in results} == {UnavailableError}
    assert len(world.refreshed) == 1
    world.refusal = None
    assert await world.token() == "token-2"


async def test_a_caller_who_gives_up_takes_nothing_from_the_others(world: World) -> None:
    world.answers.clear()
    impatient = asyncio.create_task(world.token())
    patient = asyncio.create_task(world.token())
    await asyncio.sleep(0)
    impatient.cancel()
    await asyncio.sleep(0)
    world.answers.set()

    assert await patient == "token-1"
    assert len(world.refreshed) == 1


async def test_tenants_share_nothing_even_with_the_same_version_name(world: World) -> None:
    tokens = [await world.token(connection("harbor")), await world.token(connection("evil"))]

    assert tokens == ["token-1", "token-2"]


async def test_a_new_version_after_reconnecting_gets_its_own_token(world: World) -> None:
    await world.token()

    assert await world.token(connection(version="projects/p/secrets/s/versions/2")) == "token-2"


async def test_a_rejected_token_is_replaced_once_for_all_who_saw_it_rejected(world: World) -> None:
    await world.token()

    replaced = await asyncio.gather(*(world.token(rejected="token-1") for _ in range(10)))
    late = await world.token(rejected="token-1")

    assert {*replaced, late} == {"token-2"}
    assert len(world.refreshed) == 2


@pytest.mark.parametrize("where", ["refusal", "secret_refusal"])
async def test_a_revoked_connection_is_told_to_the_caller_and_noted_once(world: World, where: str) -> None:
    gone = InvalidGrantError("gone") if where == "refusal" else SecretGoneError("gone")
    setattr(world, where, gone)

    for _ in range(3):
        with caller_hears("has to connect it again", error=DisconnectedError):
            await world.token()

    assert world.disconnected == [connection()]
    assert len(world.read) == 1


async def test_one_tenants_revoked_connection_leaves_the_others_alone(world: World) -> None:
    world.refusal = InvalidGrantError("gone")
    with caller_hears(error=DisconnectedError):
        await world.token()
    world.refusal = None

    assert await world.token(connection("other")) == "token-2"


async def test_a_note_that_cannot_be_written_does_not_change_what_the_caller_hears(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.refusal = InvalidGrantError("gone")
    world.hook_refusal = UnavailableError("no database")

    with caller_hears("has to connect it again", error=DisconnectedError):
        await world.token()

    assert "could not record" in caplog.text


async def test_a_provider_that_nobody_set_up_is_a_mistake_of_ours(world: World) -> None:
    foreign = ConnectionRef("harbor", "front-desk", "crm", "salesforce", "v")

    with pytest.raises(ConfigurationError, match="salesforce"):
        await world.token(foreign)


async def test_no_token_shows_in_what_a_tool_can_print(world: World) -> None:
    credential = world.credentials.credential(connection())
    token = await credential.access_token()

    assert token not in repr(credential)
    assert token not in repr(AccessToken(SecretStr(token), world.time))
