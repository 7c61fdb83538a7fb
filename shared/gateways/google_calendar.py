"""The Google Calendar API v3, through Google's own client library.

https://developers.google.com/workspace/calendar/api/v3/reference/events. The library is synchronous and
its transport (httplib2) is not thread-safe: requests run on threads of our own, and each takes a transport
that no other request is using, with its connection still open where there is one. Every request here may
be repeated: bookings carry an id that we chose, changes and deletions say the same thing twice.

The library is imported with the first request: the API and the connection function know this tool, too, and
are deployed without it. The worker imports it before there is a call (worker/warm_up.py).
"""

import asyncio
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import cached_property
from http.client import HTTPException
from typing import TYPE_CHECKING, Any, cast

from shared.errors import DisconnectedError, TrunklineError, UnavailableError
from shared.settings import Settings
from shared.tools.base.base_tool import Credential

if TYPE_CHECKING:
    import httplib2

logger = logging.getLogger(__name__)

ATTEMPT_TIMEOUT_SECONDS = 3.0
BACKOFF_SECONDS = (0.3,)  # before the second attempt
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
# Google says "too fast" with 403 as well: https://developers.google.com/workspace/calendar/api/guides/errors
RATE_LIMITED = frozenset(
    {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "calendarUsageLimitsExceeded"}
)
MISSING_PERMISSION = frozenset({"insufficientPermissions", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})
THREADS = 16

EVENTS_PER_PAGE = 250
MAX_PAGES = 20

Event = dict[str, Any]
"""An event resource as the API returns it."""

_Build = Callable[[Any], Any]
"""Makes a request from the library's `events` resource."""


class CalendarRefusedError(TrunklineError):
    """The API refused a request for good. `status` is HTTP's, `reason` Google's."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"Google Calendar answered {status} {reason}")
        self.status = status
        self.reason = reason


class CalendarSettings(Settings):
    google_calendar_endpoint: str = "https://www.googleapis.com"
    ssl_cert_file: str | None = None
    """Certificate authorities to trust instead of certifi's; httplib2 does not read the variable itself."""


class GoogleCalendarGateway:
    """One for a process.

    Each method raises `CalendarRefusedError`, `DisconnectedError` or `UnavailableError`.
    """

    def __init__(self, settings: CalendarSettings | None = None) -> None:
        self._given_settings = settings
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="google-calendar")
        self._idle = _IdleTransports()

    async def list_events(
        self,
        credential: Credential,
        calendar_id: str,
        start: datetime,
        end: datetime,
        *,
        query: str | None = None,
    ) -> tuple[list[Event], str | None]:
        """All events that overlap [start, end), recurring ones expanded, in order of start; and the
        calendar's time zone. Never a part of them: what is missing would look free. No cancelled ones."""
        events: list[Event] = []
        token: str | None = None
        for _ in range(MAX_PAGES):
            page = await self._run(
                credential,
                lambda api, token=token: api.list(
                    calendarId=calendar_id,
                    timeMin=start.isoformat(),
                    timeMax=end.isoformat(),
                    q=query,
                    pageToken=token,
                    singleEvents=True,
                    orderBy="startTime",
                    maxResults=EVENTS_PER_PAGE,
                ),
            )
            events += page.get("items", [])
            token = page.get("nextPageToken")
            if token is None:
                return events, page.get("timeZone")
        raise UnavailableError(
            f"Google Calendar: more than {MAX_PAGES} pages",
            sentence="There are too many events in that time. Ask for a shorter one.",
        )

    async def get_event(self, credential: Credential, calendar_id: str, event_id: str) -> Event:
        """Also finds cancelled events (`status` says so)."""
        return await self._run(credential, lambda api: api.get(calendarId=calendar_id, eventId=event_id))

    async def insert_event(
        self, credential: Credential, calendar_id: str, event: Event, *, send_updates: str
    ) -> Event:
        """`event["id"]` makes this repeatable: `CalendarRefusedError` 409 when that id was used before."""
        return await self._run(
            credential,
            lambda api: api.insert(calendarId=calendar_id, body=event, sendUpdates=send_updates),
        )

    async def patch_event(
        self, credential: Credential, calendar_id: str, event_id: str, changes: Event, *, send_updates: str
    ) -> Event:
        """Only the given fields change; None removes one."""
        return await self._run(
            credential,
            lambda api: api.patch(
                calendarId=calendar_id, eventId=event_id, body=changes, sendUpdates=send_updates
            ),
        )

    async def delete_event(
        self, credential: Credential, calendar_id: str, event_id: str, *, send_updates: str
    ) -> None:
        """`CalendarRefusedError` 410 when it is deleted already."""
        await self._run(
            credential,
            lambda api: api.delete(calendarId=calendar_id, eventId=event_id, sendUpdates=send_updates),
        )

    async def _run(self, credential: Credential, build: _Build) -> Event:
        """One request: again with a new token after 401, again after a pause when Google is busy."""
        token = await credential.access_token()
        try:
            return await self._with_retries(token, build)
        except CalendarRefusedError as refused:
            if refused.status != 401:
                raise
        token = await credential.access_token(rejected=token)
        try:
            return await self._with_retries(token, build)
        except CalendarRefusedError as refused:
            if refused.status == 401:
                raise DisconnectedError(
                    "Google does not accept the connected account any more. "
                    "The business has to connect it again.",
                    message="Google Calendar refused a token that was just issued",
                ) from None
            raise

    async def _with_retries(self, token: str, build: _Build) -> Event:
        for pause in (*BACKOFF_SECONDS, None):
            try:
                return await self._attempt(token, build)
            except _TryAgain as failure:
                if pause is None:
                    raise UnavailableError(
                        f"Google Calendar: {failure}",
                        sentence="The calendar does not answer at the moment. Please try again in a minute.",
                    ) from failure
                logger.info("calendar request failed, trying again", extra={"failure": str(failure)})
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    async def _attempt(self, token: str, build: _Build) -> Event:
        loop = asyncio.get_running_loop()
        try:
            # The transport has the same limit; this one also counts the wait for a thread, and a
            # server that sends a byte now and then.
            async with asyncio.timeout(ATTEMPT_TIMEOUT_SECONDS + 0.5):
                return await loop.run_in_executor(self._threads, self._send, token, build)
        except TimeoutError as error:
            raise _TryAgain("TimeoutError") from error

    def _send(self, token: str, build: _Build) -> Event:
        """On a thread."""
        import httplib2
        from googleapiclient.errors import HttpError  # pyright: ignore[reportMissingTypeStubs]

        request = build(self._events)
        request.headers["authorization"] = f"Bearer {token}"
        transport = self._idle.take() or self._new_transport()
        try:
            answer = request.execute(http=transport)
        except HttpError as error:
            raise _classify(int(cast("Any", error).resp.status), error.content) from None
        except json.JSONDecodeError as error:
            raise _TryAgain("malformed answer") from error
        except (OSError, HTTPException, httplib2.HttpLib2Error) as error:
            raise _TryAgain(type(error).__name__) from error
        self._idle.give_back(transport)  # not after an error: its connection may be in any state
        return cast("Event", answer or {})

    @cached_property
    def _settings(self) -> CalendarSettings:
        return self._given_settings or CalendarSettings.from_env()

    @cached_property
    def _events(self) -> Any:
        """Built once, from the description of the API that comes with the library."""
        from googleapiclient import discovery  # pyright: ignore[reportMissingTypeStubs]

        build = cast("Callable[..., Any]", discovery.build)  # pyright: ignore[reportUnknownMemberType]
        service = build(
            "calendar",
            "v3",
            http=self._new_transport(),  # none is opened: each request brings its own
            static_discovery=True,
            client_options={"api_endpoint": f"{self._settings.google_calendar_endpoint}/calendar/v3/"},
        )
        return service.events()

    def _new_transport(self) -> "httplib2.Http":
        import httplib2

        transport = httplib2.Http(timeout=ATTEMPT_TIMEOUT_SECONDS, ca_certs=self._settings.ssl_cert_file)
        transport.follow_redirects = False
        return transport


class _TryAgain(Exception):
    """The request may work in a moment."""


class _IdleTransports:
    """Transports with an open connection, the most recently used first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stack: list[httplib2.Http] = []

    def take(self) -> "httplib2.Http | None":
        with self._lock:
            return self._stack.pop() if self._stack else None

    def give_back(self, transport: "httplib2.Http") -> None:
        with self._lock:
            self._stack.append(transport)


def _classify(status: int, body: bytes) -> Exception:
    reason = _reason(body)
    if status in RETRIED_STATUS or (status == 403 and reason in RATE_LIMITED):
        return _TryAgain(f"{status} {reason}")
    if status == 403 and reason in MISSING_PERMISSION:
        return DisconnectedError(
            "The connected account has not given permission for its calendar. "
            "The business has to connect it again and allow that.",
            message=f"Google Calendar answered {status} {reason}",
        )
    return CalendarRefusedError(status, reason)


def _reason(body: bytes) -> str:
    """Google's short name for what is wrong, `unknown` when the body is not Google's."""
    try:
        return str(json.loads(body)["error"]["errors"][0]["reason"])
    except (ValueError, KeyError, IndexError, TypeError):
        return "unknown"
