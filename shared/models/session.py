"""`tenants/{t}/sessions/{s}`: everything a call needs, read once when it starts, plus the agent's lease.

The snapshot is immutable: what a tenant changes during a call takes effect with the next call. Only the
lease is written later. `expires_at` is the document's TTL.
"""

from pydantic import BaseModel, ConfigDict, Field

from shared.models.agent import Agent
from shared.models.agent_tool import AgentTool
from shared.models.base import Document, DocumentId, Instant, PhoneNumber


def session_id_for(call_sid: str) -> str:
    """Derived, not random: a webhook that Twilio delivers twice finds its session instead of a second one."""
    return call_sid.lower()


def room_name_for(session_id: str) -> str:
    """The room's name is the user part of the SIP address that Twilio dials: [a-z0-9-] only."""
    return f"call-{session_id}"


class Lease(BaseModel):
    """Who may speak in the room. `generation` counts takeovers: an agent with an old one must be silent."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    owner: str
    expires_at: Instant
    generation: int
    worker: str | None = None
    """The worker whose heartbeat stands for the owner's machine; None: it has none."""


class SessionSnapshot(Document):
    session_id: DocumentId
    tenant_id: DocumentId
    agent_id: DocumentId
    call_sid: str
    caller: PhoneNumber | None
    """None when the caller withholds the number."""
    called: PhoneNumber | None
    """None for a test call from the browser."""
    room: str
    agent_name: str | None = None
    """The worker release that the call was given to."""
    agent: Agent
    tools: list[AgentTool]
    """Enabled tools only."""
    max_concurrent_calls: int = Field(ge=0)
    """The tenant's limit."""
    started_at: Instant
    expires_at: Instant
    lease: Lease | None = None


class RoomMetadata(BaseModel):
    """JSON in a room's and a dispatch's metadata: ids only, everybody in the room can read it."""

    model_config = ConfigDict(frozen=True)

    tenant_id: DocumentId
    agent_id: DocumentId
    session_id: DocumentId
