"""Google's API client against the stand-in of Calendar: what a list and free/busy show."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from local.google.server import GoogleStandIn
from tests.contract.calendar_user import ZONE, Alice, alices_google, on, refused, run

pytestmark = pytest.mark.contract


@pytest.fixture
async def google(tmp_path: Path) -> AsyncGenerator[GoogleStandIn]:
    async with alices_google(tmp_path) as started:
        yield started


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
