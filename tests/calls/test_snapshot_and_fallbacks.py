"""A call keeps the configuration that it started with, and a caller who gets no agent gets the fallback."""

import asyncio
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from local.scenario import Expect, Scenario, Turn
from shared.gateways.firestore import Put, Remove
from shared.models.call import CallEvent, FallbackReason, Outcome
from tests.calls.laptop import Laptop, running_cloud, scenario

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laptop(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Laptop]:
    async with running_cloud(tmp_path_factory.mktemp("laptop")) as laptop:
        yield laptop


async def test_tool_disabled_and_changed_during_a_call_changes_nothing_in_that_call(laptop: Laptop) -> None:
    tenant = await laptop.tenant()
    path = f"tenants/{tenant.tenant_id}/agents/{tenant.agent_id}/agent_tools/google_calendar"
    changed = asyncio.Event()

    async def change() -> None:
        fields = await laptop.database.get(path)
        assert fields is not None
        await laptop.database.commit(
            [Put(path, fields | {"enabled": False, "config": {"buffer_minutes": 600}})]
        )
        changed.set()

    tasks: list[asyncio.Task[None]] = []

    def when_answered(event: CallEvent) -> None:
        if event.kind == "state" and event.data["state"] == "in_progress":
            tasks.append(asyncio.create_task(change()))

    call = tenant.dialling(scenario("book-a-slot"))
    report = await tenant.player.play(call, name="snapshot", follow=when_answered)
    assert changed.is_set()
    assert report.failures == []

    following = await tenant.player.play(call, name="after-snapshot")
    assert "google_calendar_list_events" not in [tool.name for tool in following.tools if tool.ok]


LISTEN = Scenario(
    name="The caller hears what there is instead of an agent",
    dials="+14155550100",
    turns=[Turn(wait_seconds=1)],
    expect=Expect(),
)


@pytest.mark.parametrize(
    ("changes", "reason", "outcome"),
    [
        ({"agent_enabled": False}, FallbackReason.AGENT_DISABLED, Outcome.VOICEMAIL),
        ({"agent_hours": []}, FallbackReason.OUTSIDE_HOURS, Outcome.VOICEMAIL),
        ({"max_concurrent_calls": 0, "agent_fallback": None}, FallbackReason.AT_CAPACITY, Outcome.FORWARDED),
    ],
    ids=["disabled agent", "closed", "at capacity"],
)
async def test_caller_without_an_agent_gets_the_fallback(
    laptop: Laptop, changes: dict[str, object], reason: FallbackReason, outcome: Outcome
) -> None:
    tenant = await laptop.tenant(**changes)
    expect = Expect(outcome=outcome, fallback_reason=reason)
    words = Turn(caller="Please call me back tomorrow.")
    leave_a_message = LISTEN.model_copy(update={"expect": expect, "turns": [words]})
    report = await tenant.player.play(tenant.dialling(leave_a_message), name=reason)
    assert report.failures == []


async def test_unknown_number_is_told_so_and_the_call_ends(laptop: Laptop) -> None:
    tenant = await laptop.tenant()
    await laptop.database.commit([Remove(f"phone_numbers/{tenant.number}")])
    report = await tenant.player.play(tenant.dialling(LISTEN), name="unknown")
    assert report.ended_by == "twiml"
    assert [text for text in report.announcements if "not in use" in text]
