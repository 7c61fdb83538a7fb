"""Booking, moving and cancelling: each may be repeated after a lost answer and happens once."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from shared.errors import ToolError, UnavailableError
from shared.gateways.google_calendar import CalendarRefusedError
from shared.tools.base.base_tool import ToolContext
from shared.tools.scheduling.agenda import Agenda
from shared.tools.scheduling.calendar_arguments import (
    CancelEvent,
    CreateEvent,
    GoogleCalendarConfig,
    UpdateEvent,
)
from shared.tools.scheduling.calendar_events import (
    Event,
    belongs_to,
    for_the_model,
    is_all_day,
    is_cancelled,
    is_exception,
    private_property,
    span_of,
)
from shared.tools.scheduling.free_time import Span
from shared.tools.scheduling.local_time import exact, spoken_span

EVENT_ID_PREFIX = "tk"
"""Ids of events may hold a-v and 0-9 only (base32hex); an idempotency key fits, and this marks it ours."""
BOOKING_KEY = "trunkline_booking"
"""Private property of events that we made: the idempotency key."""
CALLER = "trunkline_caller"
"""Private property of events that we made: the number that the caller called from."""
SESSION = "trunkline_session"
"""Private property of events that we made: the call that they were made in."""
UNSURE = (
    "The calendar stopped answering, so I cannot say whether that was done. "
    "Look with list_events before you try it once more."
)

_NO_TIME = {"date": None, "dateTime": None, "timeZone": None}


async def create(
    agenda: Agenda, wanted: CreateEvent, context: ToolContext[GoogleCalendarConfig]
) -> dict[str, Any]:
    event_id, key = f"{EVENT_ID_PREFIX}{context.idempotency_key}", context.idempotency_key
    exclusive = not context.config.allow_double_booking
    start = exact(wanted.start, agenda.zone)
    length = timedelta(minutes=wanted.duration_minutes or context.config.default_duration_minutes)
    span = Span(start, exact(wanted.end, agenda.zone) if wanted.end else start + length)
    agenda.check_allowed(span)
    conflicts = await agenda.conflicts(span)
    if not any(event["id"] == event_id for event in conflicts):  # which an earlier attempt has made
        if earlier := _made_earlier(conflicts, wanted.summary, span, context.session_id, agenda):
            return _booked(agenda, earlier)
        if exclusive and conflicts:
            raise await agenda.taken(span)
    body: Event = {
        "id": event_id,
        "summary": wanted.summary,
        "description": _description(wanted.description, context.caller),
        "start": _at(span.start, agenda),
        "end": _at(span.end, agenda),
        "extendedProperties": {
            "private": {BOOKING_KEY: key, CALLER: context.caller or "", SESSION: context.session_id}
        },
    }
    if wanted.location:
        body["location"] = wanted.location
    if wanted.attendees:
        body["attendees"] = [{"email": address} for address in wanted.attendees]
    with _may_be_done():
        event = await _insert_once(agenda, body, key)
        if exclusive and await _lost_a_race(agenda, span, event):
            await agenda.delete(event_id)
            raise await agenda.taken(span)
    return _booked(agenda, event)


@contextmanager
def _may_be_done() -> Generator[None]:
    """From here on a calendar that does not answer may have done what was asked."""
    try:
        yield
    except UnavailableError as error:
        raise UnavailableError(str(error), sentence=UNSURE) from error


def _made_earlier(
    conflicts: list[Event], summary: str, span: Span, session_id: str, agenda: Agenda
) -> Event | None:
    """The same appointment, booked in this call. The answer got lost, or the agent that got it did, and the
    model asks again: under an id of its own, as for something new."""
    return next(
        (
            event
            for event in conflicts
            if private_property(event, SESSION) == session_id
            and event.get("summary") == summary
            and span_of(event, agenda.zone) == span
        ),
        None,
    )


async def _insert_once(agenda: Agenda, body: Event, key: str) -> Event:
    """The new event, or the one that an earlier attempt, whose answer got lost, made with our id."""
    try:
        return await agenda.insert(body)
    except CalendarRefusedError as refused:
        if refused.status != 409:
            raise
    event = await agenda.event(body["id"])
    if is_cancelled(event):
        raise ToolError("That appointment was booked and has been cancelled since.")
    if private_property(event, BOOKING_KEY) != key:
        raise ToolError("The calendar did not accept that. Please try once more.")
    return event


async def _lost_a_race(agenda: Agenda, span: Span, ours: Event) -> bool:
    """Google has no conditional insert, so another call may book the same time between our look and our
    booking. Whoever sees an event that is not younger gives way; `created` counts seconds."""
    return any(
        rival["id"] != ours["id"] and rival.get("created", "") <= ours.get("created", "")
        for rival in await agenda.conflicts(span)
    )


async def update(
    agenda: Agenda, wanted: UpdateEvent, context: ToolContext[GoogleCalendarConfig]
) -> dict[str, Any]:
    event, target = await _event_and_target(agenda, wanted, context)
    if is_cancelled(event):
        raise ToolError("That event has been cancelled already.")
    details: Event = {
        name: value
        for name in ("summary", "description", "location")
        if (value := getattr(wanted, name)) is not None
    }
    span = _moved_span(agenda, event, wanted, context.config) if wanted.moves else None
    if span is not None and _is_when(agenda, event, target, span):
        span = None  # a model that changes something else often repeats the time that the event has anyway
    if span is not None:
        agenda.check_allowed(span)
        if await _is_taken(agenda, span, target, context.config):
            raise await agenda.taken(span)
    times = _times(agenda, span) if span is not None else {}
    if target is event:
        before = {name: event.get(name) for name in details}
        before |= {end: {**_NO_TIME, **event[end]} for end in ("start", "end")}
        with _may_be_done():
            changed = await agenda.patch(event["id"], {**details, **times})
            # Somebody may have booked the time meanwhile. Unlike with a booking, nothing tells who was first.
            if span is not None and await _is_taken(agenda, span, target, context.config):
                await agenda.patch(event["id"], before)
                raise await agenda.taken(span)
        return {"message": "The event is changed.", "event": for_the_model(changed, agenda.zone)}
    moved = _series_times(agenda, event, target, times) if times else {}
    if span is not None and not context.config.allow_double_booking:
        await _check_series(agenda, target, span)
    with _may_be_done():
        await agenda.patch(target["id"], {**details, **moved})
    told = for_the_model({**event, **details, **times}, agenda.zone)
    return {"message": "The whole series is changed; this occurrence is an example.", "event": told}


def _is_when(agenda: Agenda, event: Event, target: Event, span: Span) -> bool:
    """Whether `target` happens then already. An occurrence that was moved on its own does not speak for its
    series."""
    speaks = target is event or not is_exception(event)
    return speaks and not is_all_day(event) and span == span_of(event, agenda.zone)


async def _is_taken(agenda: Agenda, span: Span, target: Event, config: GoogleCalendarConfig) -> bool:
    """Whether something else than `target` keeps it from being at that time."""
    if config.allow_double_booking:
        return False
    return not all(belongs_to(conflict, target["id"]) for conflict in await agenda.conflicts(span))


def _times(agenda: Agenda, span: Span) -> Event:
    # What is not named is removed: an event that lasted all day would be refused for having both.
    return {
        "start": {**_NO_TIME, **_at(span.start, agenda)},
        "end": {**_NO_TIME, **_at(span.end, agenda)},
    }


def _moved_span(agenda: Agenda, event: Event, wanted: UpdateEvent, config: GoogleCalendarConfig) -> Span:
    """The new time; whatever is not named stays, the length included."""
    old = span_of(event, agenda.zone)
    usual = timedelta(minutes=config.default_duration_minutes)
    length = usual if is_all_day(event) else old.end - old.start
    if wanted.duration_minutes:
        length = timedelta(minutes=wanted.duration_minutes)
    if wanted.start is None and is_all_day(event):
        raise ToolError("That event lasts all day. Say at what time it should start.")
    start = exact(wanted.start, agenda.zone) if wanted.start else old.start
    return Span(start, exact(wanted.end, agenda.zone) if wanted.end else start + length)


async def _check_series(agenda: Agenda, series: Event, example: Span) -> None:
    """Raises `ToolError` when another occurrence than `example` has no room at that time of day."""
    local = example.start.astimezone(agenda.zone)

    def moved(span: Span) -> Span:
        day = span.start.astimezone(agenda.zone).date()
        start = datetime.combine(day, local.time(), agenda.zone).astimezone(UTC)
        return Span(start, start + (example.end - example.start))

    clash = await agenda.clash_of_series(series["id"], moved)
    if clash is not None:
        raise ToolError(
            f"{spoken_span(clash.start, clash.end, agenda.zone)} is already taken, so the whole series "
            "cannot move there. Offer another time, or to change this one only."
        )


def _series_times(agenda: Agenda, occurrence: Event, series: Event, times: Event) -> Event:
    """The times of the whole series when one occurrence of it moves to `times`. Only the time of day may
    change: the days are in the recurrence rule, and a rule that disagrees with its start is nonsense."""
    zone = agenda.zone
    if is_all_day(series):
        raise ToolError("That series lasts all day. I can change single occurrences of it only.")
    new, old = span_of(times, zone), span_of(occurrence, zone)
    starts, ends = (at.astimezone(zone).replace(tzinfo=None) for at in (new.start, new.end))
    if starts.date() != old.start.astimezone(zone).date():
        raise ToolError("I can change the time of day of the whole series, but not its days.")
    begins = span_of(series, zone).start
    first = datetime.combine(begins.astimezone(zone).date(), starts.time())
    if first.date() != begins.astimezone(ZoneInfo(series["start"].get("timeZone") or zone.key)).date():
        raise ToolError(
            "That series has its days in another time zone. I can change single occurrences of it only."
        )
    return {
        "start": {"dateTime": first.isoformat(), "timeZone": zone.key},
        "end": {"dateTime": (first + (ends - starts)).isoformat(), "timeZone": zone.key},
    }


async def cancel(
    agenda: Agenda, wanted: CancelEvent, context: ToolContext[GoogleCalendarConfig]
) -> dict[str, Any]:
    event, target = await _event_and_target(agenda, wanted, context)
    if is_cancelled(event):
        return {"message": "That event has been cancelled already."}
    with _may_be_done():
        await agenda.delete(target["id"])
    which = "The whole series is cancelled." if target is not event else "The event is cancelled."
    return {"message": which, "event": for_the_model(event, agenda.zone)}


async def _event_and_target(
    agenda: Agenda, wanted: UpdateEvent | CancelEvent, context: ToolContext[GoogleCalendarConfig]
) -> tuple[Event, Event]:
    """The event that was named, and what to change: itself, or the series that it belongs to."""
    event = await agenda.event(wanted.event_id)
    if context.config.only_own_bookings and not _booked_by(context.caller, event):
        raise ToolError("I can only change appointments that were booked by phone from the same number.")
    if wanted.scope == "all" and "recurringEventId" in event:
        return event, await agenda.event(event["recurringEventId"])
    if wanted.scope == "this" and "recurrence" in event:
        raise ToolError("That is a whole series. List the events of the day to find the single one.")
    return event, event


def _booked_by(caller: str | None, event: Event) -> bool:
    """Withheld numbers are all the same, so they own nothing."""
    return caller is not None and private_property(event, CALLER) == caller


def _at(moment: datetime, agenda: Agenda) -> dict[str, str]:
    return {"dateTime": moment.astimezone(agenda.zone).isoformat(), "timeZone": agenda.zone.key}


def _description(text: str | None, caller: str | None) -> str:
    booked = f"Booked by phone from {caller}." if caller else "Booked by phone, number withheld."
    return f"{text}\n\n{booked}" if text else booked


def _booked(agenda: Agenda, event: Event) -> dict[str, Any]:
    return {"message": "The appointment is booked.", "event": for_the_model(event, agenda.zone)}
