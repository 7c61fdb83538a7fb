"""A call keeps the configuration that it started with, and a caller who gets no agent gets the fallback.

The calls run side by side; each test looks at its own.
"""

import asyncio

import pytest
import pytest_asyncio

from local.report import CallReport
from local.scenario import Expect, Scenario, Turn
from shared.gateways.firestore import Put, Remove
from shared.models.call import CallEvent, FallbackReason, Outcome
from shared.models.session import SessionSnapshot, session_id_for
from tests.calls.laptop import Laptop, scenario

pytestmark = [
    pytest.mark.calls,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.timeout(120),
    pytest.mark.parametrize("laptop", ["embedded"], indirect=True),
]

FALLBACKS = {
    "disabled agent": ({"agent_enabled": False}, FallbackReason.AGENT_DISABLED, Outcome.VOICEMAIL),
    "closed": ({"agent_hours": []}, FallbackReason.OUTSIDE_HOURS, Outcome.VOICEMAIL),
    "at capacity": (
        {"max_concurrent_calls": 0, "agent_fallback": None},
        FallbackReason.AT_CAPACITY,
        Outcome.FORWARDED,
    ),
}
LEAVES_A_MESSAGE = Scenario(
    name="The caller hears what there is instead of an agent",
    dials="+14155550100",
    turns=[Turn(caller="Please call me back tomorrow.")],
    expect=Expect(),
)


class Calls:
    """The calls of this module, under way at the same time."""

    def __init__(self, laptop: Laptop) -> None:
        self.laptop = laptop
        self.unknown_number = asyncio.create_task(self._dial_a_detached_number())
        self.reconfigured = asyncio.create_task(self._change_a_tool_during_the_call())
        self.burst = asyncio.create_task(self._two_at_once_for_one_place())
        self.fallbacks = {name: asyncio.create_task(self._fall_back(name)) for name in FALLBACKS}

    async def _dial_a_detached_number(self) -> CallReport:
        tenant = await self.laptop.tenant()
        await self.laptop.database.commit([Remove(f"phone_numbers/{tenant.number}")])
        listens = LEAVES_A_MESSAGE.model_copy(update={"turns": [Turn(wait_seconds=1)]})
        return await tenant.player.play(tenant.dialling(listens), name="unknown")

    async def _fall_back(self, name: str) -> CallReport:
        changes, reason, outcome = FALLBACKS[name]
        tenant = await self.laptop.tenant(**changes)
        expect = Expect(outcome=outcome, fallback_reason=reason)
        call = tenant.dialling(LEAVES_A_MESSAGE).model_copy(update={"expect": expect})
        return await tenant.player.play(call, name=reason)

    async def _two_at_once_for_one_place(self) -> list[CallReport]:
        tenant = await self.laptop.tenant(max_concurrent_calls=1)
        call = tenant.dialling(LEAVES_A_MESSAGE)
        return list(await asyncio.gather(*(tenant.player.play(call, name=f"burst-{n}") for n in (1, 2))))

    async def _change_a_tool_during_the_call(self) -> tuple[CallReport, SessionSnapshot]:
        """The report of a call during which its calendar was disabled, and the next call's snapshot."""
        tenant = await self.laptop.tenant()
        agent = f"tenants/{tenant.tenant_id}/agents/{tenant.agent_id}"
        changing: list[asyncio.Task[None]] = []

        async def change() -> None:
            tool = await self.laptop.database.get(f"{agent}/agent_tools/google_calendar")
            assert tool is not None
            changed = tool | {"enabled": False, "config": {"buffer_minutes": 600}}
            await self.laptop.database.commit([Put(f"{agent}/agent_tools/google_calendar", changed)])

        def when_answered(event: CallEvent) -> None:
            if event.kind == "state" and event.data["state"] == "in_progress":
                changing.append(asyncio.create_task(change()))

        call = tenant.dialling(scenario("book-a-slot"))
        report = await tenant.player.play(call, name="reconfigured", follow=when_answered)
        assert changing, "the call was never answered"
        await asyncio.gather(*changing)
        following = await tenant.player.play(tenant.dialling(scenario("caller-hangs-up")), name="following")
        assert following.call_sid is not None
        path = f"tenants/{tenant.tenant_id}/sessions/{session_id_for(following.call_sid)}"
        fields = await self.laptop.database.get(path)
        assert fields is not None
        return report, SessionSnapshot.from_firestore(fields)


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def calls(laptop: Laptop) -> Calls:
    return Calls(laptop)


async def test_tool_disabled_and_changed_during_a_call_changes_nothing_in_that_call(calls: Calls) -> None:
    report, following = await calls.reconfigured
    assert report.failures == []
    assert "google_calendar" not in [tool.slug for tool in following.tools]


@pytest.mark.parametrize("name", FALLBACKS)
async def test_caller_without_an_agent_gets_the_fallback(calls: Calls, name: str) -> None:
    assert (await calls.fallbacks[name]).failures == []


async def test_of_two_calls_at_once_for_one_place_one_gets_the_agent_and_one_the_fallback(
    calls: Calls,
) -> None:
    reports = await calls.burst
    reasons = [report.fallback_reason for report in reports]
    assert sorted(reasons, key=str) == [None, FallbackReason.AT_CAPACITY], [r.steps for r in reports]
    (served,) = (report for report in reports if report.fallback_reason is None)
    assert served.outcome == Outcome.CALLER_HUNG_UP


async def test_unknown_number_is_told_so_and_the_call_ends(calls: Calls) -> None:
    report = await calls.unknown_number
    assert report.ended_by == "twiml"
    assert [text for text in report.announcements if "not in use" in text]
