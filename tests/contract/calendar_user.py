"""A person with a calendar at the stand-in of Google, through Google's API client."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from google.oauth2.credentials import Credentials
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from local.google.oauth_store import Client
from local.google.server import GoogleStandIn
from tests.contract.google_stand_in import stand_in

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


@asynccontextmanager
async def alices_google(state: Path) -> AsyncGenerator[GoogleStandIn]:
    async with stand_in(state, clients=[CLIENT]) as started:
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
