"""`tenants/{t}/audit/{id}`: who changed what. Written in the same commit as the change itself."""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from shared.models.base import Document, Instant


class Actor(BaseModel):
    """Who did it: a member, a program with an API key, whoever operates the platform, or nobody: the
    platform itself, because of what it found."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: Literal["member", "api_key", "operator", "platform"]
    id: str
    name: str
    """The member's e-mail address, or the key's or operator's name, as it was then."""

    @classmethod
    def of_member(cls, user_id: str, email: str | None) -> Self:
        return cls(kind="member", id=user_id, name=email or "a member")


PLATFORM = Actor(kind="platform", id="trunkline", name="Trunkline")


class AuditAction(StrEnum):
    AGENT_CREATED = "agent.created"
    AGENT_CHANGED = "agent.changed"
    AGENT_DELETED = "agent.deleted"
    TOOL_CHANGED = "tool.changed"
    TOOL_REMOVED = "tool.removed"
    TOOL_CONNECTED = "tool.connected"
    TOOL_DISCONNECTED = "tool.disconnected"
    NUMBER_ATTACHED = "number.attached"
    NUMBER_DETACHED = "number.detached"
    CALL_STOPPED = "call.stopped"
    CALL_DELETED = "call.deleted"
    TEST_CALL_STARTED = "test_call.started"
    TENANT_CREATED = "tenant.created"
    TENANT_CHANGED = "tenant.changed"
    MEMBER_ADDED = "member.added"
    MEMBER_CHANGED = "member.changed"
    MEMBER_REMOVED = "member.removed"
    INVITATION_CREATED = "invitation.created"
    INVITATION_REVOKED = "invitation.revoked"
    API_KEY_CREATED = "api_key.created"
    API_KEY_REVOKED = "api_key.revoked"


class Change(BaseModel):
    """One field's value before and after; None where there is none."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    before: Any = None
    after: Any = None


class AuditEntry(Document):
    at: Instant
    actor: Actor
    action: AuditAction
    subject: str
    """What was changed, as a path of the API: "agents/a1", "agents/a1/tools/send_email"."""
    changes: dict[str, Change] = Field(default_factory=dict[str, Change])
    """By field. Secret values never stand here: a secret that was set is the change to "set"."""
