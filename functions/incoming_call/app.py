"""The edge's HTTP application."""

import asyncio
from importlib import import_module

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.incoming_call.edge import Edge
from functions.incoming_call.twilio_routes import twilio_routes


def create_app(edge: Edge) -> Starlette:
    platform = _PlatformApp(edge)
    paths = ("/api/v1/voice/livekit/webhook", "/api/v1/tasks/{name}")
    return Starlette(routes=[*twilio_routes(edge), *(Route(path, platform) for path in paths)])


class _PlatformApp:
    """What LiveKit and Cloud Tasks call. Needs libraries that a call's first answer does not wait for."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._app is None:
            # On a thread: calls that come in meanwhile are answered.
            module = await asyncio.to_thread(import_module, "functions.incoming_call.platform_routes")
            self._app = self._app or Starlette(routes=module.platform_routes(self._edge))
        await self._app(scope, receive, send)
