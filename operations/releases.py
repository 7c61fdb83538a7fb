"""trunkline release: a new worker release beside the old one, from its first calls to all of them, or back.

A release is the name that its workers register under. Its share of new calls stands in one Firestore
document, `platform/releases`; a call stays with the release it was given to, and gets another agent from the
live one when its own is gone. Building and starting workers is Terraform's or gcloud's work
(`--deploy-command`).
"""

import asyncio
import os
import shlex
import sys
from datetime import datetime, timedelta
from typing import Annotated

import typer
from pydantic import BaseModel, Field

from operations.callable_agent import find_agent
from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import FINDINGS, OK, Report
from operations.synthetic_call import Heard, synthetic_call
from shared.errors import UnavailableError
from shared.models.base import utc_now
from shared.models.releases import PERCENT, Releases
from shared.services.release_service import ReleaseHealth, ReleaseService, RolloutPolicy, Verdict, judge

app = typer.Typer(help=__doc__, no_args_is_help=True)

BASELINE = timedelta(hours=1)
"""Of the previous release's calls before the rollout: what the candidate is compared with."""

DRAIN_EVERY = 2.0
NameArgument = Annotated[str, typer.Argument(metavar="AGENT_NAME", help="What the release registers under.")]


class ReleaseState(BaseModel):
    agent_name: str
    share: int
    health: ReleaseHealth


class StatusReport(Report):
    releases: list[ReleaseState]
    rollout: str
    applied: bool = True
    """False: this is how it would be."""
    steps: list[str] = Field(default_factory=list[str])
    """What was done, or would be."""
    failed: bool = False

    @property
    def exit_code(self) -> int:
        return FINDINGS if self.failed else OK

    def lines(self) -> list[str]:
        table = [
            f"{each.share:>4} %  {each.agent_name:<24} {each.health.calls} calls, "
            f"{each.health.failures} failed ({each.health.failure_percent:.1f} %), "
            f"{each.health.going_on} going on"
            for each in self.releases
        ]
        dry = [] if self.applied else ["Nothing was changed: dry run. Make it so with --apply."]
        return [*self.steps, *table, self.rollout, *dry]


@app.command()
def status(deployment: DeploymentOption = None, as_json: JsonOption = False) -> None:
    """Who gets new calls, and how they go."""
    run(lambda operator: report_of(operator), deployment, as_json)


@app.command()
def start(
    name: NameArgument,
    share: Annotated[int, typer.Option(min=1, max=PERCENT, help="Percent of new calls.")] = 5,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """Give a release a share of new calls; also to change the share of the one that is being rolled out."""

    async def work(operator: Operator) -> StatusReport:
        if apply:
            await service_of(operator).give(name, share)
        return await report_of(operator, applied=apply, steps=[f"{share} % of new calls to {name}"])

    run(work, deployment, as_json)


@app.command()
def promote(
    deployment: DeploymentOption = None, as_json: JsonOption = False, apply: ApplyOption = False
) -> None:
    """All new calls go to the release that is being rolled out."""

    async def work(operator: Operator) -> StatusReport:
        if apply:
            await service_of(operator).promote()
        return await report_of(operator, applied=apply, steps=["all new calls to the candidate"])

    run(work, deployment, as_json)


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="For whoever reads the status later.")] = "by hand",
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """All new calls go to the previous release again; also after a promotion, while its workers run."""

    async def work(operator: Operator) -> StatusReport:
        if apply:
            await service_of(operator).roll_back(reason)
        return await report_of(operator, applied=apply, steps=["all new calls to the previous release"])

    run(work, deployment, as_json)


@app.command(name="run")
def run_command(
    name: NameArgument,
    steps: Annotated[str, typer.Option(help="Percent of new calls, one step after the other.")] = "5,25,100",
    minimum_calls: Annotated[int, typer.Option(min=1, help="Of the new release, at each step.")] = 20,
    tolerance: Annotated[float, typer.Option(min=0, help="So many percent more of its calls may fail.")] = 2,
    patience: Annotated[int, typer.Option(help="Seconds to wait at a step for enough calls.")] = 3600,
    interval: Annotated[float, typer.Option(help="Seconds between two looks.")] = 15,
    deploy_command: Annotated[
        str | None, typer.Option(help="Starts the release's workers; gets its name as AGENT_NAME.")
    ] = None,
    drain_command: Annotated[
        str | None, typer.Option(help="Stops the old release's workers; gets its name as AGENT_NAME.")
    ] = None,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """The whole rollout: deploy, a synthetic call, the steps, then all calls; or back by itself.

    It can be started again after an interruption: it goes on where the rollout stands.
    """
    shares = _shares(steps)

    async def work(operator: Operator) -> StatusReport:
        if not apply:
            plan = [
                *([f"run: {deploy_command}"] if deploy_command else []),
                f"a synthetic call to {name} must hear the agent speak",
                *(f"{share} % of new calls to {name}, until {minimum_calls} are over" for share in shares),
                f"promote {name}; or back at more than {tolerance:g} % more failures than before",
                *([f"run: {drain_command}"] if drain_command else []),
            ]
            return await report_of(operator, applied=False, steps=plan)
        policy = RolloutPolicy(minimum_calls=minimum_calls, tolerance=tolerance)
        rollout = RolloutRun(operator, name, policy, patience=patience, interval=interval)
        done = await rollout.carry_out(shares, deploy_command, drain_command)
        return await report_of(operator, steps=rollout.notes, failed=not done)

    run(work, deployment, as_json)


def _shares(text: str) -> list[int]:
    try:
        shares = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter("expected numbers, such as 5,25,100", param_hint="--steps") from None
    if shares != sorted(set(shares)) or not 0 < shares[0] <= shares[-1] <= PERCENT:
        raise typer.BadParameter("expected growing percentages, such as 5,25,100", param_hint="--steps")
    return shares


def service_of(operator: Operator) -> ReleaseService:
    return ReleaseService(operator.database, operator.default_release)


async def report_of(
    operator: Operator, *, applied: bool = True, steps: list[str] | None = None, failed: bool = False
) -> StatusReport:
    service = service_of(operator)
    releases = await service.current()
    since = releases.rollout.started_at if releases.rollout else utc_now() - BASELINE
    states = [
        ReleaseState(
            agent_name=each.agent_name,
            share=each.share,
            health=await service.health(each.agent_name, since),
        )
        for each in releases.releases
    ]
    return StatusReport(
        releases=states,
        rollout=_told(releases),
        applied=applied,
        steps=steps or [],
        failed=failed,
    )


def _told(releases: Releases) -> str:
    rollout = releases.rollout
    if rollout is None:
        return "No release has been rolled out yet."
    since = f"{rollout.started_at:%Y-%m-%d %H:%M} UTC"
    match rollout.state:
        case "running":
            return f"{rollout.candidate} is being rolled out beside {rollout.previous} since {since}."
        case "promoted":
            return f"{rollout.candidate} took over from {rollout.previous}; the rollout began {since}."
        case "rolled_back":
            return f"{rollout.candidate} was rolled back: {rollout.reason}"


class RolloutRun:
    """One run of the rollout. `notes` tell what happened; each is printed to standard error as well."""

    def __init__(
        self, operator: Operator, name: str, policy: RolloutPolicy, *, patience: float, interval: float
    ) -> None:
        self.notes: list[str] = []
        self._operator = operator
        self._name = name
        self._policy = policy
        self._patience = patience
        self._interval = interval
        self._service = service_of(operator)

    async def carry_out(
        self, shares: list[int], deploy_command: str | None, drain_command: str | None
    ) -> bool:
        """True: promoted. False: rolled back, or it stays at a step for want of calls."""
        releases = await self._service.current()
        rollout = releases.rollout
        previous = rollout.previous if rollout and rollout.state == "running" else releases.live
        reached = releases.share_of(self._name)
        if reached == PERCENT and not (rollout and rollout.state == "running"):
            self._note(f"{self._name} takes all calls already")
            return True
        if reached == 0:
            if deploy_command:
                await self._run(deploy_command, self._name)
            await self._must_speak()
        for share in [each for each in shares if each >= reached]:
            if not await self._step(share):
                return False
        await self._service.promote()
        self._note(f"{self._name} takes all calls; {previous} is drained")
        if drain_command:
            await self._run(drain_command, previous)
        await self._drained(previous)
        return True

    async def _step(self, share: int) -> bool:
        releases = await self._service.give(self._name, share)
        self._note(f"{share} % of new calls to {self._name}")
        rollout = releases.rollout
        assert rollout is not None
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._patience
        while True:
            verdict = await self._verdict(rollout.previous, rollout.started_at, rollout.step_started_at)
            match verdict.go:
                case "on":
                    self._note(f"goes on: {verdict.reason}")
                    return True
                case "back":
                    await self._service.roll_back(verdict.reason)
                    self._note(f"rolled back: {verdict.reason}")
                    return False
                case "wait" if loop.time() > deadline:
                    self._note(
                        f"stays at {share} %: {verdict.reason}; run it again to go on, or: release rollback"
                    )
                    return False
                case "wait":
                    await asyncio.sleep(self._interval)

    async def _verdict(self, previous: str, started_at: datetime, step_started_at: datetime) -> Verdict:
        candidate = await self._service.health(self._name, step_started_at)
        return judge(candidate, await self._service.health(previous, started_at - BASELINE), self._policy)

    async def _must_speak(self) -> None:
        """Before any caller gets to it. Raises `UnavailableError`."""
        tenant_id, agent_id = await find_agent(self._operator)
        heard: Heard = await synthetic_call(self._operator, tenant_id, agent_id, self._name)
        if heard.first_word_ms is None:
            what = "no worker took the call" if heard.agent_joined_ms is None else "the agent said nothing"
            fix = "look into its workers' log; nothing was changed"
            raise UnavailableError(f"a synthetic call to {self._name}: {what}; {fix}")
        self._note(f"a synthetic call heard {self._name} after {heard.first_word_ms} ms")

    async def _drained(self, previous: str) -> None:
        deadline = asyncio.get_running_loop().time() + self._patience
        while left := await self._service.going_on(previous):
            if asyncio.get_running_loop().time() > deadline:
                self._note(f"{left} calls of {previous} still go on; they end by themselves")
                return
            await asyncio.sleep(min(self._interval, DRAIN_EVERY))
        self._note(f"no call of {previous} is left: its workers can be stopped")

    async def _run(self, command: str, agent_name: str) -> None:
        """Raises `UnavailableError`. What it prints goes to standard error."""
        self._note(f"running: {command}")
        process = await asyncio.create_subprocess_exec(
            *shlex.split(command), env={**os.environ, "AGENT_NAME": agent_name}, stdout=sys.stderr
        )
        if status := await process.wait():
            raise UnavailableError(f"{command} failed (exit status {status}); nothing was changed")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        typer.echo(text, err=True)
