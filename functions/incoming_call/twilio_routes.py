"""HTTP for Twilio: check and read the request, hand it on, answer with TwiML."""

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from functions.incoming_call import twiml
from functions.incoming_call.edge import Edge
from functions.incoming_call.fallback import handle_twilio_fallback
from functions.incoming_call.handle_incoming import handle_twilio_incoming
from functions.incoming_call.handle_progress import (
    handle_dial_result,
    handle_forward_result,
    handle_recording,
    handle_status,
)
from functions.incoming_call.twilio_requests import (
    Params,
    RejectedRequestError,
    TwilioCall,
    read_params,
    voicemail_in,
)
from shared import telemetry
from shared.errors import UnavailableError

log = logging.getLogger(__name__)

Handler = Callable[[Edge, TwilioCall, Params, str | None], Awaitable[str | None]]
"""Gets the tenant from our own signed URL, if it names one; returns TwiML, or None for nothing to say."""


async def _incoming(edge: Edge, call: TwilioCall, params: Params, tenant_id: str | None) -> str:
    return await handle_twilio_incoming(edge, call)


async def _fallback(edge: Edge, call: TwilioCall, params: Params, tenant_id: str | None) -> str:
    return await handle_twilio_fallback(edge, call, tenant_id)


async def _dial_result(edge: Edge, call: TwilioCall, params: Params, tenant_id: str | None) -> str:
    return await handle_dial_result(edge, call, _known(tenant_id), params.get("DialCallStatus", "failed"))


async def _forward_result(edge: Edge, call: TwilioCall, params: Params, tenant_id: str | None) -> str:
    return await handle_forward_result(edge, call, tenant_id, params.get("DialCallStatus", "failed"))


async def _status(edge: Edge, call: TwilioCall, params: Params, tenant_id: str | None) -> None:
    await handle_status(edge, call)


async def _recording(edge: Edge, call: TwilioCall, params: Params, tenant_id: str | None) -> str:
    return await handle_recording(edge, call, _known(tenant_id), voicemail_in(params))


def _known(tenant_id: str | None) -> str:
    if tenant_id is None:
        raise RejectedRequestError(400, "the URL names no tenant")
    return tenant_id


def twilio_routes(edge: Edge) -> list[Route]:
    def route(path: str, handler: Handler, *, speaks: bool) -> Route:
        """`speaks`: somebody is on the line and must hear something, whatever happens here."""

        async def endpoint(request: Request) -> Response:
            try:
                params = await read_params(request, edge.settings)
                call = TwilioCall.from_params(params)
                tenant_id = request.query_params.get("tenant")  # of our own URL, which Twilio has signed
                known = {} if tenant_id is None else {"tenant_id": tenant_id}
                with telemetry.bind(call_sid=call.call_sid, session_id=call.session_id, **known):
                    return await _answer(edge, handler, call, params, tenant_id, speaks=speaks)
            except RejectedRequestError as error:
                log.warning("request refused", extra={"path": path, "reason": str(error)})
                return PlainTextResponse(error.sentence, error.status)

        return Route(path, endpoint, methods=["POST"])

    return [
        route("/api/v1/voice/twilio/incoming", _incoming, speaks=True),
        route(twiml.FALLBACK_PATH, _fallback, speaks=True),
        route(twiml.DIAL_RESULT_PATH, _dial_result, speaks=True),
        route(twiml.FORWARD_RESULT_PATH, _forward_result, speaks=True),
        route(twiml.RECORDING_PATH, _recording, speaks=True),
        route("/api/v1/voice/twilio/status", _status, speaks=False),
    ]


async def _answer(
    edge: Edge, handler: Handler, call: TwilioCall, params: Params, tenant_id: str | None, *, speaks: bool
) -> Response:
    try:
        document = await handler(edge, call, params, tenant_id)
    except RejectedRequestError:
        raise
    except UnavailableError as error:
        log.error("not handled", extra={"reason": str(error)})
        if not speaks:
            return PlainTextResponse(error.sentence, 503)
        document = twiml.last_resort(edge.settings)
    except Exception:
        if not speaks:
            raise
        log.exception("a mistake of ours; the caller gets the last resort")
        document = twiml.last_resort(edge.settings)
    if document is None:
        return Response(status_code=204)
    return Response(document, media_type="text/xml")
