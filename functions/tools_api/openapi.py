"""The API's own description, OpenAPI 3.1: who may use each route is in it, taken from the guards."""

from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from functions.tools_api.access import Guard
from functions.tools_api.problems import FieldError, Problem

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


def guard_of(route: APIRoute) -> Guard | None:
    """The dependency that decides who may use the route; None: nobody thought of it."""
    return _find(route.dependant)


def describe(app: FastAPI, routes: list[APIRoute]) -> dict[str, Any]:
    document = get_openapi(
        title="Trunkline API",
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        routes=routes,
    )
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas["Problem"].pop("$defs", None)
    schemas["FieldError"] = FieldError.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    document["components"]["securitySchemes"] = SECURITY_SCHEMES
    for route in routes:
        for method in route.methods or ():
            _state_guard(document["paths"][route.path_format][method.lower()], guard_of(route))
    return document


def _state_guard(operation: dict[str, Any], guard: Guard | None) -> None:
    if guard is None:
        return
    person: dict[str, list[str]] = {"idToken": []}
    operation["security"] = [person] if guard.scope is None else [person, {"apiKey": [guard.scope.value]}]
    operation["x-role"] = guard.role.value if guard.role else "anybody who is signed in"


def _find(dependant: Dependant) -> Guard | None:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Guard):
            return inner.call
        if found := _find(inner):
            return found
    return None
