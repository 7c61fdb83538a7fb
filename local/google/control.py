"""What the laptop cloud's own commands and tests may do that nobody can do at Google: `/_local/…`.

POST   /_local/accounts                          {email, name?, time_zone?, events?, calendars?}
GET    /_local/accounts
GET    /_local/accounts/{email}/calendars/{id}/events
POST   /_local/refresh-tokens                    {email, scopes, client_id} -> {refresh_token}
DELETE /_local/refresh-tokens                    {email, client_id}
PUT    /_local/access-tokens                     {lifetime_seconds?, expire_now?}
PUT    /_local/consent, DELETE /_local/consent   {email, scopes?, deny?}
POST   /_local/faults, DELETE /_local/faults     {path, count?, status?, delay_seconds?}
"""

from collections.abc import Callable

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from local.google.api_error import ApiError
from local.google.calendar import CalendarEvents
from local.google.calendar_store import Calendar, CalendarStore, Event
from local.google.event_times import time_zone
from local.google.faults import Fault, Faults
from local.google.oauth_consent import AutoConsent, ConsentEndpoint
from local.google.oauth_store import Grant, OAuthStore
from local.request_body import parsed

_DEFAULT_TIME_ZONE = "UTC"


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CalendarBody(_Body):
    id: str
    summary: str | None = None
    time_zone: str | None = None
    events: list[Event] = Field(default_factory=list)
    """As events.insert takes them."""


class AccountBody(_Body):
    """Creates the account or changes it; a calendar's events are replaced when they are given."""

    email: str
    name: str | None = None
    time_zone: str | None = None
    events: list[Event] | None = None
    """Of the primary calendar."""
    calendars: list[CalendarBody] = Field(default_factory=list)
    """Besides the primary one."""


class GrantBody(_Body):
    email: str
    scopes: list[str]
    client_id: str


class RevocationBody(_Body):
    """The account's owner takes back what the client was allowed."""

    email: str
    client_id: str


class AccessTokensBody(_Body):
    lifetime_seconds: int | None = Field(default=None, ge=1)
    """Of tokens issued from now on."""
    expire_now: bool = False
    """Also end those that are out."""


class Control:
    def __init__(
        self,
        calendars: CalendarStore,
        oauth: OAuthStore,
        consent: ConsentEndpoint,
        faults: Faults,
        clock: Callable[[], float],
    ) -> None:
        self._calendars = calendars
        self._oauth = oauth
        self._consent = consent
        self._faults = faults
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/_local/accounts", self._put_account),
            web.get("/_local/accounts", self._list_accounts),
            web.get("/_local/accounts/{email}/calendars/{calendar}/events", self._list_events),
            web.post("/_local/refresh-tokens", self._grant),
            web.delete("/_local/refresh-tokens", self._revoke),
            web.put("/_local/access-tokens", self._access_tokens),
            web.put("/_local/consent", self._consent_automatically),
            web.delete("/_local/consent", self._consent_by_page),
            web.post("/_local/faults", self._plan_fault),
            web.delete("/_local/faults", self._clear_faults),
        ]

    async def _put_account(self, request: web.Request) -> web.Response:
        body = await parsed(request, AccountBody)
        known = self._oauth.account(body.email)
        name = body.name or (known.name if known else body.email.partition("@")[0].capitalize())
        self._oauth.add_account(body.email, name)
        primary = CalendarBody(id=body.email, time_zone=body.time_zone, events=body.events or [])
        try:
            ids = self._put_calendar(body.email, primary, replace=body.events is not None)
            for calendar in body.calendars:
                self._put_calendar(body.email, calendar, replace=True)
        except ApiError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        return web.json_response({"email": body.email, "events": ids})

    def _put_calendar(self, account: str, body: CalendarBody, *, replace: bool) -> list[str]:
        known = self._calendars.calendar(account, body.id)
        zone = body.time_zone or (known.time_zone if known else _DEFAULT_TIME_ZONE)
        calendar = Calendar(account, body.id, body.summary or body.id, time_zone(zone).key)
        self._calendars.put_calendar(calendar)
        if replace:
            self._calendars.clear(calendar)
        events = CalendarEvents(self._calendars, calendar, self._clock)
        return [events.insert(event)["id"] for event in body.events]

    async def _list_accounts(self, _: web.Request) -> web.Response:
        return web.json_response(
            [
                {
                    "email": account.email,
                    "name": account.name,
                    "calendars": [calendar.id for calendar in self._calendars.calendars(account.email)],
                }
                for account in self._oauth.accounts()
            ]
        )

    async def _list_events(self, request: web.Request) -> web.Response:
        """Stored events that are not cancelled: series once, with their changed instances."""
        calendar = self._calendars.calendar(request.match_info["email"], request.match_info["calendar"])
        if calendar is None:
            raise web.HTTPNotFound(text="no such account or calendar")
        events = [event for event in self._calendars.events(calendar) if event["status"] != "cancelled"]
        return web.json_response({"time_zone": calendar.time_zone, "events": events})

    async def _grant(self, request: web.Request) -> web.Response:
        body = await parsed(request, GrantBody)
        if self._oauth.account(body.email) is None:
            raise web.HTTPNotFound(text=f"no account {body.email}")
        if body.client_id not in self._oauth.clients:
            raise web.HTTPNotFound(text=f"no client {body.client_id}")
        grant = Grant(body.email, body.client_id, tuple(body.scopes))
        self._oauth.record_consent(grant)
        return web.json_response({"refresh_token": self._oauth.issue_refresh_token(grant)})

    async def _revoke(self, request: web.Request) -> web.Response:
        body = await parsed(request, RevocationBody)
        self._oauth.revoke(body.email, body.client_id)
        return web.Response(status=204)

    async def _access_tokens(self, request: web.Request) -> web.Response:
        body = await parsed(request, AccessTokensBody)
        if body.lifetime_seconds is not None:
            self._oauth.access_token_lifetime = body.lifetime_seconds
        if body.expire_now:
            self._oauth.expire_access_tokens()
        return web.Response(status=204)

    async def _consent_automatically(self, request: web.Request) -> web.Response:
        self._consent.auto_consent = await parsed(request, AutoConsent)
        return web.Response(status=204)

    async def _consent_by_page(self, _: web.Request) -> web.Response:
        self._consent.auto_consent = None
        return web.Response(status=204)

    async def _plan_fault(self, request: web.Request) -> web.Response:
        self._faults.plan(await parsed(request, Fault))
        return web.Response(status=204)

    async def _clear_faults(self, _: web.Request) -> web.Response:
        self._faults.clear()
        return web.Response(status=204)
