"""Twilio's REST API 2010-04-01, as far as the product uses it: calls, numbers, recordings.

https://www.twilio.com/docs/voice/api
"""

import base64
import hmac
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from pydantic import ValidationError
from pydantic.alias_generators import to_snake

from local.twilio import twiml
from local.twilio.call import Document, Fetch
from local.twilio.exchange import API_VERSION, Exchange
from local.twilio.store import CallRecord, Number, Recording, rfc2822
from local.twilio.webhooks import Target

_ACCOUNT = f"/{API_VERSION}/Accounts/{{account}}"


class RestError(Exception):
    """What the twilio library turns into `TwilioRestException`."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code

    def response(self) -> web.Response:
        body = {
            "code": self.code,
            "message": str(self),
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }
        return web.json_response(body, status=self.status)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class RestApi:
    def __init__(self, exchange: Exchange, auth_token: str) -> None:
        self._exchange = exchange
        self._store = exchange.store
        credentials = f"{exchange.account_sid}:{auth_token}".encode()
        self._authorization = f"Basic {base64.b64encode(credentials).decode()}"

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{_ACCOUNT}/Calls.json", self._guarded(self._list_calls)),
            web.get(f"{_ACCOUNT}/Calls/{{sid}}.json", self._guarded(self._fetch_call)),
            web.post(f"{_ACCOUNT}/Calls/{{sid}}.json", self._guarded(self._update_call)),
            web.get(f"{_ACCOUNT}/IncomingPhoneNumbers.json", self._guarded(self._list_numbers)),
            web.get(f"{_ACCOUNT}/IncomingPhoneNumbers/{{sid}}.json", self._guarded(self._fetch_number)),
            web.post(f"{_ACCOUNT}/IncomingPhoneNumbers/{{sid}}.json", self._guarded(self._update_number)),
            web.get(f"{_ACCOUNT}/Recordings.json", self._guarded(self._list_recordings)),
            web.get(f"{_ACCOUNT}/Recordings/{{name}}", self._guarded(self._fetch_recording)),
            web.delete(f"{_ACCOUNT}/Recordings/{{sid}}.json", self._guarded(self._delete_recording)),
            web.route("*", f"/{API_VERSION}/{{resource:.*}}", self._guarded(self._unimplemented)),
        ]

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                self._authenticate(request)
                return await handler(request)
            except RestError as error:
                return error.response()

        return guarded

    def _authenticate(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), self._authorization.encode()):
            raise RestError(401, 20003, "Authenticate")
        own = self._exchange.account_sid
        if request.match_info.get("account", own) != own:
            raise _not_found(request)

    async def _unimplemented(self, request: web.Request) -> web.Response:
        raise RestError(501, 20009, f"UNIMPLEMENTED: {request.method} {request.path}")

    # Calls ---------------------------------------------------------------------------------------

    async def _list_calls(self, request: web.Request) -> web.Response:
        query = request.query
        _refuse_filters(request, "Calls", {"From", "To", "Status", "ParentCallSid"})
        wanted = {
            "from_": query.get("From"),
            "to": query.get("To"),
            "status": query.get("Status"),
            "parent_call_sid": query.get("ParentCallSid"),
        }
        found = [
            call
            for call in reversed(self._store.calls.values())
            if all(value is None or getattr(call, name) == value for name, value in wanted.items())
        ]
        return self._page(request, "calls", [self._call(call) for call in found])

    async def _fetch_call(self, request: web.Request) -> web.Response:
        return web.json_response(self._call(self._call_record(request)))

    async def _update_call(self, request: web.Request) -> web.Response:
        record = self._call_record(request)
        form = await request.post()
        values = {name: str(value) for name, value in form.items()}
        call = self._exchange.calls.get(record.sid)
        if call is None and not record.ended:
            raise RestError(501, 20009, "UNIMPLEMENTED: update of a dialled party's call")
        if call is None or call.done.is_set():
            raise RestError(400, 21220, "Call is not in-progress. Cannot redirect.")
        if unknown := set(values) - {"Url", "Method", "Twiml", "Status"}:
            raise RestError(501, 20009, f"UNIMPLEMENTED: Calls update of {', '.join(sorted(unknown))}")
        if status := values.get("Status"):
            if status not in ("completed", "canceled"):
                raise RestError(400, 21218, f"Invalid Status parameter: {status}")
            call.hang_up("api")
        elif "Twiml" in values:
            try:
                call.redirect(Document(twiml.parse(values["Twiml"]), ""))
            except twiml.TwimlError as error:
                raise RestError(400, error.code, str(error)) from error
        elif "Url" in values:
            method = "GET" if values.get("Method") == "GET" else "POST"
            call.redirect(Fetch(Target(values["Url"], method), {}))
        return web.json_response(self._call(call.record))

    def _call_record(self, request: web.Request) -> CallRecord:
        record = self._store.calls.get(request.match_info["sid"])
        if record is None:
            raise _not_found(request)
        return record

    def _call(self, call: CallRecord) -> dict[str, Any]:
        return self._resource("Calls", call.sid) | {
            "parent_call_sid": call.parent_call_sid,
            "phone_number_sid": call.phone_number_sid,
            "from": call.from_,
            "to": call.to,
            "status": call.status,
            "direction": call.direction,
            "date_created": rfc2822(call.created_at),
            "date_updated": rfc2822(call.end_time or call.start_time or call.created_at),
            "start_time": rfc2822(call.start_time),
            "end_time": rfc2822(call.end_time),
            "duration": str(call.duration) if call.ended else None,
        }

    # Numbers -------------------------------------------------------------------------------------

    async def _list_numbers(self, request: web.Request) -> web.Response:
        _refuse_filters(request, "IncomingPhoneNumbers", {"PhoneNumber"})
        number = request.query.get("PhoneNumber")
        found = [n for n in self._store.numbers.values() if number in (None, n.phone_number)]
        return self._page(request, "incoming_phone_numbers", [self._number(n) for n in found])

    async def _fetch_number(self, request: web.Request) -> web.Response:
        return web.json_response(self._number(self._number_record(request)))

    async def _update_number(self, request: web.Request) -> web.Response:
        number = self._number_record(request)
        values = {to_snake(name): str(value) for name, value in (await request.post()).items()}
        if unknown := set(values) - set(Number.model_fields):
            raise RestError(501, 20009, f"UNIMPLEMENTED: IncomingPhoneNumbers {', '.join(sorted(unknown))}")
        if values.get("trunk_sid") and values.get("voice_application_sid"):
            raise RestError(501, 20009, "UNIMPLEMENTED: IncomingPhoneNumbers with a trunk and an application")
        if values.get("trunk_sid"):
            values["voice_application_sid"] = ""  # setting one deletes the other
        elif values.get("voice_application_sid"):
            values["trunk_sid"] = ""
        try:
            number = Number.model_validate(number.model_dump() | values)
        except ValidationError as error:
            raise RestError(400, 20001, str(error.errors(include_url=False)[0]["msg"])) from error
        self._store.put_number(number)
        return web.json_response(self._number(number))

    def _number_record(self, request: web.Request) -> Number:
        for number in self._store.numbers.values():
            if number.sid == request.match_info["sid"]:
                return number
        raise _not_found(request)

    def _number(self, number: Number) -> dict[str, Any]:
        return (
            self._resource("IncomingPhoneNumbers", number.sid)
            | number.model_dump(exclude={"status_callback_events"})
            | {"capabilities": {"voice": True, "sms": False, "mms": False, "fax": False}, "status": "in-use"}
        )

    # Recordings ----------------------------------------------------------------------------------

    async def _list_recordings(self, request: web.Request) -> web.Response:
        _refuse_filters(request, "Recordings", {"CallSid", "DateCreated>"})
        call_sid, since = request.query.get("CallSid"), request.query.get("DateCreated>")
        found = [
            recording
            for recording in reversed(self._store.recordings.values())
            if call_sid in (None, recording.call_sid)
            and (since is None or recording.started_at.date().isoformat() >= since[:10])  # by day
        ]
        return self._page(request, "recordings", [self._recording(r) for r in found])

    async def _fetch_recording(self, request: web.Request) -> web.StreamResponse:
        """`RE….json` is the resource; `RE…`, `.wav` and `.mp3` are the sound, which is always WAV here."""
        stem, _, suffix = request.match_info["name"].partition(".")
        recording = self._store.recordings.get(stem)
        if recording is None or suffix not in ("", "json", "wav", "mp3"):
            raise _not_found(request)
        if suffix == "json":
            return web.json_response(self._recording(recording))
        file = self._store.recording_file(recording.sid)
        return web.FileResponse(file, headers={"Content-Type": "audio/x-wav"})

    async def _delete_recording(self, request: web.Request) -> web.Response:
        recording = self._store.recordings.get(request.match_info["sid"])
        if recording is None:
            raise _not_found(request)
        self._store.delete_recording(recording)
        return web.Response(status=204)

    def _recording(self, recording: Recording) -> dict[str, Any]:
        return self._resource("Recordings", recording.sid) | {
            "call_sid": recording.call_sid,
            "source": recording.source,
            "channels": recording.channels,
            "status": "completed",
            "duration": str(recording.seconds),
            "date_created": rfc2822(recording.started_at),
            "start_time": rfc2822(recording.started_at),
            "media_url": self._exchange.recording_url(recording),
        }

    # Common --------------------------------------------------------------------------------------

    def _resource(self, kind: str, resource_sid: str) -> dict[str, Any]:
        return {
            "sid": resource_sid,
            "account_sid": self._exchange.account_sid,
            "api_version": API_VERSION,
            "uri": f"/{API_VERSION}/Accounts/{self._exchange.account_sid}/{kind}/{resource_sid}.json",
        }

    def _page(self, request: web.Request, key: str, items: list[dict[str, Any]]) -> web.Response:
        size = min(int(request.query.get("PageSize", "50")), 1000)
        page = int(request.query.get("Page", "0"))
        more = (page + 1) * size < len(items)
        following = request.rel_url.update_query({"Page": str(page + 1), "PageSize": str(size)})
        body = {
            key: items[page * size : (page + 1) * size],
            "page": page,
            "page_size": size,
            "start": page * size,
            "end": min((page + 1) * size, len(items)) - 1,
            "uri": str(request.rel_url),
            "first_page_uri": str(request.rel_url.update_query({"Page": "0", "PageSize": str(size)})),
            "next_page_uri": str(following) if more else None,
            "previous_page_uri": None,
        }
        return web.json_response(body)


def _refuse_filters(request: web.Request, kind: str, known: set[str]) -> None:
    if unknown := set(request.query) - known - {"PageSize", "Page", "PageToken"}:
        raise RestError(501, 20009, f"UNIMPLEMENTED: {kind} filtered by {', '.join(sorted(unknown))}")


def _not_found(request: web.Request) -> RestError:
    return RestError(404, 20404, f"The requested resource {request.path} was not found")
