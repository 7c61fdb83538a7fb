"""`tenants/{t}/events/{id}`: what happened to a tenant's configuration outside of calls.

Owners read it in the dashboard, and webhooks to their systems are sent from it. Ids are derived from what
happened, so that the same thing is noted once.
"""

from enum import StrEnum
from typing import Any

from pydantic import Field

from shared.models.base import Document, DocumentId, Instant, Slug


class TenantEventType(StrEnum):
    CONNECTED = "connection.connected"
    DISCONNECTED = "connection.disconnected"
    SECRET_SET = "secret.set"  # noqa: S105 - the name of an event
    SECRET_REMOVED = "secret.removed"  # noqa: S105


class TenantEvent(Document):
    type: TenantEventType
    at: Instant
    agent_id: DocumentId
    slug: Slug
    actor: str | None = None
    """The member who did it; None: the platform, on its own."""
    data: dict[str, Any] = Field(default_factory=dict)
    expires_at: Instant
