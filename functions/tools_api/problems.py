"""Errors as RFC 9457 problem details: a sentence for people, a code for programs, nothing of our insides."""

import logging
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from shared.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    InvalidField,
    InvalidFieldsError,
    NotFoundError,
    PreconditionFailedError,
    TrunklineError,
    UnauthenticatedError,
    UnavailableError,
)
from shared.request_limits import TooManyRequestsError
from shared.services.field_errors import field_path, invalid_field

log = logging.getLogger(__name__)

CONTENT_TYPE = "application/problem+json"

IF_MATCH = "If-Match"


class FieldError(BaseModel):
    field: str = Field(description="Where in the request, such as `hours.0.opens`.")
    message: str
    code: str = Field(
        description="For programs, such as `string_too_short`; `value_error`: only the message says more."
    )
    limit: float | None = Field(description="The number that the value has to keep to, where there is one.")


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = Field(description="One sentence for a person.")
    code: str = Field(description="For programs; stays the same when texts change.")
    errors: list[FieldError] = Field(
        default_factory=list[FieldError], description="With 422: what to correct."
    )


class PreconditionRequiredError(TrunklineError):
    sentence = "Send the ETag of the version that you change as If-Match."


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
}

RETRY_AFTER_SECONDS = 2
"""With a 503: an outside service did not answer."""


def problem(
    status: int,
    code: str,
    detail: str,
    errors: Iterable[InvalidField] = (),
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    body = Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        code=code,
        errors=[
            FieldError(field=one.path, message=one.reason, code=one.code, limit=one.limit) for one in errors
        ],
    )
    return JSONResponse(body.model_dump(), status, headers, media_type=CONTENT_TYPE)


def answer_problems(app: FastAPI) -> None:
    app.add_exception_handler(TrunklineError, _on_our_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_exception)


def error_responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's documentation."""
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


async def _on_our_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TrunklineError)
    kinds = (kind for kind in type(error).__mro__ if kind in STATUS)
    status, code = STATUS.get(next(kinds, TrunklineError), (500, "internal"))
    level = logging.ERROR if status >= 500 else logging.INFO
    log.log(level, "request refused", extra={"status": status, "reason": str(error)})
    headers: dict[str, str] = {}
    if isinstance(error, UnauthenticatedError):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.retry_after)
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    fields = error.fields if isinstance(error, InvalidFieldsError) else ()
    return problem(status, error.code or code, error.sentence, fields, headers)


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if any((each["type"], each["loc"]) == ("missing", ("header", IF_MATCH)) for each in error.errors()):
        return await _on_our_error(request, PreconditionRequiredError("no If-Match"))
    fields = [invalid_field(finding, _field(finding["loc"])) for finding in error.errors()]
    return problem(422, "invalid_fields", InvalidFieldsError.sentence, fields)


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """What the framework answers by itself: unknown paths and methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # not even text
        return problem(
            422,
            "invalid_fields",
            InvalidFieldsError.sentence,
            [InvalidField("body", "is not JSON", "json_invalid")],
        )
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = _allowed(request)
    return problem(error.status_code, code, f"{phrase}.", headers=headers)


def _allowed(request: Request) -> str:
    """All methods of the path: the framework names those of the first route alone."""
    app: FastAPI = request.app
    methods = {
        method
        for route in iter_route_contexts(app.routes)
        if compile_path(str(route.path_format))[0].match(request.url.path)
        for method in route.methods or ()
    }
    return ", ".join(sorted(methods))


def _field(location: tuple[str | int, ...]) -> str:
    """Without "body", which everybody takes for granted; other places are named."""
    if location[:1] == ("body",):
        return field_path(location[1:]) or "body"
    return field_path(location[1:]) if len(location) > 1 else field_path(location)
