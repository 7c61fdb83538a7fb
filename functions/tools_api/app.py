"""The API's HTTP application."""

from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware

from functions.tools_api import (
    account_routes,
    agent_routes,
    call_routes,
    member_routes,
    number_routes,
    tool_routes,
    voice_routes,
)
from functions.tools_api.api import Api
from functions.tools_api.http import each_parameter_once
from functions.tools_api.openapi import describe
from functions.tools_api.problems import answer_problems
from shared.problems import too_large
from shared.request_limits import BodyLimit
from shared.request_log import RequestLog

PREFIX = "/api/v1"

ROUTERS = (
    account_routes.router,
    tool_routes.router,
    voice_routes.router,
    agent_routes.router,
    number_routes.router,
    call_routes.router,
    member_routes.router,
)


class _App(FastAPI):
    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def routed_app() -> FastAPI:
    """All routes, and nothing that they work with: enough to describe them."""
    app = _App(
        openapi_url=f"{PREFIX}/openapi.json",
        dependencies=[Depends(each_parameter_once)],
        docs_url=None,
        redoc_url=None,
        # The framework's redirect would be to http: it does not see what comes before Cloud Run.
        redirect_slashes=False,
        separate_input_output_schemas=False,
        generate_unique_id_function=lambda route: route.name,
    )
    for router in ROUTERS:
        app.include_router(router, prefix=PREFIX)
    return app


def create_app(api: Api) -> FastAPI:
    app = routed_app()
    app.state.api = api
    answer_problems(app)
    # The last one added is the first to see a request.
    limit = api.settings.max_body_bytes
    app.add_middleware(BodyLimit, max_bytes=limit, refusal=too_large(limit))
    app.add_middleware(RequestLog)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=api.settings.origins,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
        expose_headers=["ETag", "Location", "Retry-After"],
        max_age=3600,
    )
    return app
