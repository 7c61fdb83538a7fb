"""The ports: WebSockets over TLS for the model's clients, plain HTTP for whoever controls the stand-in."""

import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from local.gemini import text_to_speech
from local.gemini.calls import Calls
from local.gemini.connection import Connection, Service
from local.gemini.control import Control
from local.gemini.mouth import Pace

_GEMINI_API = ".GenerativeService.BidiGenerateContent"
_VERTEX_AI = ".LlmBidiService/BidiGenerateContent"
_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class Options:
    cert: Path
    key: Path
    port: int = 0
    """0: a free one."""
    control_port: int = 0
    state: Path | None = None
    """Where scenarios and their progress survive a restart; None: nowhere."""
    pace: Pace = field(default_factory=Pace)
    silence_ms: int = 300
    """Silence that ends a caller's turn, unless the client asks for another."""


class GeminiLive:
    """`async with GeminiLive(Options(…)) as gemini:` listens on `gemini.port` and `gemini.control_port`."""

    port: int
    control_port: int

    def __init__(self, options: Options) -> None:
        self._options = options
        self._refuses_until = 0.0
        self._runners: list[web.AppRunner] = []
        self.calls = Calls(options.state)
        self._service = Service(self.calls, self.refuse_for, options.pace, options.silence_ms)

    async def __aenter__(self) -> Self:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self._options.cert, self._options.key)
        app = web.Application()
        app.router.add_post("/v1beta/models/{model}:generateContent", self._generate)
        app.router.add_get("/{path:.*}", self._connect)
        control = Control(self._service).app()
        self.control_port = await self._listen(control, self._options.control_port, None)
        self.port = await self._listen(app, self._options.port, tls)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for runner in self._runners:
            await runner.cleanup()

    async def _listen(self, app: web.Application, port: int, tls: ssl.SSLContext | None) -> int:
        runner = web.AppRunner(app, shutdown_timeout=_CLOSE_SECONDS, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
        return runner.addresses[0][1]

    def refuse_for(self, seconds: float) -> None:
        """Answer new connections with 503 for so long; 0 lets them in again."""
        self._refuses_until = time.monotonic() + seconds

    async def _generate(self, request: web.Request) -> web.StreamResponse:
        if time.monotonic() < self._refuses_until:
            raise web.HTTPServiceUnavailable(text="The service is currently unavailable.")
        return await text_to_speech.answer(request)

    async def _connect(self, request: web.Request) -> web.StreamResponse:
        backend = _backend(request)
        if time.monotonic() < self._refuses_until:
            raise web.HTTPServiceUnavailable(text="The service is currently unavailable.")
        socket = web.WebSocketResponse(timeout=_CLOSE_SECONDS, compress=False, max_msg_size=0)
        await socket.prepare(request)
        await Connection(socket, request, self._service).run(backend)
        return socket


def _backend(request: web.Request) -> str:
    """Which API the path belongs to. Raises what the real one answers to a client without credentials."""
    if request.path.endswith(_GEMINI_API):
        if not (request.headers.get("x-goog-api-key") or request.query.get("key")):
            raise web.HTTPForbidden(text="Method doesn't allow unregistered callers.")
        return "gemini_api"
    if request.path.endswith(_VERTEX_AI):
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            raise web.HTTPUnauthorized(text="Request is missing required authentication credential.")
        return "vertex_ai"
    raise web.HTTPNotFound(text=f"UNIMPLEMENTED in the stand-in: {request.path}")
