"""The API's own description, OpenAPI 3.1: who may use each route is in it, taken from the guards."""

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from functions.tools_api.access import Guard
from shared.problems import FieldError, Problem

VERSION = "1.0.0"

DESCRIPTION = """\
Everything that a tenant can set up and look up.

Send `Authorization: Bearer …` with an ID token of the sign-in service or with an API key. Errors are RFC 9457
problem details. What people edit has an `ETag`, and changing it needs `If-Match`. A `POST` that creates
something takes an `Idempotency-Key`. Lists have cursors.
"""

SECURITY_SCHEMES = {
    "idToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An OpenID Connect ID token of the deployment's issuer.",
    },
    "apiKey": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "tlk.…",
        "description": "An API key of the tenant; the scopes that a route needs stand with it.",
    },
}


@dataclass(frozen=True)
class Operation:
    """One route as the document names it."""

    name: str
    method: str
    path: str
    guard: Guard | None
    """The dependency that decides who may use it; None: nobody thought of it."""


def operations(app: FastAPI) -> list[Operation]:
    """All that are in the document."""
    return [
        Operation(str(route.name), method, str(route.path_format), _guard(route.dependant))
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
    ]


def describe(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title="Trunkline API",
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=app.routes,
    )
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas["Problem"].pop("$defs", None)
    schemas["FieldError"] = FieldError.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    for operation in operations(app):
        _state_guard(document["paths"][operation.path][operation.method.lower()], operation.guard)
    return document


def _state_guard(operation: dict[str, Any], guard: Guard | None) -> None:
    if guard is None:
        return
    person: dict[str, list[str]] = {"idToken": []}
    operation["security"] = [person] if guard.scope is None else [person, {"apiKey": [guard.scope.value]}]
    operation["x-role"] = guard.least_role.value if guard.least_role else "anybody who is signed in"


def _guard(dependant: Dependant) -> Guard | None:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard):
            return inner.call
        if found := _guard(inner):
            return found
    return None
