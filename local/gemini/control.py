"""The control endpoints, over plain HTTP, for the simulated phone, tests and measurements.

- POST /_local/scenarios `{"caller": "+1…", "scenario": {…}, "now": ISO 8601 in the agent's time zone}`:
  the caller's next call plays it from the start. 201, or 400 with what is wrong
- GET /_local/scenarios/{caller}: progress, errors, and events with `at_ms` (wall clock) and `monotonic_ns`
- DELETE /_local/scenarios/{caller}: forget it, and let connections in again
- GET /_local/conversations: the same of all, calls without a scenario included
- GET /_local/sent: every text that the model was given to read
- POST /_local/misbehave `{"misbehave": …, "seconds": …, "caller": …}`: at once; without `caller` for all
- GET /_local/latencies: with --stamp, for how long the caller's sound was under way, in ns; each read once
"""

from datetime import datetime

from aiohttp import web
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from local.gemini.connection import Service
from local.request_body import parsed
from local.scenario import Misbehave, Scenario
from local.speech import MissingSpeech
from shared.models.base import PhoneNumber


class _Registration(BaseModel):
    model_config = ConfigDict(extra="forbid")
    caller: PhoneNumber
    scenario: Scenario
    now: AwareDatetime = Field(default_factory=lambda: datetime.now().astimezone())
    """Of the call, in the agent's time zone: what {today} and {tomorrow} count from."""


class _Fault(Misbehave):
    caller: PhoneNumber | None = None


class Control:
    def __init__(self, service: Service) -> None:
        self._calls = service.calls
        self._refuse = service.refuse
        self._latencies_ns = service.latencies_ns

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/_local/scenarios", self._register),
                web.get("/_local/scenarios/{caller}", self._status),
                web.delete("/_local/scenarios/{caller}", self._forget),
                web.get("/_local/conversations", self._all),
                web.get("/_local/sent", self._sent),
                web.post("/_local/misbehave", self._misbehave),
                web.get("/_local/latencies", self._latencies),
            ]
        )
        return app

    async def _register(self, request: web.Request) -> web.Response:
        asked = await parsed(request, _Registration)
        try:
            conversation = await self._calls.register(asked.caller, asked.scenario, asked.now)
        except MissingSpeech as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        self._refuse(self._calls.refuses_from_the_start(asked.scenario))
        return web.json_response(conversation.status(), status=201)

    async def _status(self, request: web.Request) -> web.Response:
        conversation = self._calls.get(request.match_info["caller"])
        if not conversation:
            raise web.HTTPNotFound(text="no scenario is registered for this caller")
        return web.json_response(conversation.status())

    async def _forget(self, request: web.Request) -> web.Response:
        self._calls.forget(request.match_info["caller"])
        self._refuse(0)
        return web.json_response({})

    async def _all(self, _: web.Request) -> web.Response:
        return web.json_response([conversation.status() for conversation in self._calls.all()])

    async def _sent(self, _: web.Request) -> web.Response:
        return web.json_response(list(self._calls.sent))

    async def _misbehave(self, request: web.Request) -> web.Response:
        fault = await parsed(request, _Fault)
        if fault.misbehave == "refuse_connections":
            self._refuse(fault.seconds)
        for conversation in self._calls.all():
            if conversation.line and fault.caller in (None, conversation.name):
                await conversation.misbehave(fault)
        return web.json_response({})

    async def _latencies(self, _: web.Request) -> web.Response:
        measured = list(self._latencies_ns)
        self._latencies_ns.clear()
        return web.json_response({"caller_to_model_ns": measured})
