"""Google's API client against the stand-in of Calendar: events, series and their instances, free/busy."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from local.google.faults import Fault
from local.google.oauth_store import Client
from local.google.server import GoogleStandIn
from tests.contract.google_stand_in import stand_in

pytestmark = pytest.mark.contract

CLIENT = Client("app", "app-secret", frozenset())
ALICE = "alice@example.com"
ZONE = "America/Los_Angeles"
OWNED = "https://www.googleapis.com/auth/calendar.events.owned"
ALL = "https://www.googleapis.com/auth/calendar"


def on(day: str, clock: str, zone: str | None = ZONE) -> dict[str, str]:
    return {"dateTime": f"{day}T{clock}:00", **({"timeZone": zone} if zone else {})}


class Alice:
    """Alice's calendar through the official client. Every method blocks; see `run`."""

    def __init__(self, google: GoogleStandIn, scope: str = ALL) -> None:
        self.url = google.url
        self.refresh_token = self.control(
            "POST", "refresh-tokens", email=ALICE, scopes=[scope], client_id=CLIENT.client_id
        )["refresh_token"]
        self.api: Any = discovery.build(
            "calendar",
            "v3",
            credentials=self.credentials(),
            static_discovery=True,
            client_options={"api_endpoint": f"{google.url}/calendar/v3/"},
        )

    def credentials(self) -> Credentials:
        return Credentials(
            None,
            refresh_token=self.refresh_token,
            token_uri=f"{self.url}/token",
            client_id=CLIENT.client_id,
            client_secret=CLIENT.secret,
        )

    def control(self, verb: str, path: str, **body: Any) -> Any:
        answer = requests.request(verb, f"{self.url}/_local/{path}", json=body, timeout=5)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def insert(self, **event: Any) -> Any:
        return self.api.events().insert(calendarId="primary", body=event).execute()

    def events(self, **parameters: Any) -> list[Any]:
        return self.page(**parameters)["items"]

    def page(self, **parameters: Any) -> Any:
        return self.api.events().list(calendarId="primary", **parameters).execute()

    def instances(self, start: str, end: str) -> list[Any]:
        return self.events(
            timeMin=f"{start}T00:00:00-08:00",
            timeMax=f"{end}T00:00:00-08:00",
            singleEvents=True,
            orderBy="startTime",
        )

    def get(self, event_id: str) -> Any:
        return self.api.events().get(calendarId="primary", eventId=event_id).execute()

    def patch(self, event_id: str, **changes: Any) -> Any:
        return self.api.events().patch(calendarId="primary", eventId=event_id, body=changes).execute()

    def delete(self, event_id: str) -> None:
        self.api.events().delete(calendarId="primary", eventId=event_id).execute()

    def meeting(self, **changes: Any) -> Any:
        times = {"start": on("2026-11-24", "09:30"), "end": on("2026-11-24", "10:00")}
        return self.insert(**{"summary": "Team meeting", **times, **changes})

    def weekly(self, **changes: Any) -> Any:
        """Tuesdays at nine, four times, across the end of daylight saving time on 1 November."""
        return self.insert(
            **{
                "summary": "Weekly",
                "start": on("2026-10-20", "09:00"),
                "end": on("2026-10-20", "10:00"),
                "recurrence": ["RRULE:FREQ=WEEKLY;COUNT=4"],
                **changes,
            }
        )


@pytest.fixture
async def google(tmp_path: Path) -> AsyncIterator[GoogleStandIn]:
    async with stand_in(tmp_path, clients=[CLIENT]) as started:
        url = f"{started.url}/_local/accounts"
        body = {"email": ALICE, "time_zone": ZONE}
        await asyncio.to_thread(lambda: requests.post(url, json=body, timeout=5).raise_for_status())
        yield started


async def run(google: GoogleStandIn, steps: Callable[[Alice], Any], scope: str = ALL) -> Any:
    """On a thread: the client blocks, and the stand-in runs on this loop."""
    return await asyncio.to_thread(lambda: steps(Alice(google, scope)))


def refused(call: Callable[[], Any]) -> tuple[int, str]:
    """(status, reason) of the error with which `call` fails."""
    with pytest.raises(HttpError) as caught:
        call()
    error: Any = caught.value
    return error.resp.status, error.error_details[0]["reason"]


class TestEvents:
    async def test_an_inserted_event_is_shown_in_the_calendars_zone(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> Any:
            berlin = {"dateTime": "2026-11-24T18:30:00+01:00", "timeZone": "Europe/Berlin"}
            end = {"dateTime": "2026-11-24T19:00:00+01:00", "timeZone": "Europe/Berlin"}
            return alice.get(alice.meeting(start=berlin, end=end)["id"])

        event = await run(google, steps)
        assert event["start"] == {"dateTime": "2026-11-24T09:30:00-08:00", "timeZone": "Europe/Berlin"}
        assert event["status"] == "confirmed"
        assert event["organizer"] == {"email": ALICE, "self": True}
        assert event["iCalUID"] == f"{event['id']}@google.com"

    async def test_a_chosen_id_is_kept_and_taken_even_after_deletion(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[Any]:
            created = alice.meeting(id="abcdef0123")["id"]
            taken = refused(lambda: alice.meeting(id="abcdef0123"))
            alice.delete(created)
            return [created, taken, refused(lambda: alice.meeting(id="abcdef0123"))]

        assert await run(google, steps) == ["abcdef0123", (409, "duplicate"), (409, "duplicate")]

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"id": "UPPER-case"}, "invalid"),
            ({"end": None}, "invalid"),
            ({"start": {"dateTime": "2026-11-24T09:30:00"}}, "invalid"),
            ({"start": {"dateTime": "2026-11-24T09:30:00", "timeZone": "Mars/Base"}}, "invalid"),
            ({"start": {"date": "2026-11-24"}}, "invalid"),
            ({"end": on("2026-11-24", "09:00")}, "timeRangeEmpty"),
            ({"recurrence": ["RRULE:FREQ=NEVER"]}, "invalid"),
        ],
    )
    async def test_a_malformed_event_is_refused(
        self, google: GoogleStandIn, changes: dict[str, Any], reason: str
    ) -> None:
        assert await run(google, lambda alice: refused(lambda: alice.meeting(**changes))) == (400, reason)

    async def test_a_patch_changes_what_it_names_and_an_update_replaces_the_rest(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> tuple[Any, Any]:
            event = alice.meeting(location="Room 1", extendedProperties={"private": {"a": "1", "b": "2"}})
            patched = alice.patch(
                event["id"], location=None, extendedProperties={"private": {"a": "3"}}, summary="Renamed"
            )
            body = {"start": event["start"], "end": event["end"], "summary": "Replaced"}
            update = alice.api.events().update(calendarId="primary", eventId=event["id"], body=body)
            return patched, update.execute()

        patched, updated = await run(google, steps)
        assert patched["summary"] == "Renamed"
        assert "location" not in patched
        assert patched["extendedProperties"] == {"private": {"a": "3", "b": "2"}}
        assert updated["summary"] == "Replaced"
        assert "extendedProperties" not in updated
        assert updated["created"] == patched["created"]

    async def test_a_deleted_event_is_unlisted_still_readable_and_deleted_once(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> list[Any]:
            event = alice.meeting()
            alice.delete(event["id"])
            again = refused(lambda: alice.delete(event["id"]))
            deleted = [e["status"] for e in alice.events(showDeleted=True)]
            return [alice.events(), alice.get(event["id"])["status"], again, deleted]

        assert await run(google, steps) == [[], "cancelled", (410, "deleted"), ["cancelled"]]

    async def test_a_stale_etag_is_refused(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> tuple[Any, Any]:
            event = alice.meeting()
            alice.patch(event["id"], summary="Changed meanwhile")

            def write(etag: str) -> Any:
                request = alice.api.events().patch(
                    calendarId="primary", eventId=event["id"], body={"summary": "Mine"}
                )
                request.headers["If-Match"] = etag
                return request.execute()

            stale = refused(lambda: write(event["etag"]))
            return stale, write(alice.get(event["id"])["etag"])["summary"]

        assert await run(google, steps) == ((412, "conditionNotMet"), "Mine")

    async def test_events_survive_a_restart(self, google: GoogleStandIn, tmp_path: Path) -> None:
        await run(google, lambda alice: alice.meeting())
        async with stand_in(tmp_path, clients=[CLIENT]) as restarted:
            summaries = await run(restarted, lambda alice: [e["summary"] for e in alice.events()])
        assert summaries == ["Team meeting"]


class TestList:
    async def test_a_window_holds_what_overlaps_it(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[str]:
            for start, end in [
                ("08:00", "09:00"),
                ("08:30", "09:01"),
                ("09:59", "11:00"),
                ("10:00", "11:00"),
            ]:
                alice.meeting(summary=start, start=on("2026-11-24", start), end=on("2026-11-24", end))
            window = alice.events(
                timeMin="2026-11-24T09:00:00-08:00",
                timeMax="2026-11-24T10:00:00-08:00",
                singleEvents=True,
                orderBy="startTime",
            )
            return [event["summary"] for event in window]

        assert await run(google, steps) == ["08:30", "09:59"]

    async def test_a_whole_day_lasts_from_midnight_to_midnight_in_the_calendars_zone(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> list[int]:
            alice.insert(summary="Holiday", start={"date": "2026-11-24"}, end={"date": "2026-11-25"})

            def found(start: str, end: str) -> int:
                return len(alice.events(timeMin=start, timeMax=end, singleEvents=True))

            return [
                found("2026-11-24T07:00:00Z", "2026-11-24T08:00:00Z"),
                found("2026-11-24T08:00:00Z", "2026-11-24T08:01:00Z"),
                found("2026-11-25T07:59:00Z", "2026-11-25T09:00:00Z"),
                found("2026-11-25T08:00:00Z", "2026-11-25T09:00:00Z"),
            ]

        assert await run(google, steps) == [0, 1, 1, 0]

    async def test_pages_continue_where_the_last_one_ended(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[list[str]]:
            for number in range(5):
                alice.meeting(summary=str(number))
            pages: list[list[str]] = []
            request = alice.api.events().list(calendarId="primary", maxResults=2)
            while request is not None:
                page = request.execute()
                pages.append([event["summary"] for event in page["items"]])
                request = alice.api.events().list_next(request, page)
            return pages

        assert await run(google, steps) == [["0", "1"], ["2", "3"], ["4"]]

    async def test_text_and_private_properties_filter(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[list[str]]:
            alice.meeting(summary="Dentist", extendedProperties={"private": {"booking": "1"}})
            alice.meeting(summary="Lunch", attendees=[{"email": "dentist@example.com"}])
            alice.meeting(summary="Other")
            return [
                [event["summary"] for event in alice.events(q="DENTIST")],
                [event["summary"] for event in alice.events(privateExtendedProperty="booking=1")],
            ]

        assert await run(google, steps) == [["Dentist", "Lunch"], ["Dentist"]]

    @pytest.mark.parametrize(
        ("parameters", "expected"),
        [
            ({"timeMin": "2026-11-24T09:00:00"}, (400, "invalid")),
            ({"orderBy": "startTime"}, (400, "invalid")),
            ({"timeMin": "2026-11-24T09:00:00Z", "timeMax": "2026-11-24T09:00:00Z"}, (400, "timeRangeEmpty")),
            ({"syncToken": "x"}, (501, "notImplemented")),
        ],
    )
    async def test_a_malformed_question_is_refused(
        self, google: GoogleStandIn, parameters: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        assert await run(google, lambda alice: refused(lambda: alice.page(**parameters))) == expected


class TestSeries:
    async def test_instances_keep_their_wall_clock_time_across_daylight_saving(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> tuple[Any, Any]:
            return alice.weekly(), alice.instances("2026-10-01", "2026-12-01")

        series, instances = await run(google, steps)
        assert [event["start"]["dateTime"] for event in instances] == [
            "2026-10-20T09:00:00-07:00",
            "2026-10-27T09:00:00-07:00",
            "2026-11-03T09:00:00-08:00",
            "2026-11-10T09:00:00-08:00",
        ]
        assert instances[2]["id"] == f"{series['id']}_20261103T170000Z"
        assert instances[2]["recurringEventId"] == series["id"]
        assert instances[2]["originalStartTime"] == instances[2]["start"]
        assert "recurrence" not in instances[2]

    async def test_one_instance_can_be_moved_and_one_cancelled(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> tuple[list[str], Any, Any]:
            series = alice.weekly()["id"]
            moved, cancelled = f"{series}_20261103T170000Z", f"{series}_20261110T170000Z"
            alice.patch(moved, start=on("2026-11-05", "14:00"), end=on("2026-11-05", "15:00"))
            alice.delete(cancelled)
            again = refused(lambda: alice.delete(cancelled))
            instances = alice.instances("2026-10-25", "2026-12-01")
            return [e["start"]["dateTime"][:16] for e in instances], alice.get(moved), again

        starts, moved, again = await run(google, steps)
        assert starts == ["2026-10-27T09:00", "2026-11-05T14:00"]
        assert moved["originalStartTime"]["dateTime"] == "2026-11-03T09:00:00-08:00"
        assert again == (410, "deleted")

    async def test_a_deleted_series_takes_its_changed_instances_with_it(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[Any]:
            series = alice.weekly()["id"]
            alice.patch(f"{series}_20261103T170000Z", summary="Changed")
            alice.delete(series)
            return alice.instances("2026-10-01", "2026-12-01")

        assert await run(google, steps) == []

    async def test_a_series_is_one_event_unless_it_is_expanded(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> tuple[int, int]:
            alice.weekly()
            return len(alice.events()), len(alice.events(singleEvents=True))

        assert await run(google, steps) == (1, 4)

    async def test_an_id_that_is_no_instance_is_not_found(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[Any]:
            series = alice.weekly()["id"]
            stamps = ["20261104T170000Z", "20261103", "20261303T170000Z"]
            return [refused(lambda s=stamp: alice.get(f"{series}_{s}")) for stamp in stamps]

        assert await run(google, steps) == [(404, "notFound")] * 3

    async def test_whole_days_repeat_until_a_date_without_what_is_excluded(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> list[tuple[str, str]]:
            alice.insert(
                summary="On call",
                start={"date": "2026-11-02"},
                end={"date": "2026-11-04"},
                recurrence=["RRULE:FREQ=WEEKLY;UNTIL=20261123", "EXDATE;VALUE=DATE:20261109"],
            )
            instances = alice.instances("2026-11-01", "2027-01-01")
            return [(event["start"]["date"], event["end"]["date"]) for event in instances]

        assert await run(google, steps) == [
            ("2026-11-02", "2026-11-04"),
            ("2026-11-16", "2026-11-18"),
            ("2026-11-23", "2026-11-25"),
        ]


class TestFreeBusy:
    async def test_busy_periods_are_merged_clipped_and_without_free_events(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> Any:
            alice.meeting(start=on("2026-11-24", "08:00"), end=on("2026-11-24", "09:30"))
            alice.meeting()
            alice.meeting(
                start=on("2026-11-24", "11:00"), end=on("2026-11-24", "12:00"), transparency="transparent"
            )
            body = {
                "timeMin": "2026-11-24T09:00:00-08:00",
                "timeMax": "2026-11-24T17:00:00-08:00",
                "timeZone": ZONE,
                "items": [{"id": "primary"}, {"id": "nobody@example.com"}],
            }
            return alice.api.freebusy().query(body=body).execute()["calendars"]

        calendars = await run(google, steps)
        assert calendars["primary"]["busy"] == [
            {"start": "2026-11-24T09:00:00-08:00", "end": "2026-11-24T10:00:00-08:00"}
        ]
        assert calendars["nobody@example.com"]["errors"][0]["reason"] == "notFound"


class TestAccess:
    async def test_an_expired_token_is_refused_and_the_client_gets_a_new_one(
        self, google: GoogleStandIn
    ) -> None:
        def steps(alice: Alice) -> int:
            alice.meeting()
            alice.control("PUT", "access-tokens", expire_now=True)
            return len(alice.events())

        assert await run(google, steps) == 1

    async def test_access_tokens_expire(self, tmp_path: Path) -> None:
        now = 1_000_000.0
        async with stand_in(tmp_path, clients=[CLIENT], clock=lambda: now) as google:
            token = google.issue_access_token(ALICE, CLIENT.client_id, [ALL])
            url = f"{google.url}/calendar/v3/calendars/primary/events"

            def ask() -> requests.Response:
                return requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=5)

            assert (await asyncio.to_thread(ask)).status_code == 404  # no such calendar, but known
            now += 3599
            answer = await asyncio.to_thread(ask)
        assert answer.status_code == 401
        assert answer.json()["error"]["errors"][0]["reason"] == "authError"

    async def test_a_missing_scope_is_forbidden(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> tuple[int, Any]:
            return len(alice.events()), refused(
                lambda: alice.api.calendars().get(calendarId="primary").execute()
            )

        listed, missing = await run(google, steps, scope=OWNED)
        assert listed == 0
        assert missing[0] == 403

    async def test_calendars_and_settings_are_described(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[Any]:
            alice.control(
                "POST",
                "accounts",
                email=ALICE,
                calendars=[{"id": "room@group", "summary": "Room", "events": []}],
            )
            listed = alice.api.calendarList().list().execute()["items"]
            return [
                [(entry["id"], entry.get("primary")) for entry in listed],
                alice.api.calendars().get(calendarId="primary").execute()["timeZone"],
                alice.api.settings().get(setting="timezone").execute()["value"],
                refused(lambda: alice.api.events().list(calendarId="other").execute()),
            ]

        assert await run(google, steps) == [
            [(ALICE, True), ("room@group", None)],
            ZONE,
            ZONE,
            (404, "notFound"),
        ]

    async def test_what_is_not_implemented_says_so_by_name(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> Any:
            return refused(lambda: alice.api.events().quickAdd(calendarId="primary", text="x").execute())

        assert await run(google, steps) == (501, "notImplemented")

    async def test_a_planned_fault_hits_the_calendar(self, google: GoogleStandIn) -> None:
        google.faults.plan(Fault(path="/calendar/v3", count=1, status=503))
        assert await run(google, lambda alice: refused(alice.events)) == (503, "backendError")


class TestControl:
    async def test_seeding_replaces_events_and_the_list_shows_them(self, google: GoogleStandIn) -> None:
        def steps(alice: Alice) -> list[list[str]]:
            def seed(*summaries: str) -> list[str]:
                times = {"start": on("2026-11-24", "09:30"), "end": on("2026-11-24", "10:00")}
                events = [{"summary": summary, **times} for summary in summaries]
                alice.control("POST", "accounts", email=ALICE, events=events)
                listed = alice.control("GET", f"accounts/{ALICE}/calendars/primary/events")["events"]
                return [event["summary"] for event in listed]

            return [seed("one", "two"), seed("three")]

        assert await run(google, steps) == [["one", "two"], ["three"]]

    async def test_a_mistake_names_the_field(self, google: GoogleStandIn) -> None:
        url = f"{google.url}/_local/accounts"
        answer = await asyncio.to_thread(lambda: requests.post(url, json={"emial": ALICE}, timeout=5))
        assert answer.status_code == 400
        assert answer.text == "email: Field required"
