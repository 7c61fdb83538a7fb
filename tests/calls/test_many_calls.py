"""Ten callers dial in the same second, on whatever machine this is: each has its whole conversation.

On a machine with two busy cores answers are late, but they come; how soon is measured by `bench.call_setup`.
"""

import asyncio

import pytest

from local.livekit.real import find_server
from local.report import CallReport
from tests.calls.laptop import Laptop, scenario

pytestmark = [
    pytest.mark.calls,
    pytest.mark.asyncio(loop_scope="package"),
    pytest.mark.timeout(240),
    pytest.mark.parametrize("laptop", ["embedded" if find_server() is None else "real"], indirect=True),
]

CALLS = 10


@pytest.mark.parametrize("name", ["caller-hangs-up", "book-a-slot"])
async def test_ten_calls_at_once_all_go_as_the_scenario_says(laptop: Laptop, name: str) -> None:
    tenants = [await laptop.tenant() for _ in range(CALLS)]
    reports: list[CallReport] = await asyncio.gather(
        *(
            tenant.player.play(tenant.dialling(scenario(name)), name=f"{name}-{number}")
            for number, tenant in enumerate(tenants)
        )
    )
    assert {report.wav.stem: report.failures for report in reports if report.wav and report.failures} == {}
    assert all(report.ok for report in reports)
