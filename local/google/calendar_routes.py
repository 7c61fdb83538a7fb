"""Google Calendar API v3 over HTTP, as googleapiclient with its bundled description calls it."""

import json
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from aiohttp import web
from googleapiclient.discovery_cache import get_static_doc
from multidict import MultiMapping

from local.google.api_error import (
    ApiError,
    insufficient_scope,
    invalid,
    not_found,
    not_implemented,
    unauthenticated,
)
from local.google.calendar import CalendarEvents, Query, busy_resource
from local.google.calendar_store import Calendar, CalendarStore, Event
from local.google.event_times import parse_instant, time_zone
from local.google.oauth_store import OAuthStore

BASE = "/calendar/v3"

_MAX_PAGE = 2500
_DEFAULT_PAGE = 250
_LIST_PARAMETERS = {
    "alt",
    "maxAttendees",
    "maxResults",
    "orderBy",
    "pageToken",
    "prettyPrint",
    "privateExtendedProperty",
    "q",
    "showDeleted",
    "singleEvents",
    "timeMax",
    "timeMin",
    "timeZone",
}

_EVENT_PARAMETERS = {"alt", "prettyPrint", "sendUpdates", "timeZone"}

Handler = Callable[[web.Request, str], Awaitable[web.Response]]
"""(request, the account whose token it carries)"""


class CalendarApi:
    def __init__(self, store: CalendarStore, oauth: OAuthStore, clock: Callable[[], float]) -> None:
        self._store = store
        self._oauth = oauth
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        events = f"{BASE}/calendars/{{calendar}}/events"
        served = [
            ("GET", events, "events.list", self._list),
            ("POST", events, "events.insert", self._insert),
            ("GET", f"{events}/{{event}}", "events.get", self._get),
            ("PATCH", f"{events}/{{event}}", "events.patch", self._patch),
            ("PUT", f"{events}/{{event}}", "events.update", self._update),
            ("DELETE", f"{events}/{{event}}", "events.delete", self._delete),
            ("POST", f"{BASE}/freeBusy", "freebusy.query", self._free_busy),
            ("GET", f"{BASE}/calendars/{{calendar}}", "calendars.get", self._calendar_resource),
            ("GET", f"{BASE}/users/me/calendarList", "calendarList.list", self._calendar_list),
            ("GET", f"{BASE}/users/me/settings/{{setting}}", "settings.get", self._setting),
        ]
        return [
            *(web.route(verb, path, self._authorized(name, handler)) for verb, path, name, handler in served),
            web.route("*", f"{BASE}/{{rest:.*}}", _not_served),
        ]

    def _authorized(
        self, method: str, handler: Handler
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.Response:
            try:
                scheme, _, token = request.headers.get("Authorization", "").partition(" ")
                grant = self._oauth.access_grant(token) if scheme.lower() == "bearer" else None
                if grant is None:
                    raise unauthenticated()
                if not scopes_of(method) & set(grant.scopes):
                    raise insufficient_scope(f"calendar.v3.{method}")
                return await handler(request, grant.email)
            except ApiError as error:
                return error.response()

        return handle

    async def _list(self, request: web.Request, account: str) -> web.Response:
        parameters = request.query
        if unknown := set(parameters) - _LIST_PARAMETERS:
            raise not_implemented(f"events.list with {', '.join(sorted(unknown))}")
        calendar = self._calendar(request, account)
        zone = time_zone(parameters.get("timeZone", calendar.time_zone))
        events = CalendarEvents(self._store, calendar, self._clock)
        found = events.search(_query(parameters))
        start = _page_start(parameters.get("pageToken"))
        end = start + min(_number(parameters, "maxResults", _DEFAULT_PAGE), _MAX_PAGE)
        answer: Event = {
            "kind": "calendar#events",
            "summary": calendar.summary,
            "timeZone": zone.key,
            "accessRole": "owner",
            "defaultReminders": [],
            "items": [events.shown(event, zone) for event in found[start:end]],
        }
        if end < len(found):
            answer["nextPageToken"] = f"page-{end}"
        return web.json_response(answer)

    async def _insert(self, request: web.Request, account: str) -> web.Response:
        events, zone = self._events(request, account)
        return _event(events.shown(events.insert(await _body(request)), zone))

    async def _get(self, request: web.Request, account: str) -> web.Response:
        events, zone = self._events(request, account)
        return _event(events.shown(events.get(request.match_info["event"]), zone))

    async def _patch(self, request: web.Request, account: str) -> web.Response:
        events, zone = self._events(request, account)
        changed = events.patch(
            request.match_info["event"], await _body(request), request.headers.get("If-Match")
        )
        return _event(events.shown(changed, zone))

    async def _update(self, request: web.Request, account: str) -> web.Response:
        events, zone = self._events(request, account)
        changed = events.update(
            request.match_info["event"], await _body(request), request.headers.get("If-Match")
        )
        return _event(events.shown(changed, zone))

    async def _delete(self, request: web.Request, account: str) -> web.Response:
        events, _ = self._events(request, account)
        events.delete(request.match_info["event"], request.headers.get("If-Match"))
        return web.Response(status=204)

    async def _free_busy(self, request: web.Request, account: str) -> web.Response:
        body = await _body(request)
        start, end = (parse_instant(str(body.get(name, "")), name) for name in ("timeMin", "timeMax"))
        if end <= start:
            raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
        zone = time_zone(body.get("timeZone", "UTC"))
        calendars: Event = {}
        for item in body.get("items", []):
            calendar = self._store.calendar(account, item["id"])
            if calendar is None:
                finding = {"domain": "global", "reason": "notFound"}
                calendars[item["id"]] = {"errors": [finding], "busy": []}
                continue
            periods = CalendarEvents(self._store, calendar, self._clock).busy(start, end)
            calendars[item["id"]] = {"busy": [busy_resource(period, zone) for period in periods]}
        return web.json_response(
            {
                "kind": "calendar#freeBusy",
                "timeMin": body["timeMin"],
                "timeMax": body["timeMax"],
                "calendars": calendars,
            }
        )

    async def _calendar_resource(self, request: web.Request, account: str) -> web.Response:
        calendar = self._calendar(request, account)
        return web.json_response({"kind": "calendar#calendar", **_calendar_fields(calendar)})

    async def _calendar_list(self, _: web.Request, account: str) -> web.Response:
        items: list[Event] = []
        for calendar in self._store.calendars(account):
            item = {"kind": "calendar#calendarListEntry", **_calendar_fields(calendar), "accessRole": "owner"}
            items.append({**item, "primary": True} if calendar.primary else item)
        return web.json_response({"kind": "calendar#calendarList", "items": items})

    async def _setting(self, request: web.Request, account: str) -> web.Response:
        name = request.match_info["setting"]
        if name != "timezone":
            raise not_implemented(f"settings.get of {name}")
        calendar = self._store.calendar(account, "primary")
        if calendar is None:
            raise not_found()
        return web.json_response({"kind": "calendar#setting", "id": "timezone", "value": calendar.time_zone})

    def _calendar(self, request: web.Request, account: str) -> Calendar:
        calendar = self._store.calendar(account, request.match_info["calendar"])
        if calendar is None:
            raise not_found()
        return calendar

    def _events(self, request: web.Request, account: str) -> tuple[CalendarEvents, ZoneInfo]:
        """The calendar in the path, and the time zone to answer in."""
        if unknown := set(request.query) - _EVENT_PARAMETERS:
            raise not_implemented(f"{request.method} of an event with {', '.join(sorted(unknown))}")
        calendar = self._calendar(request, account)
        zone = time_zone(request.query.get("timeZone", calendar.time_zone))
        return CalendarEvents(self._store, calendar, self._clock), zone


@cache
def _description() -> Event:
    return json.loads(str(get_static_doc("calendar", "v3")))


def scopes_of(method: str) -> set[str]:
    """Any of these allows the method, by Google's own description of the API."""
    resource, _, name = method.partition(".")
    return set(_description()["resources"][resource]["methods"][name]["scopes"])


async def _not_served(request: web.Request) -> web.Response:
    return not_implemented(f"{request.method} {request.path}").response()


async def _body(request: web.Request) -> Event:
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, "parseError", "This API does not support parsing form-encoded input.")
    return body


def _event(event: Event) -> web.Response:
    return web.json_response(event, headers={"ETag": event["etag"]})


def _query(parameters: MultiMapping[str]) -> Query:
    expand = parameters.get("singleEvents") == "true"
    order = parameters.get("orderBy")
    if order not in (None, "startTime"):
        raise not_implemented(f"events.list with orderBy={order}")
    if order and not expand:
        raise invalid("The requested ordering is not available for the particular query.")
    start, end = (
        parse_instant(parameters[name], name) if name in parameters else None
        for name in ("timeMin", "timeMax")
    )
    if start and end and end <= start:
        raise ApiError(400, "timeRangeEmpty", "The specified time range is empty.", domain="calendar")
    return Query(
        start=start,
        end=end,
        expand=expand,
        by_start=order == "startTime",
        show_deleted=parameters.get("showDeleted") == "true",
        text=parameters.get("q") or None,
        private_properties=tuple(
            (key, value)
            for key, _, value in (
                text.partition("=") for text in parameters.getall("privateExtendedProperty", [])
            )
        ),
    )


def _number(parameters: MultiMapping[str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not text.isdecimal() or int(text) < 1:
        raise invalid(f"Invalid value for: {name}.")
    return int(text)


def _page_start(token: str | None) -> int:
    if token is None:
        return 0
    number = token.removeprefix("page-")
    if not number.isdecimal():
        raise invalid("Invalid page token value.")
    return int(number)


def _calendar_fields(calendar: Calendar) -> dict[str, str]:
    return {"id": calendar.id, "summary": calendar.summary, "timeZone": calendar.time_zone}
