"""What a tenant sets up for the calendar, and what the model passes to each of its actions."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from shared.models.agent import OpeningHours
from shared.models.agent_input import closing_later
from shared.tools.base.fields import EmailAddress
from shared.tools.scheduling.local_time import EXAMPLE, LocalTime, RangeEnd, RangeStart

MAX_DURATION_MINUTES = 24 * 60

EventId = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_@.-]{1,1024}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]
Minutes = Annotated[int, Field(ge=5, le=MAX_DURATION_MINUTES)]
Scope = Literal["this", "all"]

_LOCAL = f"Local date and time of the business, such as {EXAMPLE}."
_GUESTS = {
    "type": "string",
    "oneOf": [
        {"const": "all", "title": "All guests"},
        {"const": "externalOnly", "title": "Only guests who do not use Google Calendar"},
        {"const": "none", "title": "Nobody"},
    ],
}
"""Choices in words, for the form."""
_SCOPE = "For a repeating event: only this occurrence, or all of the series. Ask the caller."


class GoogleCalendarConfig(BaseModel):
    model_config = ConfigDict(extra="forbid")

    calendar_id: str = Field(
        default="primary",
        min_length=1,
        title="Calendar",
        description="“primary”, or the id in the calendar's settings.",
    )
    default_duration_minutes: Minutes = Field(default=30, title="Length of an appointment (minutes)")
    working_hours: Annotated[list[OpeningHours] | None, AfterValidator(closing_later)] = Field(
        default=None,
        title="Working hours",
        description="When appointments may be booked. Empty: the agent's opening hours.",
    )
    buffer_minutes: int = Field(default=0, ge=0, le=240, title="Pause between appointments (minutes)")
    min_notice_minutes: int = Field(
        default=0, ge=0, le=30 * 24 * 60, title="Shortest notice (minutes)", description="0: at once."
    )
    max_days_ahead: int = Field(default=365, ge=1, le=730, title="Furthest booking (days ahead)")
    allow_double_booking: bool = Field(default=False, title="Allow two appointments at the same time")
    only_own_bookings: bool = Field(
        default=False,
        title="Callers change their own appointments only",
        description="Those that were booked by phone from the same number.",
    )
    send_updates: Annotated[Literal["all", "externalOnly", "none"], WithJsonSchema(_GUESTS)] = Field(
        default="all", title="E-mail guests about changes", description="Only events with guests."
    )


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListEvents(_Arguments):
    start: RangeStart = Field(description=_LOCAL)
    end: RangeEnd = Field(description=_LOCAL)
    query: Text | None = Field(default=None, description="Only events that contain these words.")


class FindFreeSlots(_Arguments):
    start: RangeStart = Field(description=_LOCAL)
    end: RangeEnd = Field(description=_LOCAL)
    duration_minutes: Minutes | None = Field(default=None, description="Leave out for the usual length.")


class CreateEvent(_Arguments):
    summary: Text = Field(description="A short title, with the caller's name when it is known.")
    start: LocalTime = Field(description=_LOCAL)
    end: LocalTime | None = Field(default=None, description="Leave out for the usual length.")
    duration_minutes: Minutes | None = Field(default=None, description="Instead of an end.")
    description: LongText | None = None
    attendees: list[EmailAddress] | None = Field(
        default=None, max_length=20, description="E-mail addresses of guests; they get an invitation."
    )
    location: Text | None = None

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.end is not None and self.duration_minutes is not None:
            raise ValueError("give the end or duration_minutes, not both")
        return self


class UpdateEvent(_Arguments):
    event_id: EventId = Field(description="As listed.")
    summary: Text | None = None
    start: LocalTime | None = Field(default=None, description=f"The new start. {_LOCAL}")
    end: LocalTime | None = Field(default=None, description="Leave out to keep the length.")
    duration_minutes: Minutes | None = Field(default=None, description="Instead of an end.")
    description: LongText | None = None
    location: Text | None = None
    scope: Scope = Field(default="this", description=_SCOPE)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.end is not None and self.duration_minutes is not None:
            raise ValueError("give the end or duration_minutes, not both")
        if not self.model_fields_set - {"event_id", "scope"}:
            raise ValueError("say what to change")
        return self

    @property
    def moves(self) -> bool:
        return any(value is not None for value in (self.start, self.end, self.duration_minutes))


class CancelEvent(_Arguments):
    event_id: EventId = Field(description="As listed.")
    scope: Scope = Field(default="this", description=_SCOPE)
