"""What a real Twilio account does not have: telephones that dial, and switches for bad days.

GET  /_local/phone?from=…&to=…      WebSocket: a telephone dials; see local/twilio/lines.py
POST /_local/calls                  an incoming call without a telephone; see `NewCall`
GET  /_local/calls/{sid}?wait=…     its state and moments; `wait` seconds for its end
GET  /_local/calls                  all of this process' calls, without moments
PUT  /_local/numbers/{e164}         buy or configure a number; see `store.Number`
PUT  /_local/second-phones/{e164}   who answers a forwarded call; see `legs.SecondPhone`
PUT  /_local/delivery               duplicates, delays, disorder; see `webhooks.Delivery`
"""

import asyncio
import contextlib
from typing import Any

from aiohttp import web
from pydantic import Field

from local.request_body import parsed
from local.twilio.call import Call
from local.twilio.exchange import Exchange, UnknownNumber
from local.twilio.legs import SecondPhone
from local.twilio.lines import Nobody, NoLine, PhoneLine
from local.twilio.store import Number
from local.twilio.webhooks import Delivery

_MAX_WAIT_SECONDS = 60.0
_PING_SECONDS = 30.0


class NewCall(Nobody):
    """`from` is the caller, for example +14155550123 or anonymous."""

    from_: str = Field(alias="from")
    to: str


class Control:
    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_local/phone", self._phone),
            web.post("/_local/calls", self._start_call),
            web.get("/_local/calls", self._list_calls),
            web.get("/_local/calls/{sid}", self._show_call),
            web.put("/_local/numbers/{number}", self._put_number),
            web.put("/_local/second-phones/{number}", self._put_second_phone),
            web.put("/_local/delivery", self._put_delivery),
        ]

    async def _phone(self, request: web.Request) -> web.StreamResponse:
        """The connection is the line: it closes when the call is over, and closing it hangs up."""
        socket = web.WebSocketResponse(heartbeat=_PING_SECONDS, compress=False)
        line = PhoneLine(socket)
        caller, called = request.query.get("from", ""), request.query.get("to", "")
        number = self._exchange.store.numbers.get(called)
        if number is None or number.voice_application_sid or number.trunk_sid:
            raise web.HTTPNotFound(text=f"no such number: {called}")
        await socket.prepare(request)
        call = self._exchange.incoming(caller, called, line)
        await line.serve(lambda: call.hang_up("caller"))
        return socket

    async def _start_call(self, request: web.Request) -> web.Response:
        new = await parsed(request, NewCall)
        nobody = Nobody.model_validate(new.model_dump(include=set(Nobody.model_fields)))
        try:
            call = self._exchange.incoming(new.from_, new.to, NoLine(nobody))
        except UnknownNumber:
            raise web.HTTPNotFound(text=f"no such number: {new.to}") from None
        return web.json_response({"call_sid": call.sid}, status=201)

    async def _list_calls(self, _request: web.Request) -> web.Response:
        return web.json_response([_summary(call) for call in self._exchange.calls.values()])

    async def _show_call(self, request: web.Request) -> web.Response:
        call = self._exchange.calls.get(request.match_info["sid"])
        if call is None:
            raise web.HTTPNotFound(text="no such call in this process")
        wait = min(float(request.query.get("wait", "0")), _MAX_WAIT_SECONDS)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(call.done.wait(), wait)
        timeline = [moment.as_json() for moment in call.timeline]
        return web.json_response(_summary(call) | {"timeline": timeline})

    async def _put_number(self, request: web.Request) -> web.Response:
        number = await parsed(request, Number, phone_number=request.match_info["number"])
        self._exchange.store.put_number(number)
        return web.json_response({"sid": number.sid})

    async def _put_second_phone(self, request: web.Request) -> web.Response:
        self._exchange.second_phones[request.match_info["number"]] = await parsed(request, SecondPhone)
        return web.json_response({})

    async def _put_delivery(self, request: web.Request) -> web.Response:
        self._exchange.webhooks.delivery = await parsed(request, Delivery)
        return web.json_response({})


def _summary(call: Call) -> dict[str, Any]:
    return {
        "call_sid": call.sid,
        "from": call.record.from_,
        "to": call.record.to,
        "status": call.record.status,
        "done": call.done.is_set(),
        "ended_by": call.ended_by,
    }
