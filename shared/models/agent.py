"""`tenants/{t}/agents/{a}`: how an agent speaks and what happens when it cannot."""

from datetime import datetime, time
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool

from shared.models.base import Document, PhoneNumber
from shared.patterns import named


def _known_time_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("is not an IANA time zone, such as Europe/Berlin") from None
    return name


TimeZoneName = Annotated[str, AfterValidator(_known_time_zone)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ForwardFallback(_Part):
    """The caller is put through to a person."""

    kind: Literal["forward"] = "forward"
    number: PhoneNumber


class VoicemailFallback(_Part):
    """The caller hears `prompt` and may leave a message, which is stored with the call."""

    kind: Literal["voicemail"] = "voicemail"
    prompt: str = Field(
        default="We cannot take your call right now. Please leave a message after the tone.",
        min_length=1,
        max_length=500,
    )
    max_seconds: int = Field(default=120, ge=5, le=600)


class SayFallback(_Part):
    """The caller hears `text`, then the call ends."""

    kind: Literal["say"] = "say"
    text: str = Field(
        default="We cannot take your call right now. Please try again later. Goodbye.",
        min_length=1,
        max_length=500,
    )


Fallback = Annotated[ForwardFallback | VoicemailFallback | SayFallback, Field(discriminator="kind")]


class OpeningHours(_Part):
    """One span on one day of the week, in the agent's time zone. `closes` must be later than `opens`."""

    weekday: int = Field(ge=0, le=6, description="0 is Monday", json_schema_extra={"format": "weekday"})
    opens: str = Field(
        pattern=named(r"^([01][0-9]|2[0-3]):[0-5][0-9]$", "a time of day, such as 09:00"),
        json_schema_extra={"format": "clock"},
    )
    closes: str = Field(
        pattern=named(r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", "a time of day, such as 17:00, or 24:00"),
        json_schema_extra={"format": "clock"},
    )

    def contains(self, weekday: int, at: time) -> bool:
        clock = at.strftime("%H:%M")
        return weekday == self.weekday and self.opens <= clock < self.closes


class AgentSettings(Document):
    """What people edit."""

    name: str
    enabled: StrictBool = True
    instructions: str = Field(max_length=20_000)
    greeting: str = Field(default="Hello, how can I help you?", max_length=500)
    disclose_ai: StrictBool = True
    """Say in the greeting that the caller speaks to an AI (EU AI Act, article 50)."""
    voice: str = "Kore"
    model: str = "gemini-3.8-live"
    language: str = "en-US"
    time_zone: TimeZoneName = "UTC"
    hours: list[OpeningHours] | None = None
    """When the agent answers; outside of it callers get the fallback. None: always."""
    fallback: Fallback | None = None
    """None: the tenant's fallback number, else a spoken apology."""
    max_call_seconds: int = Field(default=1800, ge=30, le=7200)
    silence_prompt_seconds: float = Field(default=15, ge=3, le=120, allow_inf_nan=False)
    """After so long without a word from the caller the agent asks whether they are still there."""
    silence_hangup_seconds: float = Field(default=15, ge=3, le=120, allow_inf_nan=False)
    """And after so long again it says goodbye and ends the call."""
    log_spoken_words: StrictBool = False
    """Whether transcripts may appear in logs. They are stored with the call either way."""

    def is_open(self, at: datetime) -> bool:
        """Whether the agent answers at that moment."""
        local = at.astimezone(ZoneInfo(self.time_zone))
        return self.hours is None or any(span.contains(local.weekday(), local.time()) for span in self.hours)


class Agent(AgentSettings):
    revision: int = 1
