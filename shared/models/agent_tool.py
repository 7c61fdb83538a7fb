"""`tenants/{t}/agents/{a}/agent_tools/{slug}`: a tool as one agent uses it."""

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.models.base import Document, Instant, Slug


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


class Connection(BaseModel):
    """What people may know of a tool's OAuth connection. The token itself is in Secret Manager."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    provider: str
    state: ConnectionState
    account_email: str | None = None
    scopes: list[str] = Field(default_factory=list)
    since: Instant | None = None
    reason: str | None = None
    """Why it is disconnected, as a sentence for the owner."""


REFRESH_TOKEN = "oauth_refresh_token"  # noqa: S105 - the name of a field, not a token
"""The key in `sensitive_config` under which a connection's refresh token is kept."""


class AgentTool(Document):
    slug: Slug
    enabled: bool = False
    config: dict[str, Any] = Field(default_factory=dict)
    sensitive_config: dict[str, str] = Field(default_factory=dict)
    """Field name → `projects/…/secrets/…/versions/N`. Never a value."""
    connection: Connection | None = None
