"""`platform/releases`: which worker releases take new calls, and what a rollout is doing with them.

A release is known by the name its workers register under (`AGENT_NAME`). Without the document all calls go
to the name in the settings.
"""

import hashlib
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.models.base import Document, Instant

PERCENT = 100


class ReleaseShare(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    agent_name: str = Field(min_length=1, max_length=100)
    share: int = Field(ge=0, le=PERCENT)
    """Percent of new calls. 0: it takes none any more and is being drained."""


class Rollout(BaseModel):
    """A new release on its way from its first calls to all of them, or back."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    candidate: str
    previous: str
    state: Literal["running", "promoted", "rolled_back"]
    started_at: Instant
    step_started_at: Instant
    """Since when the candidate has its present share; only calls from then on are compared."""
    reason: str | None = None
    """Why it was rolled back."""


class Releases(Document):
    releases: list[ReleaseShare]
    rollout: Rollout | None = None

    @model_validator(mode="after")
    def _is_a_whole(self) -> Self:
        names = [each.agent_name for each in self.releases]
        if len(set(names)) != len(names):
            raise ValueError("a release is named twice")
        if sum(each.share for each in self.releases) != PERCENT:
            raise ValueError("the shares do not add up to 100")
        return self

    @classmethod
    def only(cls, agent_name: str) -> Self:
        return cls(releases=[ReleaseShare(agent_name=agent_name, share=PERCENT)])

    @property
    def live(self) -> str:
        """The release that takes most calls; of two with as many the one that was there first (the later in
        the list: a candidate is put in front)."""
        return max(reversed(self.releases), key=lambda each: each.share).agent_name

    def share_of(self, agent_name: str) -> int:
        return next((each.share for each in self.releases if each.agent_name == agent_name), 0)

    def for_call(self, session_id: str) -> str:
        """The release that a new call goes to: by its id, so that a repeated webhook chooses the same.

        A growing share of the first release keeps the calls that it had at a smaller one.
        """
        digest = hashlib.sha256(session_id.encode()).digest()
        place = int.from_bytes(digest[:8]) * PERCENT / 2**64
        reached = 0
        for each in self.releases:
            reached += each.share
            if place < reached:
                return each.agent_name
        return self.live

    def for_replacement(self, agent_name: str | None, asked: int) -> str:
        """The release to ask for another agent in a call that was given to `agent_name`.

        `asked` is how often an agent was asked for so far. Its own release gets one more try; then, or when
        that one takes no calls any more, the live one serves the caller.
        """
        own_takes_calls = agent_name is not None and self.share_of(agent_name) > 0
        return agent_name if own_takes_calls and agent_name is not None and asked <= 1 else self.live
