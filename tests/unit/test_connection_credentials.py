"""Who asks a provider for a token, how often, and what a caller hears when it refuses."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from shared.errors import ConfigurationError, DisconnectedError, UnavailableError
from shared.gateways.oauth import AccessToken, InvalidGrantError, OAuthProvider
from shared.models.agent_tool import REFRESH_TOKEN, ConnectionState
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.secret_names import secret_id_for
from shared.services.token_renewal import REFUSED, TokenRenewal
from tests.connections import FakeSecrets, put_connected, stored_tool
from tests.fakes import FakeClock, FakeDatabase
from tests.tools import caller_hears

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def connection(tenant: str = "harbor", version: int = 1, email: str = "desk@harbor.example") -> ConnectionRef:
    tool = (tenant, "front-desk", "google_calendar")
    name = f"projects/p/secrets/{secret_id_for(*tool, REFRESH_TOKEN)}/versions/{version}"
    return ConnectionRef(*tool, "google", name, consent_id=f"consent-{version}", account_email=email)


class World:
    """A provider, a secret store, a database and a clock. Tokens are numbered in the order of refreshes."""

    def __init__(self) -> None:
        self.clock = FakeClock(START)
        self.database = FakeDatabase()
        self.secrets = FakeSecrets()
        self.provider = OAuthProvider("google", "https://token.example", "client", SecretStr("s"))
        self.refreshed: list[str] = []
        self.refusal: Exception | None = None
        self.asked = asyncio.Event()
        self.answers = asyncio.Event()
        self.answers.set()
        connections = ConnectionService(self.database, now=self.clock)  # pyright: ignore[reportArgumentType]
        renewal = TokenRenewal(self.secrets, {"google": self}, connections, now=self.clock)
        self.credentials = ConnectionCredentials(connections, renewal, now=self.clock)
        self.put(connection())

    def put(self, ref: ConnectionRef) -> ConnectionRef:
        put_connected(self.database, ref)
        self.secrets.put_token(ref, f"refresh token of {ref.tenant_id} {ref.consent_id}")
        return ref

    async def refresh(self, refresh_token: SecretStr) -> AccessToken:
        self.refreshed.append(refresh_token.get_secret_value())
        number = len(self.refreshed)
        self.asked.set()
        await self.answers.wait()
        if self.refusal:
            raise self.refusal
        return AccessToken(SecretStr(f"token-{number}"), self.clock() + timedelta(hours=1))

    async def token(self, ref: ConnectionRef | None = None, rejected: str | None = None) -> str:
        return await self.credentials.credential(ref or connection()).access_token(rejected=rejected)

    def noted(self, ref: ConnectionRef | None = None) -> tuple[ConnectionState, str | None]:
        found = stored_tool(self.database, ref or connection()).connection
        assert found is not None
        return found.state, found.reason

    def audited(self) -> list[tuple[str, str]]:
        """(who, what)"""
        found = [fields for path, fields in self.database.documents.items() if "harbor/audit/" in path]
        return [(fields["actor"]["kind"], fields["action"]) for fields in found]


@pytest.fixture
def world() -> World:
    return World()


async def test_a_token_is_kept_until_shortly_before_it_expires(world: World) -> None:
    first = await world.token()
    world.clock.advance(minutes=58)
    kept = await world.token()
    world.clock.advance(minutes=1, seconds=1)
    renewed = await world.token()

    assert (first, kept, renewed) == ("token-1", "token-1", "token-2")
    assert world.refreshed == ["refresh token of harbor consent-1"] * 2


async def test_fifty_calls_at_once_refresh_once(world: World) -> None:
    await world.token()
    world.clock.advance(hours=2)
    world.answers.clear()
    world.asked.clear()
    calls = [asyncio.create_task(world.token()) for _ in range(50)]
    await world.asked.wait()
    world.answers.set()

    assert set(await asyncio.gather(*calls)) == {"token-2"}
    assert len(world.refreshed) == 2


async def test_fifty_calls_at_once_hear_of_one_failure_together(world: World) -> None:
    world.refusal = UnavailableError("down")
    world.answers.clear()
    calls = [asyncio.create_task(world.token()) for _ in range(50)]
    for _ in range(100):
        await asyncio.sleep(0)
    world.answers.set()
    results = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(result) for result in results} == {UnavailableError}
    assert len(world.refreshed) == 1
    world.refusal = None
    assert await world.token() == "token-2"


async def test_a_caller_who_gives_up_takes_nothing_from_the_others(world: World) -> None:
    world.answers.clear()
    impatient = asyncio.create_task(world.token())
    patient = asyncio.create_task(world.token())
    await world.asked.wait()
    impatient.cancel()
    await asyncio.sleep(0)
    world.answers.set()

    assert await patient == "token-1"
    assert len(world.refreshed) == 1


async def test_tenants_share_nothing_even_with_the_same_version_name(world: World) -> None:
    stolen = ConnectionRef(
        "evil",
        "front-desk",
        "google_calendar",
        "google",
        connection().refresh_token_version,
        connection().consent_id,
        connection().account_email,
    )
    put_connected(world.database, stolen)

    tokens = [await world.token(connection()), await world.token(stolen)]

    assert tokens == ["token-1", "token-2"]


async def test_a_running_call_goes_on_with_the_token_of_a_new_consent_of_the_same_account(
    world: World,
) -> None:
    await world.token()
    world.put(connection(version=2))
    del world.secrets.values[connection().refresh_token_version]

    assert await world.token(connection(version=1)) == "token-2"
    assert world.refreshed[-1] == "refresh token of harbor consent-2"


async def test_a_running_call_does_not_go_on_with_another_account(world: World) -> None:
    await world.token()
    world.put(connection(version=2, email="somebody@else.example"))

    with caller_hears("has to connect it again", error=DisconnectedError):
        await world.token(connection(version=1))


async def test_a_running_call_loses_a_disconnected_account_with_its_next_use(world: World) -> None:
    await world.token()
    service = ConnectionService(world.database, now=world.clock)  # pyright: ignore[reportArgumentType]
    await service.begin_disconnect(connection().tool, "google", "Somebody clicked.", None)

    with caller_hears("has to connect it again", error=DisconnectedError):
        await world.token()
    assert len(world.refreshed) == 1


async def test_a_running_call_keeps_its_account_while_the_database_is_down(world: World) -> None:
    await world.token()
    world.database.fails = True

    assert await world.token() == "token-1"


async def test_a_rejected_token_is_replaced_once_for_all_who_saw_it_rejected(world: World) -> None:
    await world.token()

    replaced = await asyncio.gather(*(world.token(rejected="token-1") for _ in range(10)))
    late = await world.token(rejected="token-1")

    assert {*replaced, late} == {"token-2"}
    assert len(world.refreshed) == 2


@pytest.mark.parametrize("gone", ["grant", "secret"])
async def test_a_revoked_connection_is_told_to_the_caller_and_to_the_owner_once(
    world: World, gone: str
) -> None:
    if gone == "grant":
        world.refusal = InvalidGrantError("gone")
    else:
        world.secrets.values.clear()

    for _ in range(3):
        with caller_hears("has to connect it again", error=DisconnectedError):
            await world.token()

    assert world.noted() == (ConnectionState.DISCONNECTED, REFUSED)
    assert world.audited() == [("platform", "tool.disconnected")]
    assert len(world.refreshed) <= 1


async def test_a_refusal_of_an_old_token_says_nothing_of_a_consent_given_meanwhile(world: World) -> None:
    async def reconnect_then_refuse(refresh_token: SecretStr) -> AccessToken:
        if not world.refreshed:
            world.refreshed.append(refresh_token.get_secret_value())
            world.put(connection(version=2))
            raise InvalidGrantError("the old one is over")
        return await World.refresh(world, refresh_token)

    world.refresh = reconnect_then_refuse

    assert await world.token() == "token-2"
    assert world.noted()[0] is ConnectionState.CONNECTED


async def test_one_tenants_revoked_connection_leaves_the_others_alone(world: World) -> None:
    other = world.put(connection("other"))
    world.refusal = InvalidGrantError("gone")
    with caller_hears(error=DisconnectedError):
        await world.token()
    world.refusal = None

    assert await world.token(other) == "token-2"


async def test_a_note_that_cannot_be_written_does_not_change_what_the_caller_hears(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.refusal = InvalidGrantError("gone")
    world.database.fails = True

    with caller_hears("has to connect it again", error=DisconnectedError):
        await world.token()

    assert "could not record" in caplog.text


async def test_a_provider_that_nobody_set_up_is_a_mistake_of_ours(world: World) -> None:
    foreign = ConnectionRef("harbor", "front-desk", "crm", "salesforce", "projects/p/secrets/s/versions/1")
    put_connected(world.database, foreign)

    with pytest.raises(ConfigurationError, match="salesforce"):
        await world.token(foreign)


async def test_no_token_shows_in_what_a_tool_can_print(world: World) -> None:
    credential = world.credentials.credential(connection())
    token = await credential.access_token()

    assert token not in repr(credential)
    assert token not in repr(AccessToken(SecretStr(token), world.clock()))
