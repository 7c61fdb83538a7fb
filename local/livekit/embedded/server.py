"""The HTTP server that everything is reached through."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Self

from aiohttp import web

from local.livekit.embedded import signalling, twirp
from local.livekit.embedded.agents import AgentPool
from local.livekit.embedded.config import Config
from local.livekit.embedded.errors import JoinError
from local.livekit.embedded.rooms import Rooms
from local.livekit.embedded.services import Services
from local.livekit.embedded.tokens import Grants, InvalidTokenError, read_token
from local.livekit.embedded.webhooks import WebhookNotifier

log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_SHUTDOWN_SECONDS = 2.0

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class EmbeddedServer:
    """Serves while its context is entered; `port` and `url` are known from then on."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self.port = config.port
        self._webhooks = WebhookNotifier(config.webhook_urls, config.key, config.secret)
        self._agents = AgentPool(config)
        self._rooms = Rooms(config, self._agents, self._webhooks)
        self._services = Services(config, self._rooms)
        self._stack = AsyncExitStack()

    @property
    def url(self) -> str:
        return f"ws://{_HOST}:{self.port}"

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self._start(stack)
            self._stack = stack.pop_all()
        log.info("embedded LiveKit server on %s", self.url)
        return self

    async def _start(self, stack: AsyncExitStack) -> None:
        await stack.enter_async_context(self._webhooks)
        runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, _HOST, self._config.port)
        await site.start()
        self.port = int(runner.addresses[0][1])
        idle = asyncio.create_task(self._rooms.close_idle_forever())
        stack.push_async_callback(_cancel, idle)
        stack.push_async_callback(self._rooms.close_all)

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[_allow_any_origin])
        app.add_routes(
            [
                web.get("/", self._health),
                web.get("/agent", self._agent),
                web.get("/rtc", self._rtc),
                web.get("/rtc/validate", self._validate),
                # Not /rtc/v1 (one peer connection both ways): on a 404 with CORS headers clients take /rtc.
                web.post("/twirp/livekit.{service}/{method}", self._twirp),
            ]
        )
        return app

    def _grants(self, request: web.Request) -> Grants | None:
        """None without a token; a wrong token is refused here, before anything else is looked at."""
        header = request.headers.get("Authorization", "")
        token = header.removeprefix("Bearer ") if header else request.query.get("access_token", "")
        if not token:
            return None
        try:
            return read_token(token, self._config.key, self._config.secret)
        except InvalidTokenError as error:
            raise web.HTTPUnauthorized(text=str(error)) from None

    async def _health(self, _: web.Request) -> web.Response:
        return web.Response(text="OK")

    async def _validate(self, request: web.Request) -> web.Response:
        try:
            signalling.check_join(self._config, self._rooms, self._grants(request))
        except JoinError as error:
            return web.Response(status=error.status, text=error.message)
        return web.Response(text="success")

    async def _rtc(self, request: web.Request) -> web.StreamResponse:
        grants = self._grants(request)
        try:
            signalling.check_join(self._config, self._rooms, grants)
            assert grants
            return await signalling.serve(request, self._rooms, grants)
        except JoinError as error:
            return web.Response(status=error.status, text=error.message)

    async def _agent(self, request: web.Request) -> web.StreamResponse:
        grants = self._grants(request)
        if grants is None or not grants.allows("agent"):
            return web.Response(status=401, text="permissions denied")
        return await self._agents.serve(request)

    async def _twirp(self, request: web.Request) -> web.Response:
        return await twirp.serve(request, self._services.methods, self._grants(request))


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@web.middleware
async def _allow_any_origin(request: web.Request, handler: _Handler) -> web.StreamResponse:
    """Browsers may call from anywhere; tokens say who may do what."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Allow-Headers": "*",
        "Access-Control-Allow-Methods": "OPTIONS, HEAD, GET, POST, PATCH, DELETE",
    }
    if request.method == "OPTIONS":
        return web.Response(status=204, headers=headers)
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(headers)
        raise
    if not response.prepared:
        response.headers.update(headers)
    return response
