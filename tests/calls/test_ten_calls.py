"""Ten calls at once on a small machine all finish.

Whether each is answered as fast as its scenario wants is a question of the processors, which
`python -m local call --calls 10` tells; that none hangs, is lost or books twice is ours.
"""

import asyncio

import pytest
import pytest_asyncio

from local.livekit.real import find_server
from local.report import CallReport
from shared.models.base import utc_now
from shared.models.call import Outcome
from shared.repositories.calls import CallRepository
from tests.calls.laptop import Laptop, TestTenant, scenario

pytestmark = [
    pytest.mark.calls,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.timeout(300),
    pytest.mark.parametrize("laptop", ["embedded" if find_server() is None else "real"], indirect=True),
]

CALLS = 10
IN_ORDER = {Outcome.AGENT_ENDED, Outcome.CALLER_HUNG_UP, Outcome.VOICEMAIL, Outcome.CALLER_SILENT}
"""Where the processors are too slow, a caller leaves a message, gives up waiting for an answer, or waits for
more when a sentence was not understood, until the agent has asked in vain who is there."""

Ten = list[tuple[TestTenant, CallReport]]


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def ten(laptop: Laptop) -> Ten:
    tenants = [await laptop.tenant() for _ in range(CALLS)]
    booking = scenario("book-a-slot")
    plays = (tenant.player.play(tenant.dialling(booking), name=f"ten-{tenant.number}") for tenant in tenants)
    return list(zip(tenants, await asyncio.gather(*plays), strict=True))


async def test_each_of_ten_calls_at_once_ends_in_order(ten: Ten) -> None:
    assert [report.outcome for _, report in ten if report.outcome not in IN_ORDER] == []


async def test_each_of_ten_callers_hears_somebody(ten: Ten) -> None:
    heard = [report for _, report in ten if report.step("first word") is not None or report.announcements]
    assert len(heard) == CALLS


async def test_no_slot_is_booked_twice(ten: Ten) -> None:
    for _, report in ten:
        booked = [tool for tool in report.tools if tool.ok and tool.name == "google_calendar_create_event"]
        assert len(booked) <= 1


async def test_no_place_stays_taken_after_ten_calls(ten: Ten, laptop: Laptop) -> None:
    calls = CallRepository(laptop.database)
    taken = [await calls.count_active(tenant.tenant_id, utc_now()) for tenant, _ in ten]
    assert taken == [0] * CALLS


async def test_the_next_call_goes_as_ever(ten: Ten, laptop: Laptop) -> None:
    assert len(ten) == CALLS
    tenant = await laptop.tenant()
    report = await tenant.player.play(tenant.dialling(scenario("caller-hangs-up")), name="after-ten")
    assert report.failures == []
