"""One run of a rollout: deploy, a synthetic call, growing shares of new calls, then all; or back by itself.

How a rollout stands is in `platform/releases` alone and is read at each look. So a run that was killed is
gone on with by starting it again, two operators who watch the same rollout do not disturb each other, and
what people do by hand meanwhile (another share, promote, rollback) is followed and never undone.
"""

import asyncio
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import typer

from operations.callable_agent import find_agent
from operations.operator import Operator
from operations.synthetic_call import Heard, synthetic_call
from shared.errors import ConfigurationError, UnavailableError
from shared.models.releases import Releases, Rollout
from shared.services.release_service import (
    ReleaseService,
    RolloutPolicy,
    Verdict,
    judge,
    require_free,
    running_rollout,
)

BASELINE = timedelta(hours=1)
"""Of the previous release's calls before the rollout: what the candidate is compared with."""

DRAIN_EVERY = 2.0


@dataclass(frozen=True)
class RolloutPlan:
    candidate: str
    shares: Sequence[int]
    """Percent of new calls, growing."""
    policy: RolloutPolicy
    patience: float
    """Seconds at a step without a verdict, without an answer of Firestore's, or for calls to end."""
    interval: float
    """Seconds between two looks."""
    deploy_command: str | None = None
    drain_command: str | None = None

    def steps(self) -> list[str]:
        """For people."""
        policy = self.policy
        return [
            *([f"run: {self.deploy_command}"] if self.deploy_command else []),
            f"a synthetic call to {self.candidate} must hear the agent speak",
            *(
                f"{share} % of new calls to {self.candidate}, until {policy.minimum_calls} are over"
                for share in self.shares
            ),
            f"promote {self.candidate}; or back at {policy.tolerance:g} % more failures than before",
            *([f"run: {self.drain_command}"] if self.drain_command else []),
        ]


class RolloutRun:
    """`notes` tell what happened; each is printed to standard error as well."""

    def __init__(self, operator: Operator, service: ReleaseService, plan: RolloutPlan) -> None:
        self.notes: list[str] = []
        self._operator = operator
        self._service = service
        self._plan = plan
        self._seen: Releases | None = None
        """As they stood at the last look."""

    async def carry_out(self) -> bool:
        """True: the candidate takes all calls. False: rolled back, taken over, or it stays for want of calls.

        Raises `ConflictError` while another release is being rolled out, `UnavailableError`.
        """
        try:
            return await self._carry_out()
        except asyncio.CancelledError:
            self._note(self._left_behind())
            raise

    async def _carry_out(self) -> bool:
        name = self._plan.candidate
        self._seen = await self._service.current()
        require_free(self._seen, name)
        if running_rollout(self._seen) is None and self._seen.live == name:
            self._note(f"{name} takes all calls already")
        else:
            if running_rollout(self._seen) is None:
                await self._run(self._plan.deploy_command, name)
                await self._must_speak()
                await self._service.give(name, self._plan.shares[0], seen=self._seen)
            if not await self._watch():
                return False
        await self._drain()
        return True

    async def _watch(self) -> bool:
        """Look, and look again, until the candidate takes all calls (True) or nothing is left to do here."""
        loop = asyncio.get_running_loop()
        step: Rollout | None = None
        step_ends = lost_patience = loop.time() + self._plan.patience
        answers = True
        while True:
            try:
                self._seen = await self._service.current()
                rollout = running_rollout(self._seen)
                if rollout is None or rollout.candidate != self._plan.candidate:
                    return self._ended(self._seen.rollout)
                if rollout != step:
                    step, step_ends = rollout, loop.time() + self._plan.patience
                    self._note(f"{self._share} % of new calls to {self._plan.candidate}")
                verdict = await self._verdict(rollout)
                if verdict.go == "wait" and loop.time() > step_ends:
                    self._note(
                        f"stays at {self._share} %: {verdict.reason}; run it again to go on, or: "
                        "trunkline release rollback --apply"
                    )
                    return False
                if verdict.go != "wait":
                    await self._act(verdict, self._seen)
                    continue
                answers, lost_patience = True, loop.time() + self._plan.patience
            except UnavailableError as error:
                if loop.time() > lost_patience:
                    raise
                if answers:
                    self._note(f"cannot look, and tries again: {error}")
                answers = False
            await asyncio.sleep(self._plan.interval)

    async def _verdict(self, rollout: Rollout) -> Verdict:
        candidate = await self._service.health(rollout.candidate, rollout.step_started_at)
        previous = await self._service.health(rollout.previous, rollout.started_at - BASELINE)
        return judge(candidate, previous, self._plan.policy)

    async def _act(self, verdict: Verdict, seen: Releases) -> None:
        """On what was seen: when somebody else has acted meanwhile, the next look finds that instead."""
        if verdict.go == "back":
            await self._service.roll_back(verdict.reason, seen=seen)
            return
        self._note(f"goes on: {verdict.reason}")
        following = next((share for share in self._plan.shares if share > self._share), None)
        if following is None:
            await self._service.promote(seen=seen)
        else:
            await self._service.give(self._plan.candidate, following, seen=seen)

    def _ended(self, rollout: Rollout | None) -> bool:
        name = self._plan.candidate
        if rollout is None or rollout.candidate != name:
            other = "nothing" if rollout is None else rollout.candidate
            self._note(f"{other} is being rolled out instead of {name}: somebody else decided so")
            return False
        if rollout.state == "promoted":
            self._note(f"{name} takes all calls; {rollout.previous} is drained")
            return True
        self._note(f"rolled back: {rollout.reason}")
        return False

    def _left_behind(self) -> str:
        """What to know when the run is interrupted."""
        name = self._plan.candidate
        if self._seen is None or running_rollout(self._seen) is None:
            return f"interrupted; {name} takes as many calls as before. Run it again to go on"
        return (
            f"interrupted: {name} keeps its {self._share} % of new calls, and nobody watches it. "
            "Run it again to go on, or: trunkline release rollback --apply"
        )

    @property
    def _share(self) -> int:
        return self._seen.share_of(self._plan.candidate) if self._seen else 0

    async def _must_speak(self) -> None:
        """Before any caller gets to it. Raises `UnavailableError`."""
        name = self._plan.candidate
        tenant_id, agent_id = await find_agent(self._operator)
        heard: Heard = await synthetic_call(self._operator, tenant_id, agent_id, name)
        if heard.first_word_ms is None:
            what = "no worker took the call" if heard.agent_joined_ms is None else "the agent said nothing"
            fix = "look into its workers' log; no call was given to it"
            raise UnavailableError(f"a synthetic call to {name}: {what}; {fix}")
        self._note(f"a synthetic call heard {name} after {heard.first_word_ms} ms")

    async def _drain(self) -> None:
        """The release that the candidate took over from; also when an earlier run was interrupted here."""
        rollout = (await self._service.current()).rollout
        if rollout is None or (rollout.candidate, rollout.state) != (self._plan.candidate, "promoted"):
            return
        await self._run(self._plan.drain_command, rollout.previous)
        deadline = asyncio.get_running_loop().time() + self._plan.patience
        while left := await self._service.going_on(rollout.previous):
            if asyncio.get_running_loop().time() > deadline:
                self._note(f"{left} calls of {rollout.previous} still go on; they end by themselves")
                return
            await asyncio.sleep(min(self._plan.interval, DRAIN_EVERY))
        self._note(f"no call of {rollout.previous} is left: its workers can be stopped")

    async def _run(self, command: str | None, agent_name: str) -> None:
        """What it prints goes to standard error. Raises `ConfigurationError`, `UnavailableError`."""
        if command is None:
            return
        self._note(f"running: {command}")
        try:
            process = await asyncio.create_subprocess_exec(
                *shlex.split(command), env={**os.environ, "AGENT_NAME": agent_name}, stdout=sys.stderr
            )
        except (OSError, ValueError, TypeError) as error:
            raise ConfigurationError(f"{command!r} cannot be run: {error}") from None
        try:
            status = await process.wait()
        except asyncio.CancelledError:
            # Ctrl-C reached it as well: it stops in its own way, and not behind the operator's back.
            await process.wait()
            raise
        if status:
            raise UnavailableError(f"{command} failed (exit status {status}); run it again to go on")

    def _note(self, text: str) -> None:
        self.notes.append(text)
        typer.echo(text, err=True)
