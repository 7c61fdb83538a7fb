"""A line in the log for every request, and one answer for whatever breaks while it is served."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.problems import broken

log = logging.getLogger(__name__)

DEFAULT_HEADERS = {b"x-content-type-options": b"nosniff", b"cache-control": b"no-store"}
"""Of answers that say nothing else."""


class RequestLog:
    """Around the application, inside of what adds CORS headers: browsers may read that something broke.

    `request.state.principal`, where there is one, says who asked and for which tenant. Queries are not
    logged: they hold callers' numbers, and codes of providers.
    """

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
                given = {name.lower() for name, _ in message["headers"]}
                missing = [(name, value) for name, value in DEFAULT_HEADERS.items() if name not in given]
                message["headers"] = [*message["headers"], *missing]
            await send(message)

        try:
            await self._app(scope, receive, observed)
        except Exception:
            log.exception("a request broke", extra={"path": scope["path"]})
            if status == 0:
                await broken()(scope, receive, observed)
        principal: dict[str, str] = scope.get("state", {}).get("principal", {})
        extra = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "ms": round((time.perf_counter() - started) * 1000, 1),
            **principal,
        }
        log.info("request", extra=extra)
