"""A tenant's first and last day: made, filled and deleted for good, with what lies at Twilio and Google."""

import asyncio
import re
from collections.abc import AsyncGenerator, Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from local.twilio.store import Recording
from operations import tenants
from operations.callable_agent import find_agent
from operations.tenant_files import AgentFile, TenantFile, ToolFile, export_tenant, import_tenant
from operations.tenants import ForgettingByTask, import_file, purge_tenant
from shared.errors import ConfigurationError, ConflictError, NotFoundError, UnavailableError
from shared.gateways.cloud_tasks import CloudTasksGateway
from shared.gateways.firestore import Database, Put, Write
from shared.input_files import InputError
from shared.models.base import utc_now
from shared.models.call import CallState
from shared.models.recording import StoredRecording
from shared.models.session import Lease
from shared.models.tenant import Tenant
from shared.repositories.recordings import RecordingRepository
from shared.services.call_service import CallService, state_event
from shared.services.team_service import TeamService
from shared.services.tenant_purge import AGENT_STARTS
from tests.connect_stack import ACCOUNT, AGENT, CLIENT_ID, TENANT
from tests.contract.tenant_world import (
    NUMBER,
    World,
    furnish,
    running_world,
    under,
)
from tests.waiting import eventually

pytestmark = pytest.mark.contract

A_LONG_TIME = timedelta(seconds=20)
"""Of a lease that is let go before it ends, however slow the machine is."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncGenerator[World]:
    async with running_world(tmp_path) as world:
        yield world


async def test_a_purged_tenant_leaves_nothing_and_other_tenants_everything(world: World) -> None:
    await furnish(world)
    database = world.stack.database
    for name in ("invitations", "request_keys"):
        await database.commit([Put(f"tenants/{TENANT}/{name}/x", {"x": 1})])
    others = await under(world, "tenants/other")
    done = await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    assert await under(world, f"tenants/{TENANT}") == []
    assert (
        await database.get_all(f"tenants/{TENANT}", f"phone_numbers/{NUMBER}", "oauth_states/s1")
        == [None] * 3
    )
    assert await world.stack.desk.secrets.list_secrets({}) == []
    assert not world.stack.google._oauth.consent(ACCOUNT, CLIENT_ID)
    number = await (await world.operator.twilio()).find_number(NUMBER)
    assert number is not None
    assert number.routing.voice_url == "https://before.example"
    assert await under(world, "tenants/other") == others != []
    assert await database.get("oauth_states/s2") is not None
    counts = {step.what: step.count for step in done.steps}
    assert counts["numbers detached"] == counts["secrets"] == counts["recordings"] == 1
    assert counts["members, invitations and keys"] == 5
    assert counts["calls and their events"] == 7, "two calls, the place of a third, and four events"
    with pytest.raises(NotFoundError):
        await purge_tenant(world.operator, TENANT, TENANT, apply=True)


async def test_a_purge_that_breaks_off_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await furnish(world)

    async def dies(self: ForgettingByTask, tenant_id: str) -> int:
        raise UnavailableError("the oauth function does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(ForgettingByTask, "forget", dies)
        with pytest.raises(UnavailableError):
            await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    assert await world.stack.database.get(f"tenants/{TENANT}") is not None
    assert await under(world, f"tenants/{TENANT}/members/x") == []
    await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    assert await under(world, f"tenants/{TENANT}") == []
    assert await world.stack.desk.secrets.list_secrets({}) == []


async def test_a_purge_does_not_wait_for_ever_for_secrets_to_go(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def is_lost(*_: object, **__: object) -> None:
        pass

    await furnish(world)
    monkeypatch.setattr(CloudTasksGateway, "enqueue", is_lost)
    monkeypatch.setattr(tenants, "FORGET_SECONDS", 0)
    with pytest.raises(UnavailableError, match=f"1 of 1 secrets of {TENANT} are left; look at the oauth"):
        await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    assert await world.stack.database.get(f"tenants/{TENANT}") is not None


async def test_what_an_agent_writes_while_it_leaves_goes_as_well(world: World) -> None:
    """A call is going on: its agent notices the end, writes its last events, and lets its lease go."""
    await furnish(world)
    database, calls = world.stack.database, CallService(world.stack.database)
    session = f"tenants/{TENANT}/sessions/ca2"

    async def hold_lease(until: datetime) -> None:
        lease = Lease(owner="job", expires_at=until, generation=1)
        await database.update(session, lambda _: ({"lease": lease.model_dump()}, []))

    async def is_over() -> bool:
        return (await calls.get_call(TENANT, "ca2")).outcome is not None

    async def agent() -> None:
        await hold_lease(utc_now() + A_LONG_TIME)
        await eventually(is_over, "the agent's call is over", pause=0.05)
        # Tools that finish, a batch that is written late: later than a lease is looked for at least.
        await asyncio.sleep(AGENT_STARTS.total_seconds() + 1)
        await calls.append_events(TENANT, "ca2", [state_event(utc_now(), "worker-1", CallState.FALLBACK)])
        await hold_lease(utc_now())

    leaving = asyncio.create_task(agent())
    await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    await leaving
    assert await under(world, f"tenants/{TENANT}") == []


async def test_a_message_that_is_being_left_while_its_tenant_is_deleted_does_not_stay_at_twilio(
    world: World,
) -> None:
    """Twilio tells of the recording when nobody knows the call any more."""
    await furnish(world)
    call, sid = f"tenants/{TENANT}/calls/ca2", "RE" + "2" * 32
    fallback = {"state": "fallback", "fallback_served": "voicemail"}
    await world.stack.database.update(call, lambda _: (fallback, []))
    store = world.twilio.exchange.store
    recording = Recording(
        sid=sid, call_sid="CA2", source="RecordVerb", channels=1, started_at=utc_now(), seconds=3
    )
    store.put_recording(recording)
    store.put_recording(recording.model_copy(update={"sid": "RE" + "3" * 32, "call_sid": "CA3"}))
    done = await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    assert {step.what: step.count for step in done.steps}["recordings"] == 2, "one was stored before"
    assert [each.call_sid for each in store.recordings.values()] == ["CA3"]


async def test_a_message_whose_call_has_expired_does_not_stay_at_twilio_when_its_tenant_is_deleted(
    world: World,
) -> None:
    """Firestore had removed the call, and Twilio could not be reached: only the recording's note is left, and
    nobody goes through the notes of a tenant that does not exist."""
    sid, store = "RE" + "4" * 32, world.twilio.exchange.store
    store.put_recording(
        Recording(sid=sid, call_sid="CA4", source="RecordVerb", channels=1, started_at=utc_now(), seconds=3)
    )
    note = StoredRecording(session_id="ca4", delete_after=utc_now())
    await world.stack.database.commit([RecordingRepository(world.stack.database).note(TENANT, sid, note)])
    await purge_tenant(world.operator, TENANT, TENANT, apply=True)
    assert list(store.recordings) == []
    assert await under(world, f"tenants/{TENANT}") == []


@pytest.mark.parametrize(("name", "error"), [(None, ConfigurationError), ("Harbour", ConflictError)])
async def test_without_the_tenants_name_nothing_is_deleted(
    world: World, name: str | None, error: type[Exception]
) -> None:
    await furnish(world)
    before = await under(world, f"tenants/{TENANT}")
    with pytest.raises(error):
        await purge_tenant(world.operator, TENANT, name, apply=True)
    assert (await purge_tenant(world.operator, TENANT, None, apply=False)).exit_code == 1
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


async def test_a_tenants_own_export_changes_nothing_when_it_is_imported(world: World) -> None:
    """What is connected there stays enabled: only a copy has to be connected first."""
    await furnish(world)
    tool = f"tenants/{TENANT}/agents/{AGENT}/agent_tools/google_calendar"
    await world.stack.database.update(tool, lambda _: ({"enabled": True}, []))
    exported = await export_tenant(world.operator, TENANT)
    assert await import_tenant(world.operator, TENANT, exported, apply=True) == ([], [])


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (
            {"tools": {"send_email": {"config": {"secret_access_key": "k"}}}},
            "tools.send_email.config.secret_access_key is a secret",
        ),
        (
            {"tools": {"send_email": {"enabled": True, "config": {"region": 1}}}},
            "tools.send_email.config.",
        ),
        ({"tools": {"telepathy": {}}}, "tools.telepathy: expected one of end_call, google_calendar"),
        (
            {"fallback": {"kind": "voicemail", "promt": "Hello."}},
            "fallback.voicemail.promt: unknown field, expected one of kind, prompt, max_seconds",
        ),
        (
            {"hours": [{"weekday": 0, "opens": "09:00", "closes": "17:00", "close": "18:00"}]},
            "hours.0.close: unknown field, expected one of weekday, opens, closes",
        ),
        ({"greting": "Hello."}, "greting: unknown field, expected one of name, enabled, instructions"),
        ({"name": 5}, "name: expected text, in quotes where it could be something else (found 5)"),
    ],
)
async def test_a_file_with_a_mistake_changes_nothing_and_is_told_file_field_and_what_was_expected(
    world: World, tmp_path: Path, wrong: dict[str, Any], complaint: str
) -> None:
    """A misspelt field below another, such as the fallback's, was once left out without a word."""
    good = {"name": "Night desk", "instructions": "Be brief."}
    file = tmp_path / "harbor.yaml"
    file.write_text(yaml.safe_dump({"agents": {"night": good, "desk": good | wrong}}))
    before = await under(world, f"tenants/{TENANT}")
    with pytest.raises(InputError, match=re.escape(f"{file}: agents.desk.{complaint}")):
        await import_file(world.operator, TENANT, file, apply=True)
    assert await under(world, f"tenants/{TENANT}") == before


async def test_an_import_that_breaks_off_is_finished_by_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent = AgentFile(name="Night desk", instructions="Be brief.", tools={"end_call": ToolFile(enabled=True)})
    wanted = TenantFile(agents=dict.fromkeys(("one", "two", "three"), agent))
    commits = 0
    commit = Database.commit

    async def dies(self: Database, writes: Iterable[Write]) -> None:
        nonlocal commits
        commits += 1
        if commits == 2:
            raise UnavailableError("the network is gone")
        await commit(self, writes)

    with monkeypatch.context() as patch:
        patch.setattr(Database, "commit", dies)
        with pytest.raises(UnavailableError):
            await import_tenant(world.operator, TENANT, wanted, apply=True)
    changes, _ = await import_tenant(world.operator, TENANT, wanted, apply=True)
    assert [change.subject for change in changes] == ["agent two", "agent three"]
    assert await import_tenant(world.operator, TENANT, wanted, apply=True) == ([], [])


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
