"""Look up, book, move and cancel appointments in a tenant's Google Calendar."""

from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared.errors import ToolError
from shared.gateways.google_calendar import CalendarRefusedError, GoogleCalendarGateway
from shared.tools.base.base_tool import Action, BaseTool, OAuthConnection, ToolContext, ToolMetadata
from shared.tools.scheduling import bookings
from shared.tools.scheduling.agenda import Agenda, CalendarGateway
from shared.tools.scheduling.calendar_arguments import (
    CancelEvent,
    CreateEvent,
    FindFreeSlots,
    GoogleCalendarConfig,
    ListEvents,
    UpdateEvent,
)
from shared.tools.scheduling.calendar_events import for_the_model, is_cancelled, is_declined, is_private
from shared.tools.scheduling.calendar_words import GERMAN
from shared.tools.scheduling.free_time import Span
from shared.tools.scheduling.local_time import bound, spoken_span

EVENTS_SCOPE = "https://www.googleapis.com/auth/calendar.events"
MAX_EVENTS_TOLD = 15
MAX_SLOTS_TOLD = 6
MAX_RANGE = timedelta(days=62)


class GoogleCalendarTool(BaseTool):
    metadata = ToolMetadata(
        slug="google_calendar",
        display_name="Google Calendar",
        description="The agent looks up your calendar, finds free times, "
        "and books, moves and cancels appointments.",
        config=GoogleCalendarConfig,
        translations={"de": GERMAN},
        connection=OAuthConnection(
            provider="google",
            scopes=(EVENTS_SCOPE,),
            scope_texts={EVENTS_SCOPE: "To see and change the events of all calendars of the account"},
        ),
        actions={
            "list_events": Action(
                description="Lists what is in the calendar between two times. Also gives the event_id "
                "that changing or cancelling needs.",
                arguments=ListEvents,
                read_only=True,
                idempotent=True,
                display_name="look up appointments",
            ),
            "find_free_slots": Action(
                description="Finds times that can be booked in a period. Offer the caller two or three.",
                arguments=FindFreeSlots,
                read_only=True,
                idempotent=True,
                display_name="find free times",
            ),
            "create_event": Action(
                description="Books an appointment. Repeat day and time to the caller and get a yes first.",
                arguments=CreateEvent,
                read_only=False,
                idempotent=True,
                timeout_seconds=12,
                display_name="book an appointment",
            ),
            "update_event": Action(
                description="Moves an event or changes its details; what is left out stays as it is. "
                "Find it with list_events and get the caller's yes first.",
                arguments=UpdateEvent,
                read_only=False,
                idempotent=True,
                timeout_seconds=12,
                display_name="change an appointment",
            ),
            "cancel_event": Action(
                description="Cancels an event. Find it with list_events and get the caller's yes first.",
                arguments=CancelEvent,
                read_only=False,
                idempotent=True,
                display_name="cancel an appointment",
            ),
        },
    )

    def __init__(self, calendar: CalendarGateway | None = None) -> None:
        self._calendar = calendar or GoogleCalendarGateway()

    async def execute(
        self, action: str, arguments: BaseModel, context: ToolContext[GoogleCalendarConfig]
    ) -> dict[str, Any]:
        agenda = Agenda(self._calendar, context)
        try:
            match arguments:
                case ListEvents():
                    return await _list_events(agenda, arguments)
                case FindFreeSlots():
                    return await _find_free_slots(agenda, arguments, context.config)
                case CreateEvent():
                    return await bookings.create(agenda, arguments, context)
                case UpdateEvent():
                    return await bookings.update(agenda, arguments, context)
                case CancelEvent():
                    return await bookings.cancel(agenda, arguments, context)
                case _:
                    raise TypeError(f"{action} does not take {type(arguments).__name__}")
        except CalendarRefusedError as refused:
            raise ToolError(_sentence(refused, arguments), message=str(refused)) from refused


async def _list_events(agenda: Agenda, wanted: ListEvents) -> dict[str, Any]:
    events, _ = await agenda.events(_range(agenda, wanted.start, wanted.end), wanted.query)
    shown = [event for event in events if not (is_cancelled(event) or is_declined(event))]
    if wanted.query:  # that a private one is found tells the words in it
        shown = [event for event in shown if not is_private(event)]
    result: dict[str, Any] = {
        "events": [for_the_model(event, agenda.zone) for event in shown[:MAX_EVENTS_TOLD]],
        "message": f"{len(shown)} events" if shown else "There is nothing in the calendar at that time.",
    }
    if len(shown) > MAX_EVENTS_TOLD:
        result["message"] += f", of which the first {MAX_EVENTS_TOLD} are listed; ask for a shorter time."
    return result


async def _find_free_slots(
    agenda: Agenda, wanted: FindFreeSlots, config: GoogleCalendarConfig
) -> dict[str, Any]:
    minutes = wanted.duration_minutes or config.default_duration_minutes
    within = _range(agenda, wanted.start, wanted.end)
    found = await agenda.free_slots(within, timedelta(minutes=minutes), MAX_SLOTS_TOLD + 1)
    if not found:
        return {"slots": [], "message": "Nothing is free then. Offer to look at other days."}
    slots = [
        {
            "start": slot.start.astimezone(agenda.zone).isoformat(),
            "when": spoken_span(slot.start, slot.end, agenda.zone),
        }
        for slot in found[:MAX_SLOTS_TOLD]
    ]
    more = " There are more after these." if len(found) > MAX_SLOTS_TOLD else ""
    return {"slots": slots, "message": f"These times of {minutes} minutes are free.{more}"}


def _range(agenda: Agenda, start: datetime, end: datetime) -> Span:
    span = Span(bound(start, agenda.zone), bound(end, agenda.zone, is_end=True))
    if span.end <= span.start:
        raise ToolError("The end has to be later than the start.")
    if span.end - span.start > MAX_RANGE:
        raise ToolError(f"That is too long a time to look through; ask for {MAX_RANGE.days} days at most.")
    return span


def _sentence(refused: CalendarRefusedError, arguments: BaseModel) -> str:
    """What a person can do about it."""
    match refused.status:
        case 403:
            return "I am not allowed to do that in this calendar. The business has to give more permission."
        case 404 if isinstance(arguments, UpdateEvent | CancelEvent):
            return "I cannot find that event in the calendar. List the events again."
        case 404:
            return "The calendar that was set up does not exist, or the connected account may not see it."
        case 410:
            return "That event has been deleted already."
        case _:
            return "The calendar did not accept that."
