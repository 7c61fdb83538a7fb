"""Worker releases: who gets new calls, how they fare, and whether a new one goes on or back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.errors import ConflictError
from shared.gateways.firestore import Database
from shared.models.base import utc_now
from shared.models.call import Call, CallState, FallbackReason, Outcome
from shared.models.releases import PERCENT, Releases, ReleaseShare, Rollout
from shared.repositories.release_calls import ReleaseCallRepository
from shared.repositories.releases import ReleaseRepository

OUR_FALLBACKS = {
    FallbackReason.NO_AGENT,
    FallbackReason.AGENT_LOST,
    FallbackReason.MODEL_UNAVAILABLE,
    FallbackReason.PLATFORM_UNAVAILABLE,
}
"""Reasons that a release may be to blame for; closing hours and limits are not."""

LOST = {Outcome.AGENT_LOST, Outcome.FAILED}

LONGEST_CALL = timedelta(hours=3)


class ReleaseHealth(BaseModel):
    """How the calls of a release went that are over, or that have failed already."""

    model_config = ConfigDict(frozen=True)

    calls: int = 0
    fallbacks: int = 0
    """Callers who got the fallback, for a reason of the platform's."""
    lost: int = 0
    """Ended by a failure, without a fallback."""
    replaced: int = 0
    """Served, but an agent of theirs died, or none came when asked twice, so that another release served."""
    going_on: int = 0

    @property
    def failures(self) -> int:
        return self.fallbacks + self.lost + self.replaced

    @property
    def failure_percent(self) -> float:
        return 100 * self.failures / self.calls if self.calls else 0.0

    @classmethod
    def of(cls, calls: Sequence[Call], now: datetime) -> "ReleaseHealth":
        fallbacks = [each for each in calls if each.fallback_reason in OUR_FALLBACKS]
        lost = [each for each in calls if each not in fallbacks and each.outcome in LOST]
        judged = [each for each in calls if each.outcome is not None or each.state is CallState.FALLBACK]
        replaced = [each for each in judged if each not in fallbacks + lost and _needed_another_agent(each)]
        going_on = [
            each for each in calls if each.outcome is None and each.active_until and each.active_until > now
        ]
        return cls(
            calls=len(judged),
            fallbacks=len(fallbacks),
            lost=len(lost),
            replaced=len(replaced),
            going_on=len(going_on),
        )


def _needed_another_agent(call: Call) -> bool:
    """Not one that was slow to come ("start-2"), nor one that handed over ("generation-1-left-1").

    From "start-3" on another release is asked (`Releases.for_replacement`): of a release whose workers are
    all gone each caller is served all the same, later and by the old one.
    """
    return any(cause not in ("incoming", "start-2") and "-left-" not in cause for cause in call.dispatches)


@dataclass(frozen=True)
class RolloutPolicy:
    minimum_calls: int = 20
    """Of the candidate, at each share, before it gets a larger one."""
    tolerance: float = 2.0
    """So many percent more of the candidate's calls may fail than of the previous release's."""
    early_failures: int = 3
    """From so many on it is not waited for the minimum."""


@dataclass(frozen=True)
class Verdict:
    go: Literal["on", "back", "wait"]
    reason: str


def judge(candidate: ReleaseHealth, previous: ReleaseHealth, policy: RolloutPolicy) -> Verdict:
    compared = (
        f"{candidate.failures} of {candidate.calls} calls failed ({candidate.failure_percent:.1f} %), "
        f"of the previous release {previous.failure_percent:.1f} %"
    )
    enough = candidate.calls >= policy.minimum_calls
    is_worse = candidate.failure_percent > previous.failure_percent + policy.tolerance
    if is_worse and (enough or candidate.failures >= policy.early_failures):
        return Verdict("back", compared)
    if not enough:
        return Verdict("wait", f"{candidate.calls} of {policy.minimum_calls} calls so far")
    return Verdict("on", compared)


class ReleaseService:
    """`default` takes all calls until something else is decided; `now` is the clock, with a time zone.

    Without `apply` nothing is written: what is answered is how it would be. What changes something may be
    repeated. With `seen`, what somebody has looked at, it changes nothing when the rollout is another by now:
    the answer tells which. All raise `UnavailableError`.
    """

    def __init__(
        self, database: Database, default: str, *, apply: bool = True, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._releases = ReleaseRepository(database, default)
        self._calls = ReleaseCallRepository(database)
        self._apply = apply
        self._now = now

    async def current(self) -> Releases:
        return await self._releases.get()

    async def health(self, agent_name: str, since: datetime) -> ReleaseHealth:
        return ReleaseHealth.of(await self._calls.since(agent_name, since), self._now())

    async def going_on(self, agent_name: str) -> int:
        """Calls that were given to the release and are not over."""
        return (await self.health(agent_name, self._now() - LONGEST_CALL)).going_on

    async def give(self, candidate: str, share: int, *, seen: Releases | None = None) -> Releases:
        """The candidate gets that share of new calls, the live release the rest.

        Raises `ConflictError` while another rollout is running.
        """

        def decide(now: Releases) -> Releases:
            require_free(now, candidate)
            running = running_rollout(now)
            previous = running.previous if running else now.live
            if previous == candidate:
                raise ConflictError(f"{candidate} takes all calls already", sentence="It is live already.")
            if running is not None and now.share_of(candidate) == share:
                return now
            at = self._now()
            rollout = Rollout(
                candidate=candidate,
                previous=previous,
                state="running",
                started_at=running.started_at if running else at,
                step_started_at=at,
            )
            return _shared(now, {candidate: share, previous: PERCENT - share}, rollout)

        return await self._change(decide, seen)

    async def promote(self, *, seen: Releases | None = None) -> Releases:
        """The candidate takes all calls; the previous release is to be drained. Raises `ConflictError`."""

        def decide(now: Releases) -> Releases:
            rollout = _last(now)
            if rollout.state == "promoted":
                return now
            _require_running(rollout)
            done = rollout.model_copy(update={"state": "promoted"})
            return _shared(now, {rollout.candidate: PERCENT, rollout.previous: 0}, done)

        return await self._change(decide, seen)

    async def roll_back(self, reason: str, *, seen: Releases | None = None) -> Releases:
        """The previous release takes all calls again; the candidate's calls get their next agent from it.

        Also after a promotion, as long as its workers run. Raises `ConflictError`.
        """

        def decide(now: Releases) -> Releases:
            rollout = _last(now)
            if rollout.state == "rolled_back":
                return now
            done = rollout.model_copy(update={"state": "rolled_back", "reason": reason})
            return _shared(now, {rollout.candidate: 0, rollout.previous: PERCENT}, done)

        return await self._change(decide, seen)

    async def _change(self, decide: Callable[[Releases], Releases], seen: Releases | None) -> Releases:
        def decide_on_what_was_seen(now: Releases) -> Releases:
            return now if seen is not None and now.rollout != seen.rollout else decide(now)

        if self._apply:
            return await self._releases.change(decide_on_what_was_seen)
        return decide_on_what_was_seen(await self._releases.get())


def running_rollout(releases: Releases) -> Rollout | None:
    rollout = releases.rollout
    return rollout if rollout is not None and rollout.state == "running" else None


def require_free(releases: Releases, candidate: str) -> None:
    """Raises `ConflictError` while another release is being rolled out."""
    running = running_rollout(releases)
    if running is not None and running.candidate != candidate:
        raise ConflictError(
            f"{running.candidate} is being rolled out: promote it or roll it back first",
            sentence="Another release is being rolled out.",
        )


def _last(releases: Releases) -> Rollout:
    if releases.rollout is None:
        raise ConflictError("no release was rolled out yet", sentence="There is nothing to change.")
    return releases.rollout


def _require_running(rollout: Rollout) -> None:
    if rollout.state != "running":
        raise ConflictError(
            f"the rollout of {rollout.candidate} was {rollout.state}", sentence="No rollout is running."
        )


def _shared(now: Releases, shares: dict[str, int], rollout: Rollout) -> Releases:
    """These shares and no others: what is left of a release that is not named is served by the live one."""
    return now.model_copy(
        update={
            "releases": [ReleaseShare(agent_name=name, share=share) for name, share in shares.items()],
            "rollout": rollout,
        }
    )
