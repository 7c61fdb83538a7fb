"""What FastAPI and Starlette refuse by themselves, as problem details; ours are in `shared/problems.py`."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from shared.errors import InvalidField, InvalidFieldsError, PreconditionRequiredError, TrunklineError
from shared.problems import CONTENT_TYPE, answer_error, answer_http_exception
from shared.services.field_errors import field_path, invalid_field

IF_MATCH = "If-Match"

NOT_JSON = InvalidField("body", "is not said to be JSON: send Content-Type: application/json", "json_invalid")
"""What curl does unless it is told."""


def answer_problems(app: FastAPI) -> None:
    app.add_exception_handler(TrunklineError, answer_error)
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


async def _on_invalid_request(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    if any((each["type"], each["loc"]) == ("missing", ("header", IF_MATCH)) for each in error.errors()):
        return await answer_error(request, PreconditionRequiredError("no If-Match"))
    fields = [_invalid(finding, error.body) for finding in error.errors()]
    return await answer_error(request, InvalidFieldsError(fields))


def _invalid(finding: Mapping[str, Any], body: object) -> InvalidField:
    if finding["type"] == "json_invalid":  # its place is a number alone
        reason = f"is not JSON: {finding['ctx']['error']} at character {finding['loc'][-1]}"
        return InvalidField("body", reason, "json_invalid")
    if finding["loc"] == ("body",) and isinstance(body, bytes):  # by its Content-Type it is something else
        return NOT_JSON
    return invalid_field(finding, _field(finding["loc"]))


async def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    """Unknown paths and methods, unreadable bodies."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.BAD_REQUEST:  # not even text
        unreadable = InvalidField("body", "is not JSON", "json_invalid")
        return await answer_error(request, InvalidFieldsError([unreadable]))
    answer = await answer_http_exception(request, error)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = _allowed(request)
    return answer


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
