"""A rollout goes on or back by itself; it is interrupted, started again, and disturbed by others, and undoes
nothing that somebody else has decided."""

import asyncio
import itertools
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from operations import rollout as rollout_module
from operations.deployment import load_deployment
from operations.operator import Operator
from operations.rollout import RolloutPlan, RolloutRun
from operations.synthetic_call import Heard
from shared.errors import ConfigurationError, ConflictError, UnavailableError
from shared.models.call import Call, CallState, Outcome
from shared.models.releases import Releases
from shared.services.release_service import ReleaseHealth, ReleaseService, RolloutPolicy
from tests.fakes import OPERATORS_ENV, FakeClock, FakeDatabase
from tests.waiting import eventually, passing

pytestmark = [pytest.mark.unit, pytest.mark.timeout(60)]

V1, V2, V3 = "v1", "v2", "v3"
POLICY = RolloutPolicy(minimum_calls=3, tolerance=2, early_failures=2)


def call(release: str, clock: FakeClock, number: int, **fields: Any) -> Call:
    ended = {"state": CallState.ENDED, "outcome": Outcome.AGENT_ENDED, "dispatches": ["incoming"]}
    return Call(
        session_id=f"ca{number}",
        agent_id="reception",
        call_sid=f"CA{number}",
        caller=None,
        called=None,
        started_at=clock(),
        agent_name=release,
        **{**ended, **fields},
    )


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    clock: FakeClock = field(default_factory=FakeClock)
    spoken_to: list[str] = field(default_factory=list[str])
    numbers: Any = field(default_factory=itertools.count)

    @property
    def service(self) -> ReleaseService:
        database: Any = self.database
        return ReleaseService(database, V1, now=self.clock)

    def plan(self, **changes: Any) -> RolloutPlan:
        settings = {"candidate": V2, "shares": [5, 25, 100], "policy": POLICY, "patience": 30, "interval": 0}
        return RolloutPlan(**{**settings, **changes})

    def rollout(self, **changes: Any) -> RolloutRun:
        operator = Operator(load_deployment(None, OPERATORS_ENV), AsyncExitStack(), OPERATORS_ENV)
        return RolloutRun(operator, self.service, self.plan(**changes))

    def ring(self, release: str, count: int = 1, **fields: Any) -> None:
        for _ in range(count):
            number = next(self.numbers)
            document = call(release, self.clock, number, **fields).to_firestore()
            self.database.documents[f"tenants/harbor/calls/ca{number}"] = document

    async def callers(self, **fields: Any) -> None:
        """Somebody always calls the candidate."""
        while True:
            self.clock.advance(seconds=1)
            self.ring(V2, **fields)
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[Releases], bool]) -> None:
        async def holds() -> bool:
            return condition(await self.service.current())

        await eventually(holds, "the releases are as awaited", pause=0)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()

    async def heard(_: Operator, tenant_id: str, agent_id: str, release: str) -> Heard:
        world.spoken_to.append(f"{tenant_id}/{agent_id} {release}")
        return Heard(release=release, agent_joined_ms=300, first_word_ms=700, loudness=0.2)

    monkeypatch.setattr(rollout_module, "synthetic_call", heard)
    return world


async def said(run: RolloutRun, beginning: str) -> None:
    await eventually(lambda: run.notes and run.notes[-1].startswith(beginning), beginning, pause=0)


async def others_run() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def shares(releases: Releases) -> dict[str, int]:
    return {each.agent_name: each.share for each in releases.releases}


async def carried_out(world: World, run: RolloutRun, **callers: Any) -> bool:
    """While people call."""
    calling = asyncio.create_task(world.callers(**callers))
    try:
        return await run.carry_out()
    finally:
        calling.cancel()


async def test_a_healthy_release_gets_one_share_after_the_other_and_then_all_calls(world: World) -> None:
    run = world.rollout()
    assert await carried_out(world, run)
    assert world.spoken_to == ["harbor/reception v2"]
    assert [note for note in run.notes if "%" in note and "of new calls" in note] == [
        f"{share} % of new calls to v2" for share in (5, 25, 100)
    ]
    assert shares(await world.service.current()) == {V2: 100, V1: 0}


@pytest.mark.parametrize(
    ("joined", "told"), [(300, "the agent said nothing"), (None, "no worker took the call")]
)
async def test_a_release_that_is_not_heard_to_speak_gets_no_call(
    world: World, monkeypatch: pytest.MonkeyPatch, joined: int | None, told: str
) -> None:
    async def silent(*_: object) -> Heard:
        return Heard(release=V2, agent_joined_ms=joined)

    monkeypatch.setattr(rollout_module, "synthetic_call", silent)
    with pytest.raises(UnavailableError, match=told):
        await world.rollout().carry_out()
    assert shares(await world.service.current()) == {V1: 100}


async def test_a_release_is_compared_with_how_the_one_before_did_in_the_last_hour(world: World) -> None:
    """When the model fails for both, going back would mend nothing."""
    world.ring(V1, 10, outcome=Outcome.FAILED)
    world.clock.advance(seconds=600)
    assert await carried_out(world, world.rollout(), outcome=Outcome.FAILED)


async def test_a_release_whose_calls_fail_goes_back_by_itself(world: World) -> None:
    run = world.rollout()
    assert not await carried_out(world, run, outcome=Outcome.FAILED)
    assert shares(await world.service.current()) == {V2: 0, V1: 100}
    assert run.notes[-1].startswith("rolled back: ")
    assert "calls failed (100.0 %)" in run.notes[-1]


async def test_a_release_whose_workers_are_gone_goes_back_although_the_old_one_serves_its_callers(
    world: World,
) -> None:
    run = world.rollout()
    assert not await carried_out(world, run, dispatches=["incoming", "start-2", "start-3"])
    assert shares(await world.service.current()) == {V2: 0, V1: 100}


@pytest.mark.parametrize(
    ("dispatches", "is_failure"),
    [
        (["incoming"], False),
        (["incoming", "start-2"], False),
        (["incoming", "start-2", "start-3"], True),
        (["incoming", "generation-1-left-1"], False),
        (["incoming", "generation-1-lost"], True),
    ],
)
def test_an_agent_that_died_or_did_not_come_twice_is_a_failure(
    dispatches: list[str], is_failure: bool
) -> None:
    clock = FakeClock()
    health = ReleaseHealth.of([call(V2, clock, 1, dispatches=dispatches)], clock())
    assert (health.calls, health.failures) == (1, int(is_failure))


async def test_too_few_calls_to_judge_leave_it_where_it_is_and_the_next_run_goes_on_from_there(
    world: World,
) -> None:
    first = world.rollout(patience=0)
    assert not await first.carry_out()
    assert first.notes[-1].startswith("stays at 5 %: 0 of 3 calls so far; run it again to go on")
    assert shares(await world.service.current()) == {V2: 5, V1: 95}
    again = world.rollout()
    assert await carried_out(world, again)
    assert world.spoken_to == ["harbor/reception v2"], "it spoke before it got its first call"
    assert shares(await world.service.current()) == {V2: 100, V1: 0}


async def test_a_share_that_was_given_by_hand_is_judged_before_it_is_promoted(world: World) -> None:
    await world.service.give(V2, 50)
    run = world.rollout(shares=[5, 25], patience=0)
    assert not await run.carry_out()
    assert shares(await world.service.current()) == {V2: 50, V1: 50}


async def test_a_run_that_is_interrupted_says_that_nobody_watches_and_leaves_the_shares(world: World) -> None:
    run = world.rollout()
    running = asyncio.create_task(run.carry_out())
    await world.until(lambda now: now.share_of(V2) == 5)
    await said(run, "5 %")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert run.notes[-1].startswith("interrupted: v2 keeps its 5 % of new calls, and nobody watches it.")
    assert "trunkline release rollback --apply" in run.notes[-1]
    assert shares(await world.service.current()) == {V2: 5, V1: 95}


async def test_an_interruption_waits_for_the_command_that_runs_and_gives_no_call(
    world: World, tmp_path: Path
) -> None:
    """Terraform, say, which got the same Ctrl-C and puts its state in order."""
    script = tmp_path / "deploy"
    script.write_text(f"#!/bin/sh\ntouch {tmp_path}/begun\nsleep 0.3\ntouch {tmp_path}/in-order\n")
    script.chmod(0o755)
    run = world.rollout(deploy_command=str(script))
    running = asyncio.create_task(run.carry_out())
    await eventually((tmp_path / "begun").exists, "the command runs")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (tmp_path / "in-order").exists()
    assert run.notes[-1].startswith("interrupted; v2 takes as many calls as before")
    assert await world.service.current() == Releases.only(V1)


async def test_a_run_that_was_killed_after_the_promotion_still_drains_the_old_release(
    world: World, tmp_path: Path
) -> None:
    await world.service.give(V2, 100)
    await world.service.promote()
    script = tmp_path / "drain"
    script.write_text(f"#!/bin/sh\nprintf %s $AGENT_NAME > {tmp_path}/drained\n")
    script.chmod(0o755)
    assert await world.rollout(drain_command=str(script)).carry_out()
    assert (tmp_path / "drained").read_text() == V1


async def test_calls_of_the_old_release_are_waited_for(world: World) -> None:
    await world.service.give(V2, 100)
    await world.service.promote()
    going_on = {"state": CallState.IN_PROGRESS, "outcome": None}
    world.ring(V1, active_until=world.clock.at.replace(hour=12), **going_on)
    run = world.rollout()
    running = asyncio.create_task(run.carry_out())
    await others_run()
    assert not running.done()
    world.clock.advance(hours=3)
    assert await running
    assert run.notes[-1] == "no call of v1 is left: its workers can be stopped"


async def test_what_somebody_rolls_back_by_hand_stays_rolled_back(world: World) -> None:
    run = world.rollout()
    running = asyncio.create_task(run.carry_out())
    await world.until(lambda now: now.share_of(V2) == 5)
    await world.service.roll_back("callers complain")
    world.ring(V2, count=10)
    assert not await running
    assert run.notes[-1] == "rolled back: callers complain"
    assert shares(await world.service.current()) == {V2: 0, V1: 100}


async def test_a_decision_on_what_is_past_changes_nothing(world: World) -> None:
    """Between a look and what follows from it somebody else may act."""
    service = world.service
    seen = await service.give(V2, 5)
    await service.roll_back("by hand")
    world.clock.advance(minutes=1)
    other = await service.give(V3, 10)
    assert await service.give(V2, 25, seen=seen) == other
    assert await service.promote(seen=seen) == other
    assert await service.roll_back("v2 fails", seen=seen) == other
    assert await service.current() == other


async def test_two_who_watch_the_same_rollout_do_not_disturb_each_other(world: World) -> None:
    first, second = world.rollout(), world.rollout(shares=[1, 50])
    calling = asyncio.create_task(world.callers())
    assert await asyncio.gather(first.carry_out(), second.carry_out()) == [True, True]
    calling.cancel()
    steps = [int(note.split()[0]) for note in first.notes if note.endswith("% of new calls to v2")]
    assert steps == sorted(steps), "a share never shrinks"
    assert shares(await world.service.current()) == {V2: 100, V1: 0}


async def test_while_another_release_is_rolled_out_nothing_is_deployed(world: World, tmp_path: Path) -> None:
    await world.service.give(V3, 5)
    with pytest.raises(ConflictError, match="v3 is being rolled out"):
        await world.rollout(deploy_command=f"touch {tmp_path}/deployed").carry_out()
    assert not (tmp_path / "deployed").exists()
    assert world.spoken_to == []


async def test_a_database_that_does_not_answer_for_a_while_ends_no_watch(world: World) -> None:
    run = world.rollout()
    running = asyncio.create_task(run.carry_out())
    await world.until(lambda now: now.share_of(V2) == 5)
    world.database.fails = True
    await said(run, "cannot look, and tries again")
    world.database.revive()
    calling = asyncio.create_task(world.callers())
    assert await running
    calling.cancel()
    assert sum(note.startswith("cannot look") for note in run.notes) == 1


async def test_patience_is_counted_from_the_last_look_that_was_answered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds_pass = passing(monkeypatch)
    run = world.rollout(patience=30)
    running = asyncio.create_task(run.carry_out())
    await said(run, "5 %")
    await others_run()
    seconds_pass(20)
    world.ring(V2, POLICY.minimum_calls)
    world.clock.advance(seconds=1)
    await said(run, "25 %")
    await others_run()
    seconds_pass(20)
    world.database.fails = True
    await said(run, "cannot look, and tries again")
    seconds_pass(20)
    with pytest.raises(UnavailableError):
        await running


async def test_between_two_looks_firestore_is_left_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds_pass = passing(monkeypatch)
    run = world.rollout(interval=3600, patience=36000)
    running = asyncio.create_task(run.carry_out())
    await said(run, "5 %")
    await others_run()
    world.ring(V2, POLICY.minimum_calls)
    world.clock.advance(seconds=1)
    seconds_pass(3000)
    await others_run()
    assert run.notes[-1].startswith("5 %")
    seconds_pass(600)
    await said(run, "25 %")
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_database_that_is_gone_ends_it_when_patience_does(world: World) -> None:
    await world.service.give(V2, 5)
    run = world.rollout(patience=0.2)
    running = asyncio.create_task(run.carry_out())
    await said(run, "5 %")
    world.database.fails = True
    with pytest.raises(UnavailableError):
        await running


@pytest.mark.parametrize("command", ["no-such-program-anywhere", "", "unbalanced 'quote"])
async def test_a_command_that_cannot_be_run_is_a_mistake_of_the_command_line(
    world: World, command: str
) -> None:
    with pytest.raises(ConfigurationError, match="cannot be run"):
        await world.rollout(deploy_command=command).carry_out()
    assert await world.service.current() == Releases.only(V1)


async def test_a_deploy_command_that_fails_gives_no_call_to_the_release(world: World) -> None:
    with pytest.raises(UnavailableError, match=r"false failed \(exit status 1\)"):
        await world.rollout(deploy_command="false").carry_out()
    assert await world.service.current() == Releases.only(V1)


async def test_a_dry_run_tells_how_it_would_be_and_writes_nothing(world: World) -> None:
    database: Any = world.database
    dry = ReleaseService(database, V1, apply=False, now=world.clock)
    assert shares(await dry.give(V2, 10)) == {V2: 10, V1: 90}
    with pytest.raises(ConflictError, match="no release was rolled out yet"):
        await dry.promote()
    assert world.database.documents == {}
