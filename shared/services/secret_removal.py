"""Has the secrets of what is removed revoked and deleted, by the one part that may read them.

Whoever removes an agent or a tool may not read a token, hence cannot revoke it at its provider. It asks for
that before it removes anything, and the task runs after. If the process dies in between, either nothing was
removed, and the task finds the documents still there and leaves all as it is; or the task does the rest.
"""

import hashlib
import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol, Self

from pydantic import BaseModel, ConfigDict, model_validator

from shared.gateways.cloud_tasks import CloudTasksGateway
from shared.models.base import DocumentId, Slug, utc_now

FORGET_PATH = "/api/v1/tasks/forget-secrets"
"""Of the oauth function."""

WINDOW = timedelta(seconds=30)
"""Longer than any request that removes something takes."""


class ForgetSecrets(BaseModel):
    """The body of `FORGET_PATH`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tenant_id: DocumentId
    agent_id: DocumentId | None = None
    """Left out: all of the tenant's."""
    slug: Slug | None = None
    """Left out: all of the agent's."""
    if_removed: bool = False
    """Nothing is to happen while the agent, or its tool, has a document."""

    @model_validator(mode="after")
    def _names_an_agent(self) -> Self:
        if self.agent_id is None and (self.slug is not None or self.if_removed):
            raise ValueError("slug and if_removed are of an agent")
        return self


class SecretRemoval(Protocol):
    async def prepare(self, tenant_id: str, agent_id: str, slug: str | None = None) -> None: ...


class SecretRemovalQueue:
    """`oauth_url` is the oauth function's base URL; `now` is the clock, with a time zone."""

    def __init__(
        self, tasks: CloudTasksGateway, oauth_url: str, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._tasks = tasks
        self._url = oauth_url + FORGET_PATH
        self._now = now

    async def prepare(self, tenant_id: str, agent_id: str, slug: str | None = None) -> None:
        """About to remove the agent, or one of its tools. Raises `UnavailableError`: then do not.

        Within a window of time repeated requests share a task, which runs when the next window is over. A
        later attempt gets a task of its own, since the first one's may have run in vain.
        """
        now = self._now().timestamp()
        window = math.floor(now / WINDOW.total_seconds())
        due = (window + 2) * WINDOW.total_seconds()
        body = ForgetSecrets(tenant_id=tenant_id, agent_id=agent_id, slug=slug, if_removed=True)
        # Names that differ early are spread over Cloud Tasks' servers, hence the hash.
        what = hashlib.sha256(f"{tenant_id}/{agent_id}/{slug or ''}".encode()).hexdigest()[:32]
        await self._tasks.enqueue(
            self._url, body.model_dump(), name=f"{what}-forget-{window}", delay=timedelta(seconds=due - now)
        )
