"""Any part of the laptop cloud is killed in a call: the caller is served, and the next call works.

How long a caller may have to wait is stated with each part. They die one after the other in one cloud, each
during a call that is itself the proof that the last one came back. The supervisor starts them again, as Cloud
Run and managed services do.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from local.livekit.real import find_server
from local.scenario import Say, Scenario
from local.supervisor import Part, Supervisor, python
from shared.models.call import FallbackReason, Outcome
from tests.calls.laptop import Laptop, running_cloud
from tests.faults.disturbed_call import GOODBYE, TALK, DisturbedCall, disturb, kill, pid_of, serving

pytestmark = [pytest.mark.faults, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

UNPLANNED_SILENCE = 3.0
DEAD_MACHINE_SILENCE = 11.0
"""It counts as dead 2 to 3 s after it died; then another agent comes, or two checks later the fallback: 3 to
5 s in all. While this machine is busy, an agent is left until its lease ends."""
DEAD_LIVEKIT_SILENCE = 10.0
"""Until the phone leg is given up; nothing of ours is asked before."""
CALL_SECONDS = 30.0
"""From the kill to the stored outcome, whichever part it was."""

RESTART_SECONDS = 30.0

LONG_GREETING = "Hello, this is Harbor Dental. You are speaking with an AI assistant. How can I help you?"
LONG_TALK = TALK.model_copy(update={"greeting": [Say(say=LONG_GREETING)]})
SLOW_TALK = Scenario.model_validate(
    TALK.model_dump() | {"turns": [GOODBYE | {"interrupt_after_seconds": 0, "wait_seconds": 11.5}]}
)
"""The caller waits long enough for an agent that takes over from a dead machine's."""
PATIENCE = Scenario.model_validate(
    {
        "name": "The caller waits to see what comes, and hangs up",
        "dials": "+14155550100",
        "greeting": [{"say": LONG_GREETING}],
        "turns": [{"interrupt_after_seconds": 1, "wait_seconds": 10}],
        "expect": {"outcome": "voicemail", "fallback_reason": "agent_lost"},
    }
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laptop(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Laptop]:
    livekit = "embedded" if find_server() is None else "real"
    async with running_cloud(tmp_path_factory.mktemp("laptop"), livekit) as laptop:
        yield laptop


async def die(laptop: Laptop, *parts: str, scenario: Scenario, after: float = 1.5) -> DisturbedCall:
    """The call during which they die. They are back when it returns."""
    tenant = await laptop.tenant()
    before = {pid_of(laptop.cloud, part) for part in parts}

    def fault() -> None:
        for part in parts:
            kill(laptop.cloud, part)

    disturbed = await disturb(tenant, scenario, fault, name=" and ".join(parts), after=after)
    for part in parts:
        await until_ready(laptop, part)
    assert not before & {pid_of(laptop.cloud, part) for part in parts}
    assert disturbed.seconds < CALL_SECONDS
    return disturbed


async def until_ready(laptop: Laptop, part: str) -> None:
    assert laptop.cloud.supervisor is not None
    async with asyncio.timeout(RESTART_SECONDS):
        await laptop.cloud.supervisor.until_ready(part)


@pytest.mark.parametrize("parts", [("ses", "google"), ("incoming_call",), ("firestore",)], ids=" and ".join)
async def test_the_conversation_goes_on(laptop: Laptop, parts: tuple[str, ...]) -> None:
    disturbed = await die(laptop, *parts, scenario=TALK, after=0.5)
    assert disturbed.report.failures == []
    assert disturbed.silence < UNPLANNED_SILENCE


async def test_a_model_that_dies_is_reached_again_or_the_caller_gets_the_fallback(laptop: Laptop) -> None:
    report = (await die(laptop, "gemini", scenario=TALK, after=0.5)).report
    if report.fallback_reason is None:  # it was back soon enough
        assert report.failures == []
    else:
        reached = (report.outcome, report.fallback_reason)
        assert reached == (Outcome.VOICEMAIL, FallbackReason.MODEL_UNAVAILABLE)


async def test_an_agent_whose_process_dies_is_replaced_by_one_that_goes_on(laptop: Laptop) -> None:
    def fault() -> None:
        [process] = serving(laptop.cloud, pid_of(laptop.cloud, "worker"))
        process.kill()

    disturbed = await disturb(await laptop.tenant(), TALK, fault, name="process", after=0.5)
    assert disturbed.report.failures == []
    assert disturbed.silence < UNPLANNED_SILENCE


async def test_an_agent_whose_machine_dies_is_replaced_by_one_of_another_worker(laptop: Laptop) -> None:
    part = Part(
        "worker",
        python("-m", "worker.worker", "start"),
        ready_line="registered worker",
        env=laptop.cloud.environment.worker() | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    async with Supervisor([part], laptop.cloud.state / "second-machine") as second:
        machines = [second.pids()["worker"], pid_of(laptop.cloud, "worker")]

        def fault() -> None:
            [machine] = [pid for pid in machines if serving(laptop.cloud, pid)]
            os.killpg(machine, signal.SIGKILL)

        disturbed = await disturb(await laptop.tenant(), SLOW_TALK, fault, name="machine", after=0.5)
        await until_ready(laptop, "worker")
    assert disturbed.report.failures == []
    assert disturbed.silence < DEAD_MACHINE_SILENCE


async def test_a_dead_worker_is_back_in_time_or_the_caller_gets_the_fallback(laptop: Laptop) -> None:
    disturbed = await die(laptop, "worker", scenario=PATIENCE)
    report = disturbed.report
    if report.fallback_reason is None:
        assert report.outcome == Outcome.CALLER_HUNG_UP
    else:
        assert report.failures == []
    assert disturbed.silence < DEAD_MACHINE_SILENCE


async def test_without_livekit_the_caller_gets_the_fallback(laptop: Laptop) -> None:
    disturbed = await die(laptop, "livekit", scenario=PATIENCE)
    assert disturbed.report.failures == []
    assert disturbed.silence < DEAD_LIVEKIT_SILENCE


async def test_a_line_that_is_lost_leaves_a_call_with_an_outcome(laptop: Laptop) -> None:
    tenant = await laptop.tenant(agent_silence_prompt_seconds=3, agent_silence_hangup_seconds=3)
    disturbed = await disturb(tenant, LONG_TALK, lambda: kill(laptop.cloud, "twilio"), name="line", after=1.5)
    assert disturbed.report.ended_by == "network"
    assert disturbed.report.outcome in (Outcome.CALLER_SILENT, Outcome.CALLER_HUNG_UP)
    assert disturbed.seconds < CALL_SECONDS
    await until_ready(laptop, "twilio")
    tenant = await laptop.tenant()
    report = await tenant.player.play(tenant.dialling(TALK), name="the last")
    assert report.failures == []
