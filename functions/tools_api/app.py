"""The API's HTTP application."""

import logging
import time
from typing import Any

from fastapi import Depends, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

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
from functions.tools_api.problems import answer_problems, problem
from shared.request_limits import BodyLimit

log = logging.getLogger(__name__)

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
    too_large = problem(413, "too_large", f"The request is larger than {limit} bytes.")
    app.add_middleware(BodyLimit, max_bytes=limit, refusal=too_large)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=api.settings.origins,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "If-Match", "Idempotency-Key"],
        expose_headers=["ETag", "Location", "Retry-After"],
        max_age=3600,
    )
    app.add_middleware(_Outermost)
    return app


class _Outermost:
    """Logs every request, and answers 500 without a word about what broke."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 0

        async def observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (b"x-content-type-options", b"nosniff")]
                if not any(name.lower() == b"cache-control" for name, _ in headers):
                    headers.append((b"cache-control", b"no-store"))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            log.exception("a request broke", extra={"path": scope["path"]})
            if status == 0:
                await problem(500, "internal", "Something went wrong on our side.")(scope, receive, observed)
        milliseconds = round((time.perf_counter() - started) * 1000, 1)
        who: dict[str, str] = scope.get("state", {}).get("principal", {})
        extra = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": milliseconds,
            **who,
        }
        log.info("request", extra=extra)
