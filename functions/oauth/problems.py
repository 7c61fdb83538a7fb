"""What an error means over HTTP (RFC 9457)."""

import logging
from collections.abc import Awaitable, Callable, Mapping
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
from shared.request_limits import TooManyRequestsError

log = logging.getLogger(__name__)

ModelT = TypeVar("ModelT", bound=BaseModel)
Endpoint = Callable[[Request], Awaitable[Response]]


class BadRequestError(TrunklineError):
    def __init__(self, sentence: str) -> None:
        super().__init__(sentence, sentence=sentence)


_STATUS: tuple[tuple[type[TrunklineError], int], ...] = (
    (BadRequestError, 400),
    (UnauthenticatedError, 401),
    (ForbiddenError, 403),
    (NotFoundError, 404),
    (TooManyRequestsError, 429),
    (UnavailableError, 503),
)
_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    413: "Too large",
    429: "Too many requests",
    500: "Failed",
    503: "Unavailable",
}


def answering(endpoint: Endpoint) -> Endpoint:
    """Our errors become problem details; their messages go to the log, their sentences to whoever asked."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except TrunklineError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
            log.warning(
                "request refused", extra={"path": request.url.path, "status": status, "reason": str(error)}
            )
            headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {}
            if isinstance(error, TooManyRequestsError):
                headers["Retry-After"] = str(error.retry_after)
            return problem(status, error.sentence, headers)

    return answer


async def read_json(request: Request, model: type[ModelT]) -> ModelT:
    """The body as `model`. Raises `BadRequestError`, which names the fields."""
    try:
        return model.model_validate_json(await request.body())
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


def problem(status: int, detail: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """`detail` is one sentence for a person."""
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Failed"),
        "status": status,
        "detail": detail,
    }
    every = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(body, status, headers=every, media_type="application/problem+json")
