"""Start, callback, disconnect and status of a tool's connection; `AuthService` decides.

POST /api/v1/oauth/{provider}/start        {tenant_id, agent_id, tool, account?, language?}
                                           -> {authorization_url}
GET  /api/v1/oauth/{provider}/callback     the provider sends the browser here -> a page
POST /api/v1/oauth/{provider}/disconnect   {tenant_id, agent_id, tool} -> {revoked}
GET  /api/v1/oauth/{provider}/status       ?tenant_id&agent_id&tool -> {state, account_email, …}
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.oauth.callback_page import connected_page, failed_page
from functions.oauth.desk import Desk
from functions.oauth.inputs import read_json, read_query
from functions.oauth.page_texts import page_language
from shared import telemetry
from shared.errors import InvalidFieldsError
from shared.models.agent_tool import ToolAddress
from shared.models.base import DocumentId, Language, Slug
from shared.request_limits import TooManyRequestsError
from shared.services.auth_service import STATE_VALID, Callback, Started, language_of, state_id_of
from shared.services.consent_errors import ConsentError, Failure
from shared.services.id_tokens import bearer_token
from shared.services.identity import User
from shared.tools.base.fields import EmailAddress

log = logging.getLogger(__name__)

PATH = "/api/v1/oauth"
MAX_PARAMETER = 4096
"""Characters; no provider's codes come near."""


class ToolRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tenant_id: DocumentId
    agent_id: DocumentId
    tool: Slug

    @property
    def address(self) -> ToolAddress:
        return ToolAddress(self.tenant_id, self.agent_id, self.tool)


class StartRequest(ToolRequest):
    account: EmailAddress | None = None
    """The account that has to be chosen; left out: any."""
    language: Language | None = None
    """Of the page at the end; left out: the browser's."""


class CallbackQuery(BaseModel):
    """RFC 6749, section 4.1.2. What else providers send is of no interest."""

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, Field(max_length=MAX_PARAMETER)] = ""
    code: Annotated[str | None, Field(max_length=MAX_PARAMETER)] = None
    error: Annotated[str | None, Field(max_length=MAX_PARAMETER)] = None


def oauth_routes(desk: Desk) -> list[Route]:
    async def user_of(request: Request) -> User:
        with desk.rate_limit.counting_refused(request):
            user = await desk.identity.verify(bearer_token(request.headers.get("authorization")))
        desk.rate_limit.take(user.user_id)
        return user

    async def start(request: Request) -> Response:
        user = await user_of(request)
        asked = await read_json(request, StartRequest)
        with telemetry.bind(tenant_id=asked.tenant_id):
            started = await desk.auth.start(
                user, _provider(request), asked.address, asked.account, asked.language
            )
        response = _json({"authorization_url": started.authorization_url})
        _keep_verifier(response, started, secure=_is_https(desk))
        return response

    async def disconnect(request: Request) -> Response:
        user = await user_of(request)
        asked = await read_json(request, ToolRequest)
        with telemetry.bind(tenant_id=asked.tenant_id):
            disconnected = await desk.auth.disconnect(user, _provider(request), asked.address)
        return _json({"state": "disconnected", "revoked": disconnected.revoked})

    async def status(request: Request) -> Response:
        user = await user_of(request)
        asked = read_query(request, ToolRequest)
        with telemetry.bind(tenant_id=asked.tenant_id):
            connection = await desk.auth.status(user, _provider(request), asked.address)
        if connection is None:
            return _json({"state": "never_connected"})
        return _json(connection.model_dump(mode="json", exclude={"renewal", "consent_id"}))

    async def callback(request: Request) -> Response:
        origin, language = desk.settings.dashboard_origin, _language(request)
        # A person looks at this: a page, whatever happens.
        try:
            desk.rate_limit.take_for_address(request)
        except TooManyRequestsError as error:
            busy = failed_page(ConsentError(Failure.TOO_MANY, str(error)), language, origin, 429)
            busy.headers["Retry-After"] = str(error.retry_after)
            return busy
        try:
            query = read_query(request, CallbackQuery)
        except InvalidFieldsError as error:
            return failed_page(ConsentError(Failure.UNKNOWN, str(error)), language, origin)
        state_id = state_id_of(query.state)
        given = Callback(query.state, query.code, query.error, request.cookies.get(_cookie(state_id)))
        try:
            connected = await desk.auth.complete(_provider(request), given)
        except ConsentError as error:
            log.warning("no connection", extra={"kind": error.kind, "reason": str(error)})
            return failed_page(error, language, origin)
        response = connected_page(connected, language, origin)
        response.delete_cookie(_cookie(state_id), path=PATH)
        return response

    def route(name: str, endpoint: Callable[[Request], Awaitable[Response]], method: str) -> Route:
        return Route(f"{PATH}/{{provider}}/{name}", endpoint, methods=[method])

    return [
        route("start", start, "POST"),
        route("callback", callback, "GET"),
        route("disconnect", disconnect, "POST"),
        route("status", status, "GET"),
    ]


def _provider(request: Request) -> str:
    return str(request.path_params["provider"])


def _language(request: Request) -> str:
    wished = language_of(request.query_params.get("state", ""))
    return page_language(wished, request.headers.get("accept-language", ""))


def _json(body: object) -> JSONResponse:
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def _cookie(state_id: str) -> str:
    """One for each consent under way, so that two tabs do not disturb each other."""
    return f"trunkline_consent_{state_id[:16]}"


def _is_https(desk: Desk) -> bool:
    return desk.settings.public_url.startswith("https://")


def _keep_verifier(response: Response, started: Started, *, secure: bool) -> None:
    """Only the browser that was signed in when it asked can come back with this.

    SameSite=None because the dashboard's request is cross-origin; the value proves, it does not authorise.
    """
    response.set_cookie(
        _cookie(started.state_id),
        started.verifier.get_secret_value(),
        max_age=int(STATE_VALID.total_seconds()),
        path=PATH,
        secure=secure,
        httponly=True,
        samesite="none" if secure else "lax",
    )
