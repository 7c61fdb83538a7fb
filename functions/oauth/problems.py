"""What an error means over HTTP (RFC 9457)."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.errors import (
    ForbiddenError,
    NotFoundError,
    TrunklineError,
    UnauthenticatedError,
    UnavailableError,
)

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16_384

ModelT = TypeVar("ModelT", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]

_STATUS: tuple[tuple[type[TrunklineError], int], ...] = (
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (UnavailableError, 503),
)
_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    413: "Too large",
    500: "Failed",
    503: "Unavailable",
}


class BadRequestError(TrunklineError):
    def __init__(self, sentence: str, status: int = 400) -> None:
        super().__init__(sentence, sentence=sentence)
        self.status = status


def answering(endpoint: Endpoint) -> Endpoint:
    """Our errors become problem details; their messages go to the log, their sentences to whoever asked."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except BadRequestError as error:
            return _problem(request, error.status, error)
        except TrunklineError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
            return _problem(request, status, error)

    return answer


async def read_json(request: Request, model: type[ModelT]) -> ModelT:
    """The body as `model`. Raises `BadRequestError`, which names the fields."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise BadRequestError("The request is too large.", 413)
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise BadRequestError(f"Wrong: {_fields(error)}.") from None


def read_query(request: Request, model: type[ModelT]) -> ModelT:
    """The query as `model`. Raises `BadRequestError`."""
    try:
        return model.model_validate(dict(request.query_params))
    except ValidationError as error:
        raise BadRequestError(f"Wrong: {_fields(error)}.") from None


def _fields(error: ValidationError) -> str:
    findings = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'body'}: {e['msg']}" for e in findings)


def _problem(request: Request, status: int, error: TrunklineError) -> Response:
    log.warning("request refused", extra={"path": request.url.path, "status": status, "reason": str(error)})
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Failed"),
        "status": status,
        "detail": error.sentence,
    }
    headers = {"Cache-Control": "no-store"} | ({"WWW-Authenticate": "Bearer"} if status == 401 else {})
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")
