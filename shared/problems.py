"""Errors as RFC 9457 problem details: a sentence for people, a code for programs, nothing of our insides.

For the functions that programs and the dashboard ask; the phone edge answers in TwiML and imports none of it.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus

from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from shared.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    InvalidField,
    InvalidFieldsError,
    NotFoundError,
    PreconditionFailedError,
    PreconditionRequiredError,
    TrunklineError,
    UnauthenticatedError,
    UnavailableError,
)
from shared.request_limits import TooManyRequestsError

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

TOO_LARGE = "too_large"

STATUS: dict[type[TrunklineError], tuple[int, str]] = {
    UnauthenticatedError: (401, "unauthenticated"),
    ForbiddenError: (403, "forbidden"),
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    ConflictError: (409, "conflict"),
    PreconditionFailedError: (412, "precondition_failed"),
    InvalidFieldsError: (422, "invalid_fields"),
    PreconditionRequiredError: (428, "precondition_required"),
    TooManyRequestsError: (429, "too_many_requests"),
    UnavailableError: (503, "unavailable"),
    TrunklineError: (500, "internal"),
}
"""By kind of error its status, and the code of those that have none of their own."""

OF_THE_FRAMEWORK = {
    404: "There is nothing at this address.",
    405: "This address does not take that method: the header Allow names those that it takes.",
}
"""Sentences for what is refused before any code of ours."""

RETRY_AFTER_SECONDS = 2
"""With a 503: an outside service did not answer."""


class FieldError(BaseModel):
    field: str = Field(description="Where in the request, such as `hours.0.opens`.")
    message: str
    code: str = Field(
        description="For programs, such as `string_too_short`; `value_error`: only the message says more."
    )
    limit: float | None = Field(description="The number that the value has to keep to, where there is one.")


class Problem(BaseModel):
    """What went wrong (RFC 9457). A code may have members of its own: `agent_has_numbers` has `numbers`."""

    model_config = ConfigDict(extra="allow")

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="One sentence for a person.")
    code: str = Field(
        description="For programs; stays the same when texts change. docs/api.md lists all that there are."
    )
    errors: list[FieldError] = Field(
        default_factory=list[FieldError], description="With 422: what to correct."
    )


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Iterable[InvalidField] = (),
    headers: Mapping[str, str] | None = None,
    names: Mapping[str, Sequence[str]] | None = None,
) -> JSONResponse:
    """`detail` is one sentence for a person; `names` become members of their own."""
    said = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[
            FieldError(field=one.path, message=one.reason, code=one.code, limit=one.limit) for one in errors
        ],
    )
    body = said.model_dump() | dict(names or {})
    return JSONResponse(body, status, dict(headers or {}), media_type=CONTENT_TYPE)


def too_large(limit: int) -> JSONResponse:
    """For a body of more than `limit` bytes."""
    return problem(413, TOO_LARGE, f"The request is larger than {limit} bytes.")


def broken() -> JSONResponse:
    """For what nobody foresaw: not a word about it."""
    _, code = STATUS[TrunklineError]
    return problem(500, code, TrunklineError.sentence)


async def answer_error(request: Request, error: Exception) -> JSONResponse:
    """A handler for `TrunklineError`: its message goes to the log, its sentence to whoever asked."""
    assert isinstance(error, TrunklineError)
    status, code = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    level = logging.ERROR if status >= 500 else logging.INFO
    extra = {"path": request.url.path, "status": status, "reason": str(error)}
    log.log(level, "request refused", extra=extra)
    headers: dict[str, str] = {}
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    fields = error.fields if isinstance(error, InvalidFieldsError) else ()
    return problem(status, error.code or code, error.sentence, fields, headers, error.names)


async def answer_http_exception(request: Request, error: Exception) -> JSONResponse:
    """A handler for what the framework refuses by itself: unknown paths and methods."""
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    sentence = OF_THE_FRAMEWORK.get(error.status_code, f"{phrase}.")
    return problem(error.status_code, code, sentence, headers=error.headers)
