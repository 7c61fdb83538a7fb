"""Whether this worker takes calls, for whoever keeps it running. livekit-agents' own answer is "OK" from the
first moment on, also while LiveKit does not know the worker and sends it nothing.

GET /      200 while LiveKit knows this worker and it takes calls; 503 before, when LiveKit is lost, and
           when it is stopping. For start-up probes, and for deploys that wait until a release takes calls.
GET /live  200 as long as the process answers. For liveness probes: a worker that has lost LiveKit may be
           in the middle of calls, whose media go another way, and must not be killed for it.

Both say {"state": "connecting" | "registered" | "stopping", "calls": n}.
"""

from contextlib import AsyncExitStack
from typing import Self

from aiohttp import web

from worker.admission import CallServer

INTERFACES = "0.0.0.0"  # noqa: S104 - probes come from outside the container
CLOSE_SECONDS = 0.5


class HealthEndpoint:
    """An async context manager that serves on `port`; 0: nobody asks, nothing is served."""

    def __init__(self, server: CallServer, port: int) -> None:
        self._server = server
        self._port = port
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> Self:
        if self._port:
            app = web.Application()
            app.add_routes([web.get("/", self._takes_calls), web.get("/live", self._lives)])
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=CLOSE_SECONDS)
            self._exit.push_async_callback(runner.cleanup)
            await runner.setup()
            await web.TCPSite(runner, INTERFACES, self._port).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def _takes_calls(self, _: web.Request) -> web.Response:
        return self._answer(200 if self._server.state == "registered" else 503)

    async def _lives(self, _: web.Request) -> web.Response:
        return self._answer(200)

    def _answer(self, status: int) -> web.Response:
        return web.json_response(
            {"state": self._server.state, "calls": self._server.running_calls}, status=status
        )
