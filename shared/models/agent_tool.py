"""`tenants/{t}/agents/{a}/agent_tools/{slug}`: a tool as one agent uses it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.models.base import Document, Instant, Slug


class ConnectionState(StrEnum):
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


class Renewal(BaseModel):
    """Somebody is exchanging a refresh token that works only once; everybody else waits.

    One that has expired is not simply over: whoever held it may have died with the new token unrecorded.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    owner: str
    expires_at: Instant


class Connection(BaseModel):
    """What people may know of a tool's OAuth connection. The token itself is in Secret Manager."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    provider: str
    state: ConnectionState
    account_email: str | None = None
    scopes: list[str] = Field(default_factory=list)
    since: Instant | None = None
    """When it got into its state."""
    reason: str | None = None
    """Why it is disconnected, as a sentence for the owner."""
    consent_id: str = ""
    """Names the consent that all of this comes from."""
    connected_by: str | None = None
    """The member who gave that consent."""
    renewal: Renewal | None = None


REFRESH_TOKEN = "oauth_refresh_token"  # noqa: S105 - the name of a field, not a token
"""The key in `sensitive_config` under which a connection's refresh token is kept."""


@dataclass(frozen=True)
class ToolAddress:
    """Which tool of which agent of which tenant."""

    tenant_id: str
    agent_id: str
    slug: str

    @property
    def subject(self) -> str:
        """As the audit log names it."""
        return f"agents/{self.agent_id}/tools/{self.slug}"


class AgentTool(Document):
    slug: Slug
    enabled: bool = False
    config: dict[str, Any] = Field(default_factory=dict)
    sensitive_config: dict[str, str] = Field(default_factory=dict)
    """Field name → `projects/…/secrets/…/versions/N`. Never a value."""
    sensitive_since: dict[str, Instant] = Field(default_factory=dict)
    """Field name → when a person last set it."""
    connection: Connection | None = None
