"""A tenant's first and last day: made, filled and deleted for good, with what lies at Twilio and Google."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.livekit.embedded import Config, EmbeddedServer
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from operations.callable_agent import find_agent
from operations.deployment import load_deployment
from operations.operator import Operator
from operations.tenant_files import AgentFile, TenantFile, ToolFile, export_tenant, import_tenant
from operations.tenants import ForgettingByTask, _purge
from shared.errors import ConfigurationError, ConflictError, NotFoundError, UnavailableError
from shared.gateways.firestore import Put
from shared.gateways.twilio import NumberWebhooks
from shared.models.base import utc_now
from shared.models.call import Call, CallState, Outcome, Voicemail
from shared.models.tenant import Tenant
from shared.services.call_service import CallService, state_event
from shared.services.team_service import TeamService
from tests.connect_stack import ACCOUNT, AGENT, CLIENT_ID, TENANT, Stack, running_stack
from tests.contract.google_stand_in import PROJECT, QUEUE, acting_as

pytestmark = pytest.mark.contract

SID, TOKEN, NUMBER = "AC" + "0" * 32, "token", "+14155550200"
KEY, SECRET = "key", "secret-of-at-least-thirty-two-characters"
EDGE = "https://voice.example"


@dataclass
class World:
    stack: Stack
    operator: Operator
    twilio: TwilioStandIn


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    async with running_world(tmp_path) as world:
        yield world


@asynccontextmanager
async def running_world(
    tmp_path: Path, google_clock: Callable[[], float] = time.time
) -> AsyncGenerator[World]:
    number = Number(phone_number=NUMBER, voice_url="https://before.example")
    async with (
        running_stack(tmp_path, google_clock=google_clock) as stack,
        EmbeddedServer(Config(KEY, SECRET)) as livekit,
        TwilioStandIn(tmp_path / "twilio", account_sid=SID, auth_token=TOKEN, numbers=[number]) as twilio,
    ):
        env = {
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "INCOMING_CALL_URL": EDGE,
            "OAUTH_URL": stack.url,
            "TOOLS_API_URL": "https://api.example",
            "TASKS_QUEUE": QUEUE,
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": KEY,
            "LIVEKIT_API_SECRET": SECRET,
            "SIP_HOST": "sip.example",
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": twilio.url,
            "TRUNKLINE_OPERATOR": "Op",
        }
        with acting_as("owner", stack.google, tmp_path / "google") as google:
            deployment = load_deployment(None, env).model_copy(
                update={"service_accounts": {"scheduler": stack.settings.tasks_service_account}}
            )
            async with Operator.open(deployment, {**google, **env}) as operator:
                yield World(stack, operator, twilio)


async def under(world: World, path: str) -> list[str]:
    """Every document below `path`, however deep."""
    found: list[str] = []
    client = world.stack.database._client  # pyright: ignore[reportPrivateUsage]
    async for collection in client.document(path).collections():
        async for document in collection.list_documents():
            snapshot = await document.get()
            found += [document.path] if snapshot.exists else []
            found += await under(world, document.path)
    return found


async def furnish(world: World) -> None:
    """A connected calendar, a number, a call with a voicemail, one that goes on, and an API key."""
    async with world.stack.browser() as browser:
        await browser.connect()
    database = world.stack.database
    former = {"voice_url": "https://before.example", "voice_fallback_url": "", "status_callback": ""}
    calls = CallService(database)
    voicemail = Voicemail(recording_sid="RE1", recording_url="https://x", seconds=3)
    for session_id, state in (("ca1", CallState.ENDED), ("ca2", CallState.IN_PROGRESS)):
        call = Call(
            session_id=session_id,
            agent_id=AGENT,
            call_sid=session_id.upper(),
            state=state,
            caller=None,
            called=NUMBER,
            started_at=utc_now(),
            outcome=Outcome.VOICEMAIL if state is CallState.ENDED else None,
            voicemail=voicemail if state is CallState.ENDED else None,
        )
        path = f"tenants/{TENANT}/calls/{session_id}"
        await database.commit([Put(path, call.to_firestore())])
        await calls.append_events(TENANT, session_id, [state_event(utc_now(), "edge", state)])
        await database.commit([Put(f"tenants/{TENANT}/sessions/{session_id}", {"x": 1})])
    # Of this call only an event is left, as after Firestore's TTL.
    await calls.append_events(TENANT, "gone", [state_event(utc_now(), "edge", CallState.ENDED)])
    await database.commit(
        [
            Put(f"phone_numbers/{NUMBER}", {"tenant_id": TENANT, "agent_id": AGENT, "former": former}),
            Put(f"tenants/{TENANT}/api_keys/k1", {"name": "k"}),
            Put("oauth_states/s1", {"tenant_id": TENANT}),
            Put("oauth_states/s2", {"tenant_id": "other"}),
        ]
    )
    gateway = await world.operator.twilio()
    owned = await gateway.find_number(NUMBER)
    assert owned is not None
    webhooks = f"{EDGE}/api/v1/voice/twilio"
    urls = (f"{webhooks}/incoming", f"{webhooks}/fallback", f"{webhooks}/status")
    await gateway.configure_number(owned.sid, NumberWebhooks(*urls))


async def test_a_purged_tenant_leaves_nothing_and_other_tenants_everything(world: World) -> None:
    await furnish(world)
    others = await under(world, "tenants/other")
    done = await _purge(world.operator, TENANT, TENANT, apply=True)
    database = world.stack.database
    assert await under(world, f"tenants/{TENANT}") == []
    assert (
        await database.get_all(f"tenants/{TENANT}", f"phone_numbers/{NUMBER}", "oauth_states/s1")
        == [None] * 3
    )
    assert await world.stack.desk.secrets.list_secrets({}) == []
    assert not world.stack.google._oauth.consent(ACCOUNT, CLIENT_ID)  # pyright: ignore[reportPrivateUsage]
    number = await (await world.operator.twilio()).find_number(NUMBER)
    assert number is not None
    assert number.webhooks.voice_url == "https://before.example"
    assert await under(world, "tenants/other") == others != []
    assert await database.get("oauth_states/s2") is not None
    counts = {step.what: step.count for step in done.steps}
    assert counts["numbers detached"] == counts["secrets"] == counts["recordings"] == 1
    assert counts["members, invitations and keys"] == 4
    assert counts["calls and their events"] == 7, "two calls, the place of a third, and four events"
    with pytest.raises(NotFoundError):
        await _purge(world.operator, TENANT, TENANT, apply=True)


async def test_a_purge_that_breaks_off_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(world)

    async def dies(self: ForgettingByTask, tenant_id: str) -> int:
        raise UnavailableError("the oauth function does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(ForgettingByTask, "forget", dies)
        with pytest.raises(UnavailableError):
            await _purge(world.operator, TENANT, TENANT, apply=True)
    assert await world.stack.database.get(f"tenants/{TENANT}") is not None
    assert await under(world, f"tenants/{TENANT}/members/x") == []
    await _purge(world.operator, TENANT, TENANT, apply=True)
    assert await under(world, f"tenants/{TENANT}") == []
    assert await world.stack.desk.secrets.list_secrets({}) == []


@pytest.mark.parametrize(("name", "error"), [(None, ConfigurationError), ("Harbour", ConflictError)])
async def test_without_the_tenants_name_nothing_is_deleted(
    world: World, name: str | None, error: type[Exception]
) -> None:
    await furnish(world)
    before = await under(world, f"tenants/{TENANT}")
    with pytest.raises(error):
        await _purge(world.operator, TENANT, name, apply=True)
    assert (await _purge(world.operator, TENANT, None, apply=False)).exit_code == 1
    assert await under(world, f"tenants/{TENANT}") == before


async def test_a_tenants_configuration_can_be_copied_without_its_secrets(world: World) -> None:
    await furnish(world)
    exported = await export_tenant(world.operator, TENANT)
    assert exported.numbers == {NUMBER: AGENT}
    assert exported.agents[AGENT].tools["google_calendar"].connected
    assert "versions" not in exported.model_dump_json()
    created = await TeamService(world.stack.database).create_tenant(
        "copy", world.operator.actor, Tenant(name="Copy")
    )
    assert created
    changes, _ = await import_tenant(world.operator, "copy", exported, apply=False)
    assert {change.subject for change in changes} == {"tenant settings", f"agent {AGENT}"}
    assert await world.stack.database.get(f"tenants/copy/agents/{AGENT}") is None
    _, notes = await import_tenant(world.operator, "copy", exported, apply=True)
    assert notes == [f"{AGENT}/google_calendar: connect the account again, in the dashboard"]
    again, _ = await import_tenant(world.operator, "copy", exported, apply=True)
    assert again == []


async def test_an_import_changes_what_it_names_and_nothing_else(world: World) -> None:
    agent = AgentFile(name="Night desk", instructions="Be brief.", tools={"end_call": ToolFile(enabled=True)})
    wanted = TenantFile(tenant=Tenant(name=TENANT), agents={"night": agent})
    await import_tenant(world.operator, TENANT, wanted, apply=True)
    louder = agent.model_copy(update={"voice": "Puck", "tools": {"end_call": ToolFile(enabled=False)}})
    wanted = wanted.model_copy(update={"agents": {"night": louder}})
    changes, _ = await import_tenant(world.operator, TENANT, wanted, apply=True)
    assert [(each.subject, set(each.fields)) for each in changes] == [
        ("agent night", {"voice"}),
        ("tool night/end_call", {"enabled"}),
    ]
    stored = await world.stack.database.get(f"tenants/{TENANT}/agents/night")
    assert stored is not None
    assert (stored["voice"], stored["revision"]) == ("Puck", 2)
    assert await world.stack.database.get(f"tenants/{TENANT}/agents/{AGENT}") is not None


async def test_a_synthetic_call_needs_an_agent_to_call(world: World) -> None:
    with pytest.raises(ConfigurationError, match="attach a number"):
        await find_agent(world.operator)
    await furnish(world)
    assert await find_agent(world.operator) == (TENANT, AGENT)
