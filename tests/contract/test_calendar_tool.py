"""The calendar tool with Google's own client library, real tokens and real HTTP against the stand-in."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from local.google.oauth_store import Client
from local.google.server import GoogleStandIn
from shared.errors import DisconnectedError, ToolError, UnavailableError
from shared.gateways import google_calendar
from shared.gateways.google_calendar import (
    ATTEMPT_TIMEOUT_SECONDS,
    BACKOFF_SECONDS,
    CalendarSettings,
    GoogleCalendarGateway,
)
from shared.gateways.oauth import OAuthGateway, OAuthProvider
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.token_renewal import TokenRenewal
from shared.tools.implementations.google_calendar import GoogleCalendarTool
from shared.tools.scheduling.calendar_arguments import GoogleCalendarConfig
from tests.connections import FakeSecrets, put_connected
from tests.contract.google_stand_in import stand_in
from tests.fakes import FakeDatabase
from tests.tools import FakeCredential, caller_hears, tool_context

pytestmark = pytest.mark.contract

CLIENT = Client("laptop-client", "laptop-client-secret", frozenset())
EMAIL = "frontdesk@harbor-dental.example"
SCOPES = list(GoogleCalendarTool.metadata.connection.scopes) if GoogleCalendarTool.metadata.connection else []
DAY = {"start": "2026-11-24", "end": "2026-11-24"}
BOOKING = {"summary": "Dentist", "start": "2026-11-24T14:00:00", "end": "2026-11-24T14:30:00"}


def event(summary: str, start: str, end: str, **more: Any) -> dict[str, Any]:
    zone = "Europe/Berlin"
    return {
        "summary": summary,
        "start": {"dateTime": start, "timeZone": zone},
        "end": {"dateTime": end, "timeZone": zone},
        **more,
    }


EVENTS = [
    event("Team meeting", "2026-11-24T09:30:00", "2026-11-24T10:00:00"),
    event("Lunch with Sam", "2026-11-24T12:00:00", "2026-11-24T13:00:00"),
    event("Weekly", "2026-07-07T16:00:00", "2026-07-07T16:30:00", recurrence=["RRULE:FREQ=WEEKLY;BYDAY=TU"]),
]


@dataclass
class Desk:
    """A tool that is connected to accounts at the stand-in."""

    google: GoogleStandIn
    tool: GoogleCalendarTool
    credentials: ConnectionCredentials
    database: FakeDatabase
    secrets: FakeSecrets

    async def control(self, verb: str, resource: str, **body: Any) -> Any:
        url = f"{self.google.url}/_local/{resource}"
        async with aiohttp.ClientSession() as http, http.request(verb, url, json=body or None) as answer:
            answer.raise_for_status()
            return await answer.json() if answer.content_type == "application/json" else None

    async def connect(self, email: str, events: list[Any], scopes: list[str] = SCOPES) -> None:
        await self.control("POST", "accounts", email=email, time_zone="Europe/Berlin", events=events)
        grant = {"email": email, "scopes": scopes, "client_id": CLIENT.client_id}
        answer = await self.control("POST", "refresh-tokens", **grant)
        put_connected(self.database, connection_of(email))
        self.secrets.put_token(connection_of(email), answer["refresh_token"])

    async def run(
        self, action: str, email: str = EMAIL, key: str = "0" * 32, call: str | None = None, **arguments: Any
    ) -> dict[str, Any]:
        """`call` is the session; None: each key is of a call of its own."""
        config = GoogleCalendarConfig.model_validate(arguments.pop("config", {}))
        credential = self.credentials.credential(connection_of(email))
        context = tool_context(
            config=config, credential=credential, idempotency_key=key, session_id=call or f"ca{key}"
        )
        model = self.tool.metadata.actions[action].arguments
        return await self.tool.execute(action, model.model_validate(arguments), context)

    async def stored(self, email: str = EMAIL) -> list[str]:
        answer = await self.control("GET", f"accounts/{email}/calendars/primary/events")
        return sorted(found["summary"] for found in answer["events"])


def connection_of(email: str) -> ConnectionRef:
    version = f"projects/p/secrets/{email}/versions/1"
    return ConnectionRef(f"tenant of {email}", "front-desk", "google_calendar", "google", version)


def desk_at(google: GoogleStandIn) -> Desk:
    provider = OAuthProvider("google", f"{google.url}/token", CLIENT.client_id, SecretStr(CLIENT.secret))
    gateway = GoogleCalendarGateway(CalendarSettings(google_calendar_endpoint=google.url))
    database, secrets = FakeDatabase(), FakeSecrets()
    connections = ConnectionService(database)  # pyright: ignore[reportArgumentType]
    renewal = TokenRenewal(secrets, {"google": OAuthGateway(provider)}, connections)
    credentials = ConnectionCredentials(connections, renewal)
    return Desk(google, GoogleCalendarTool(gateway), credentials, database, secrets)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncGenerator[Desk]:
    async with stand_in(tmp_path, clients=[CLIENT]) as google:
        desk = desk_at(google)
        await desk.connect(EMAIL, EVENTS)
        yield desk


async def test_a_day_is_told_with_the_occurrence_of_a_series_in_it(desk: Desk) -> None:
    result = await desk.run("list_events", start="2026-11-24T00:00:00", end="2026-11-24T23:59:59")

    assert [(told["summary"], told["when"]) for told in result["events"]] == [
        ("Team meeting", "Tuesday 24 November 2026, 09:30 to 10:00"),
        ("Lunch with Sam", "Tuesday 24 November 2026, 12:00 to 13:00"),
        ("Weekly", "Tuesday 24 November 2026, 16:00 to 16:30"),
    ]
    assert [told.get("repeats", False) for told in result["events"]] == [False, False, True]


async def test_a_query_finds_events_by_their_words(desk: Desk) -> None:
    result = await desk.run("list_events", **DAY, query="sam")

    assert [told["summary"] for told in result["events"]] == ["Lunch with Sam"]


async def test_free_slots_lie_between_events_all_day_ones_included(desk: Desk) -> None:
    hours = [{"weekday": day, "opens": "09:00", "closes": "13:30"} for day in range(5)]
    found = await desk.run("find_free_slots", **DAY, duration_minutes=60, config={"working_hours": hours})
    assert [slot["when"][-14:] for slot in found["slots"]] == ["10:00 to 11:00", "11:00 to 12:00"]

    holiday = {"summary": "Holiday", "start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}
    await desk.connect(EMAIL, [holiday])
    assert (await desk.run("find_free_slots", **DAY))["slots"] == []

    await desk.connect(EMAIL, [{**holiday, "transparency": "transparent"}])
    assert (await desk.run("find_free_slots", **DAY))["slots"] != []


async def test_a_booking_is_in_the_calendar_once_however_often_it_is_repeated(desk: Desk) -> None:
    first = await desk.run("create_event", **BOOKING)
    again = await desk.run("create_event", **BOOKING)
    blind = await desk.run("create_event", **BOOKING, config={"allow_double_booking": True})

    assert first == again == blind
    assert first["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 14:30"
    assert (await desk.stored()).count("Dentist") == 1


async def test_a_booking_whose_answer_comes_too_late_is_found_by_the_next_attempt(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "shared.gateways.google_calendar")
    insert = GoogleCalendarGateway.insert_event

    async def insert_late(*arguments: Any, **options: Any) -> Any:
        """The booking is made after we gave up waiting and before we ask again."""
        between = ATTEMPT_TIMEOUT_SECONDS + BACKOFF_SECONDS[0] / 2
        await desk.control("POST", "faults", path="/calendar/v3/", delay_seconds=between)
        return await insert(*arguments, **options)

    monkeypatch.setattr(GoogleCalendarGateway, "insert_event", insert_late)

    result = await desk.run("create_event", **BOOKING, config={"allow_double_booking": True})

    assert "calendar request failed, trying again" in caplog.messages
    assert result["message"] == "The appointment is booked."
    assert (await desk.stored()).count("Dentist") == 1


async def test_a_taken_time_is_refused_with_free_ones(desk: Desk) -> None:
    with caller_hears("already taken", "Tuesday 24 November 2026, 13:00;", error=ToolError):
        await desk.run("create_event", summary="x", start="2026-11-24T12:30:00", duration_minutes=30)

    assert "x" not in await desk.stored()


async def test_ten_calls_that_book_the_same_time_at_once_never_double_it(desk: Desk) -> None:
    results = await asyncio.gather(
        *(desk.run("create_event", key=f"{number:032}", **BOOKING) for number in range(10)),
        return_exceptions=True,
    )

    booked = [result for result in results if isinstance(result, dict)]
    refused = [result for result in results if isinstance(result, ToolError)]
    assert len(booked) + len(refused) == 10
    assert len(booked) <= 1
    assert (await desk.stored()).count("Dentist") == len(booked)


async def test_a_booking_that_is_asked_for_again_in_the_same_call_is_found_in_the_calendar(
    desk: Desk,
) -> None:
    first = await desk.run("create_event", key="1" * 32, call="ca1", **BOOKING)
    again = await desk.run("create_event", key="2" * 32, call="ca1", **BOOKING)

    assert again == first
    assert (await desk.stored()).count("Dentist") == 1
    with caller_hears("already taken"):
        await desk.run("create_event", key="3" * 32, call="ca2", **BOOKING)


async def test_moving_and_cancelling_reach_the_calendar(desk: Desk) -> None:
    booked = await desk.run("create_event", **BOOKING)
    event_id = booked["event"]["event_id"]

    moved = await desk.run("update_event", event_id=event_id, start="2026-11-24T15:00:00", summary="Check-up")
    assert moved["event"]["when"] == "Tuesday 24 November 2026, 15:00 to 15:30"
    assert "Check-up" in await desk.stored()

    await desk.run("cancel_event", event_id=event_id)
    assert "Check-up" not in await desk.stored()
    again = await desk.run("cancel_event", event_id=event_id)
    assert again["message"] == "That event has been cancelled already."


async def whens(desk: Desk, start: str, end: str) -> list[str]:
    return [
        told["when"]
        for told in (await desk.run("list_events", start=start, end=end, query="weekly"))["events"]
    ]


async def test_one_occurrence_of_a_series_is_moved_or_cancelled_alone(desk: Desk) -> None:
    listed = await desk.run("list_events", start="2026-11-24", end="2026-12-01", query="weekly")
    first, second = (told["event_id"] for told in listed["events"])

    await desk.run("update_event", event_id=first, start="2026-11-25T10:00:00")
    await desk.run("cancel_event", event_id=second)

    assert await whens(desk, "2026-11-24", "2026-12-08") == [
        "Wednesday 25 November 2026, 10:00 to 10:30",
        "Tuesday 8 December 2026, 16:00 to 16:30",
    ]


async def test_a_whole_series_is_moved_on_the_clock_and_cancelled(desk: Desk) -> None:
    listed = await desk.run("list_events", **DAY, query="weekly")
    [occurrence] = (told["event_id"] for told in listed["events"])

    await desk.run("update_event", event_id=occurrence, start="2026-11-24T17:00:00", scope="all")
    moved = await whens(desk, "2026-10-20", "2026-10-27")  # the clocks change in between
    assert moved == ["Tuesday 20 October 2026, 17:00 to 17:30", "Tuesday 27 October 2026, 17:00 to 17:30"]

    [occurrence] = (t["event_id"] for t in (await desk.run("list_events", **DAY, query="weekly"))["events"])
    await desk.run("cancel_event", event_id=occurrence, scope="all")
    assert await whens(desk, "2026-10-20", "2026-12-01") == []


async def test_an_all_day_event_can_be_given_a_time(desk: Desk) -> None:
    await desk.connect(
        EMAIL, [{"summary": "A", "start": {"date": "2026-11-24"}, "end": {"date": "2026-11-25"}}]
    )
    [told] = (await desk.run("list_events", **DAY))["events"]

    moved = await desk.run("update_event", event_id=told["event_id"], start="2026-11-24T14:00:00")

    assert moved["event"]["when"] == "Tuesday 24 November 2026, 14:00 to 14:30"


async def test_more_events_than_fit_on_a_page_all_count(desk: Desk) -> None:
    minutes = [f"2026-11-24T{number // 60:02}:{number % 60:02}" for number in range(301)]
    await desk.connect(EMAIL, [event("e", f"{a}:00", f"{b}:00") for a, b in pairwise(minutes)])

    result = await desk.run("list_events", **DAY)

    assert result["message"].startswith("300 events")


async def test_a_calendar_that_is_too_full_to_read_is_never_taken_for_a_free_one(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_calendar, "EVENTS_PER_PAGE", 1)
    monkeypatch.setattr(google_calendar, "MAX_PAGES", 2)

    with caller_hears("too many events", error=UnavailableError):
        await desk.run("find_free_slots", **DAY)


async def test_an_expired_token_is_replaced_within_the_same_call(desk: Desk) -> None:
    await desk.run("list_events", **DAY)
    await desk.control("PUT", "access-tokens", expire_now=True)

    assert len((await desk.run("list_events", **DAY))["events"]) == 3


async def test_a_revoked_account_is_told_to_be_reconnected(desk: Desk) -> None:
    await desk.run("list_events", **DAY)
    await desk.control("DELETE", "refresh-tokens", email=EMAIL, client_id=CLIENT.client_id)
    await desk.control("PUT", "access-tokens", expire_now=True)

    with caller_hears("has to connect it again", error=DisconnectedError):
        await desk.run("list_events", **DAY)


async def test_a_permission_that_was_not_given_is_told(desk: Desk) -> None:
    await desk.connect(EMAIL, EVENTS, ["https://www.googleapis.com/auth/calendar.freebusy"])

    with caller_hears("has not given permission", error=DisconnectedError):
        await desk.run("list_events", **DAY)


async def test_a_calendar_or_event_that_does_not_exist_is_told(desk: Desk) -> None:
    with caller_hears("calendar that was set up does not exist"):
        await desk.run("list_events", **DAY, config={"calendar_id": "other@group.calendar.google.com"})
    with caller_hears("cannot find that event"):
        await desk.run("cancel_event", event_id="nosuchevent")


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_moment_of_trouble_goes_unnoticed(desk: Desk, status: int) -> None:
    await desk.control("POST", "faults", path="/calendar/v3/", count=1, status=status)

    assert len((await desk.run("list_events", **DAY))["events"]) == 3


async def test_trouble_that_stays_is_told_and_the_next_request_works(desk: Desk) -> None:
    await desk.control("POST", "faults", path="/calendar/v3/", count=2, status=503)

    with caller_hears("calendar does not answer", error=UnavailableError):
        await desk.run("list_events", **DAY)
    assert len((await desk.run("list_events", **DAY))["events"]) == 3


async def test_many_calls_of_two_tenants_at_once_each_see_their_own_calendar(desk: Desk) -> None:
    other = "desk@other.example"
    await desk.connect(other, [event("Secret", "2026-11-24T09:00:00", "2026-11-24T09:30:00")])

    results = await asyncio.gather(
        *(desk.run("list_events", (EMAIL, other)[n % 2], **DAY) for n in range(50))
    )

    assert {len(result["events"]) for result in results[::2]} == {3}
    assert {tuple(told["summary"] for told in result["events"]) for result in results[1::2]} == {("Secret",)}


async def test_a_connection_that_the_server_closed_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    async with stand_in(tmp_path, clients=[CLIENT]) as google:
        desk = desk_at(google)
        await desk.connect(EMAIL, EVENTS)
        await desk.run("list_events", **DAY)

    async with stand_in(tmp_path, clients=[CLIENT], port=google.port):
        assert len((await desk.run("list_events", **DAY))["events"]) == 3


async def test_nobody_listening_is_told(tmp_path: Path) -> None:
    async with stand_in(tmp_path, clients=[CLIENT]) as google:
        desk = desk_at(google)
        await desk.connect(EMAIL, EVENTS)
        await desk.run("list_events", **DAY)

    with caller_hears("calendar does not answer", error=UnavailableError):
        await desk.run("list_events", **DAY)


async def test_an_answer_that_breaks_off_is_no_answer() -> None:
    """What http.client raises for it went past the sentence that a booking may have been done."""

    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        writer.close()

    server = await asyncio.start_server(break_off, "127.0.0.1", 0)
    async with server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        gateway = GoogleCalendarGateway(CalendarSettings(google_calendar_endpoint=url))
        with pytest.raises(UnavailableError):
            await gateway.get_event(FakeCredential(), "primary", "e1")
