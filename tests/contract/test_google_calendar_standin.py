"""Google's API client against the stand-in of Calendar: events, series, who may do what, and its controls."""

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import requests

from local.google.faults import Fault
from local.google.server import GoogleStandIn
from tests.contract.calendar_user import (
    ALICE,
    ALL,
    CLIENT,
    OWNED,
    ZONE,
    Alice,
    alices_google,
    on,
    refused,
    run,
)
from tests.contract.google_stand_in import stand_in

pytestmark = pytest.mark.contract


@pytest.fixture
async def google(tmp_path: Path) -> AsyncGenerator[GoogleStandIn]:
    async with alices_google(tmp_path) as started:
        yield started


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
            events = alice.api.events()
            return [
                refused(lambda: events.quickAdd(calendarId="primary", text="x").execute()),
                refused(lambda: events.get(calendarId="primary", eventId="x", maxAttendees=1).execute()),
            ]

        assert await run(google, steps) == [(501, "notImplemented")] * 2

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

    async def test_mistakes_name_their_fields(self, google: GoogleStandIn) -> None:
        url = f"{google.url}/_local/accounts"
        answer = await asyncio.to_thread(lambda: requests.post(url, json={"emial": ALICE}, timeout=5))
        assert answer.status_code == 400
        assert answer.text == "email: Field required; emial: Extra inputs are not permitted"
