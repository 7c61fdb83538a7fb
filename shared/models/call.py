"""`tenants/{t}/calls/{s}` and its `/events`: what lists, dashboards and people read about a call."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from shared.models.base import Document, DocumentId, Instant, PhoneNumber


class CallState(StrEnum):
    RINGING = "ringing"
    """The webhook was answered; the caller hears ringing until an agent publishes audio."""
    IN_PROGRESS = "in_progress"
    FALLBACK = "fallback"
    """The caller is with a person, the voicemail or a spoken message."""
    ENDED = "ended"


class Outcome(StrEnum):
    """How a call ended. Written once, by whoever sees the end first."""

    CALLER_HUNG_UP = "caller_hung_up"
    AGENT_ENDED = "agent_ended"
    CALLER_SILENT = "caller_silent"
    MAX_LENGTH = "max_length"
    ABANDONED = "abandoned"
    """The caller hung up before anybody answered."""
    FORWARDED = "forwarded"
    VOICEMAIL = "voicemail"
    MESSAGE_PLAYED = "message_played"
    AGENT_LOST = "agent_lost"
    """The agent died in mid-call and neither a replacement nor the fallback reached the caller."""
    STOPPED = "stopped"
    """A member ended it."""
    FAILED = "failed"


class FallbackReason(StrEnum):
    AGENT_DISABLED = "agent_disabled"
    OUTSIDE_HOURS = "outside_hours"
    AT_CAPACITY = "at_capacity"
    PLATFORM_UNAVAILABLE = "platform_unavailable"
    """LiveKit, Firestore or our own function failed or was too slow."""
    NO_AGENT = "no_agent"
    """No agent joined the room before the dial timed out."""
    AGENT_LOST = "agent_lost"
    MODEL_UNAVAILABLE = "model_unavailable"


class Voicemail(Document):
    recording_sid: str
    recording_url: str
    seconds: int


class Call(Document):
    session_id: DocumentId
    agent_id: DocumentId
    call_sid: str
    state: CallState
    caller: PhoneNumber | None
    called: PhoneNumber | None
    """None for a test call from the browser."""
    source: Literal["phone", "web"] = "phone"
    started_at: Instant
    answered_at: Instant | None = None
    ended_at: Instant | None = None
    active_until: Instant | None = None
    """Set while the call counts against the tenant's limit; in the past or None: it no longer does."""
    outcome: Outcome | None = None
    fallback_reason: FallbackReason | None = None
    fallback_served: Literal["forward", "voicemail", "say"] | None = None
    """What the caller was given instead of the agent; None: nothing yet."""
    voicemail: Voicemail | None = None
    dispatches: list[str] = Field(default_factory=list)
    """Why an agent was asked for, each time; the same cause asks once."""
    dispatched_at: list[Instant] = Field(default_factory=list[Instant])
    """And when."""
    agent_name: str | None = None
    """The worker release that the call was given to; None: it was before releases were written down."""
    model: str | None = None
    """Gemini's name of it; None: the call is older than this field."""
    usage: dict[str, float] = Field(default_factory=dict)
    """Model tokens by kind and `agent_seconds`, of all agents together; keys as the worker reports them."""
    agent_usage: dict[str, dict[str, float]] = Field(default_factory=dict)
    """The same of each agent that served the call, by its lease's generation."""
    expires_at: Instant | None = None
    """TTL, from the tenant's retention."""


EventKind = Literal[
    "state",  # data: state, and what caused it
    # at: its start, of the agent's; of the caller's, when the model began to write it down
    "turn",  # data: speaker ("caller" | "agent"), text, interrupted, seconds; of a caller who was heard also
    # voice_from and voice_until, ISO 8601: when they spoke
    "tool_call",  # data: tool, action, arguments, ok, result or sentence, milliseconds,
    # in_turn: it ended while the agent spoke, whose turn is told of when that is over
    "dispatch",  # data: attempt, agent_name
    "timing",  # data: name, milliseconds
    "notice",  # data: text, and whatever explains it
]


class CallEvent(Document):
    """Document id: `<source>-<number>`; a source never writes the same id twice with different contents.

    Readers order by (`at`, document id).
    """

    at: Instant
    source: str
    """The writer: "edge", "worker-<generation>", "livekit", "twilio"."""
    kind: EventKind
    data: dict[str, Any] = Field(default_factory=dict)
    expires_at: Instant | None = None
    """TTL, the call's own: deleting a document does not delete what lies under it."""
