"""HTTP for LiveKit's webhook, Cloud Tasks and Cloud Scheduler: check who calls, hand it on."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import jwt
from livekit.api import TokenVerifier, WebhookReceiver
from livekit.protocol.webhook import WebhookEvent
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from functions.incoming_call import tasks
from functions.incoming_call.edge import Edge
from functions.incoming_call.settle_calls import settle_calls
from functions.incoming_call.twilio_requests import RejectedRequestError, read_body
from functions.incoming_call.watch_lease import check_lease
from functions.incoming_call.watch_room import handle_livekit_event
from shared import telemetry
from shared.errors import ForbiddenError, UnauthenticatedError, UnavailableError
from shared.services.id_tokens import ServiceAccountVerifier
from shared.services.recording_retention import RecordingRetention

log = logging.getLogger(__name__)

DELETE_OVERDUE_RECORDINGS = "/api/v1/tasks/delete-overdue-recordings"
SETTLE_CALLS = "/api/v1/tasks/settle-calls"

TaskT = TypeVar("TaskT", bound=tasks.EnsureAgent | tasks.CheckLease | tasks.CloseCall)

Endpoint = Callable[[Request], Awaitable[Response]]


def platform_routes(edge: Edge) -> list[Route]:
    settings = edge.settings
    verifier = ServiceAccountVerifier(
        settings.oidc_certs_url, settings.public_url, settings.tasks_service_account
    )

    def task(name: str, model: type[TaskT], handler: Callable[[Edge, TaskT], Awaitable[None]]) -> Route:
        async def endpoint(request: Request) -> Response:
            await verifier.verify(request.headers.get("authorization"))
            payload = _validated(model, await read_body(request))
            with telemetry.bind(tenant_id=payload.room.tenant_id, session_id=payload.room.session_id):
                await handler(edge, payload)
            return Response(status_code=204)

        return Route(f"/api/v1/tasks/{name}", _answering(endpoint), methods=["POST"])

    retention = RecordingRetention(edge.database, edge.twilio, now=edge.now)

    async def delete_overdue_recordings(request: Request) -> Response:
        """For Cloud Scheduler, every hour or so; done twice it does nothing more."""
        await verifier.verify(request.headers.get("authorization"))
        return JSONResponse({"deleted": await retention.delete_overdue()})

    async def settle(request: Request) -> Response:
        """For Cloud Scheduler, every few minutes; done twice it does nothing more."""
        await verifier.verify(request.headers.get("authorization"))
        return JSONResponse({"settled": await settle_calls(edge)})

    async def livekit(request: Request) -> Response:
        event = livekit_event(edge, await read_body(request), request.headers.get("authorization", ""))
        await handle_livekit_event(edge, event)
        return Response(status_code=204)

    return [
        Route("/api/v1/voice/livekit/webhook", _answering(livekit), methods=["POST"]),
        Route(DELETE_OVERDUE_RECORDINGS, _answering(delete_overdue_recordings), methods=["POST"]),
        Route(SETTLE_CALLS, _answering(settle), methods=["POST"]),
        task(tasks.ENSURE_AGENT, tasks.EnsureAgent, tasks.ensure_agent),
        task(tasks.CHECK_LEASE, tasks.CheckLease, check_lease),
        task(tasks.CLOSE_CALL, tasks.CloseCall, tasks.close_call),
    ]


def _answering(endpoint: Endpoint) -> Endpoint:
    """What an error means over HTTP. A 5xx is delivered again; a 4xx tells the sender that it is wrong."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except RejectedRequestError as error:
            status, failure = error.status, error
        except UnauthenticatedError as error:
            status, failure = 401, error
        except ForbiddenError as error:
            status, failure = 403, error
        except UnavailableError as error:
            status, failure = 503, error
        log.warning("request refused", extra={"path": request.url.path, "reason": str(failure)})
        return PlainTextResponse(failure.sentence, status)

    return answer


def livekit_event(edge: Edge, body: bytes, token: str) -> WebhookEvent:
    """The event, if its token is signed with a key's secret of ours and carries the body's hash."""
    token = token.removeprefix("Bearer ")
    try:
        # Who signed it decides with which secret it is looked at, and must be who has signed.
        signer = str(jwt.decode(token, options={"verify_signature": False}).get("iss"))
        secret = edge.settings.livekit_secrets[signer].get_secret_value()
        return WebhookReceiver(TokenVerifier(signer, secret)).receive(body.decode(), token)
    except Exception as error:  # the receiver raises bare Exceptions, PyJWT's and protobuf's errors
        raise UnauthenticatedError(f"LiveKit webhook: {type(error).__name__}: {error}") from error


def _validated(model: type[TaskT], body: bytes) -> TaskT:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, finding["loc"])) for finding in error.errors())
        raise RejectedRequestError(400, f"not a {model.__name__}: {fields}") from None
