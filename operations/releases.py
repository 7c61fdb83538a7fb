"""trunkline release: a new worker release beside the old one, from its first calls to all of them, or back.

A release is the name that its workers register under. Its share of new calls stands in one Firestore
document, `platform/releases`; a call stays with the release it was given to, and gets another agent from the
live one when its own is gone. Building and starting workers is Terraform's or gcloud's work
(`--deploy-command`).
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from pydantic import BaseModel, Field, ValidationError

from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import FINDINGS, OK, Report
from operations.rollout import BASELINE, RolloutPlan, RolloutRun
from shared.models.base import utc_now
from shared.models.releases import PERCENT, Releases, ReleaseShare
from shared.services.release_service import (
    ReleaseHealth,
    ReleaseService,
    RolloutPolicy,
    require_free,
    running_rollout,
)

app = typer.Typer(help=__doc__, no_args_is_help=True)


def _release(name: str) -> str:
    """As it can be stored. An empty one is a shell's variable that is not set."""
    try:
        return ReleaseShare(agent_name=name, share=0).agent_name
    except ValidationError:
        raise typer.BadParameter("expected the AGENT_NAME of its workers, such as trunkline-green") from None


NameArgument = Annotated[
    str,
    typer.Argument(metavar="AGENT_NAME", help="What the release registers under.", callback=_release),
]


class ReleaseState(BaseModel):
    agent_name: str
    share: int
    health: ReleaseHealth


class StatusReport(Report):
    releases: list[ReleaseState]
    rollout: str
    applied: bool = True
    """False: this is how it would be; nothing was changed."""
    steps: list[str] = Field(default_factory=list[str])
    """What was done, or would be."""
    failed: bool = False

    @property
    def exit_code(self) -> int:
        return FINDINGS if self.failed or not self.applied else OK

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

    async def work(operator: Operator) -> StatusReport:
        return await report_of(operator, await service_of(operator).current())

    run(work, deployment, as_json)


@app.command()
def start(
    name: NameArgument,
    share: Annotated[int, typer.Option(min=1, max=PERCENT, help="Percent of new calls.")] = 5,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """Give a release a share of new calls; also to change the share of the one that is being rolled out."""
    _change(
        lambda service: service.give(name, share),
        f"{share} % of new calls to {name}",
        deployment,
        as_json,
        apply=apply,
    )


@app.command()
def promote(
    deployment: DeploymentOption = None, as_json: JsonOption = False, apply: ApplyOption = False
) -> None:
    """All new calls go to the release that is being rolled out."""
    _change(
        lambda service: service.promote(), "all new calls to the candidate", deployment, as_json, apply=apply
    )


@app.command()
def rollback(
    reason: Annotated[str, typer.Option(help="For whoever reads the status later.")] = "by hand",
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """All new calls go to the previous release again; also after a promotion, while its workers run."""
    step = "all new calls to the previous release"
    _change(lambda service: service.roll_back(reason), step, deployment, as_json, apply=apply)


@app.command(name="run")
def run_command(
    name: NameArgument,
    steps: Annotated[str, typer.Option(help="Percent of new calls, one step after the other.")] = "5,25,100",
    minimum_calls: Annotated[int, typer.Option(min=1, help="Of the new release, at each step.")] = 20,
    tolerance: Annotated[float, typer.Option(min=0, help="So many percent more of its calls may fail.")] = 2,
    patience: Annotated[int, typer.Option(min=0, help="Seconds to wait at a step for enough calls.")] = 3600,
    interval: Annotated[float, typer.Option(min=0.1, help="Seconds between two looks.")] = 15,
    deploy_command: Annotated[
        str | None, typer.Option(help="Starts the release's workers; gets its name as AGENT_NAME.")
    ] = None,
    drain_command: Annotated[
        str | None,
        typer.Option(
            help="Stops the old release's workers, gets its name as AGENT_NAME, and may be run twice."
        ),
    ] = None,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """The whole rollout: deploy, a synthetic call, the steps, then all calls; or back by itself.

    It can be started again after an interruption: it goes on where the rollout stands.
    """
    policy = RolloutPolicy(minimum_calls=minimum_calls, tolerance=tolerance)
    plan = RolloutPlan(name, _shares(steps), policy, patience, interval, deploy_command, drain_command)

    async def work(operator: Operator) -> StatusReport:
        service = service_of(operator)
        if not apply:
            now = await service.current()
            require_free(now, name)
            is_done = running_rollout(now) is None and now.live == name
            return await report_of(operator, now, applied=is_done, steps=[] if is_done else plan.steps())
        rollout = RolloutRun(operator, service, plan)
        done = await rollout.carry_out()
        return await report_of(operator, await service.current(), steps=rollout.notes, failed=not done)

    run(work, deployment, as_json)


def _shares(text: str) -> list[int]:
    try:
        shares = [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter("expected numbers, such as 5,25,100", param_hint="--steps") from None
    if shares != sorted(set(shares)) or not 0 < shares[0] <= shares[-1] <= PERCENT:
        raise typer.BadParameter("expected growing percentages, such as 5,25,100", param_hint="--steps")
    return shares


def service_of(operator: Operator, *, apply: bool = True) -> ReleaseService:
    return ReleaseService(operator.database, operator.default_release, apply=apply)


def _change(
    change: Callable[[ReleaseService], Awaitable[Releases]],
    step: str,
    deployment: Path | None,
    as_json: bool,
    *,
    apply: bool,
) -> None:
    async def work(operator: Operator) -> StatusReport:
        before = await service_of(operator).current()
        after = await change(service_of(operator, apply=apply))
        steps = [step] if after != before else []
        return await report_of(operator, after, applied=apply or not steps, steps=steps)

    run(work, deployment, as_json)


async def report_of(
    operator: Operator,
    releases: Releases,
    *,
    applied: bool = True,
    steps: list[str] | None = None,
    failed: bool = False,
) -> StatusReport:
    service = service_of(operator)
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
