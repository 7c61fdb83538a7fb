"""All of Google's services on the laptop as one part: starts and stops with its context."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import grpc
import grpc.aio
from aiohttp import web
from aiohttp.typedefs import Handler

from local.google import cloud_tasks, secret_manager
from local.google.access_control import AccessControl
from local.google.api_error import ApiError
from local.google.calendar_routes import CalendarApi
from local.google.calendar_store import CalendarStore
from local.google.cloud_tasks import CloudTasks
from local.google.control import Control
from local.google.delivery import Delivery
from local.google.faults import Faults
from local.google.iam import Policy
from local.google.identity import Identity, InvalidAssertionError
from local.google.oauth_consent import ConsentEndpoint
from local.google.oauth_store import Client, Grant, OAuthStore
from local.google.oauth_token import TokenEndpoints
from local.google.rpc import Code, RpcError, Service
from local.google.secret_manager import SecretManager
from local.google.store import open_database

_UNAUTHENTICATED = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other "
    "valid authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)
_STOP_GRACE_SECONDS = 0.5


@dataclass(frozen=True)
class Options:
    state: Path
    """Keys and the database live here."""
    tls_cert: Path
    tls_key: Path
    project: str = "trunkline-local"
    project_number: str = "100000000001"
    location: str = "us-central1"
    """Where the functions are."""
    port: int = 0
    grpc_port: int = 0
    queues: Sequence[str] = ()
    """Full names of queues that exist from the start."""
    clients: Sequence[Client] = ()
    policy: Policy = field(default_factory=Policy)
    clock: Callable[[], float] = time.time


class GoogleStandIn:
    """`port` (HTTP) and `grpc_port` (TLS) are known once the context is entered."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.port = options.port
        self.grpc_port = options.grpc_port
        self.faults = Faults()
        self.access_control = AccessControl(
            options.policy, options.project, options.project_number, options.location, self._authorize
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._database = open_database(self._options.state)
        self._oauth = OAuthStore(self._database, self._options.clients, self._options.clock)
        self._http = web.AppRunner(self._web(), access_log=None)
        await self._http.setup()
        site = web.TCPSite(self._http, "127.0.0.1", self._options.port)
        await site.start()
        self.port = self._http.addresses[0][1]
        # Only now is the port known that key files name as their token endpoint.
        self.identity = Identity(self._options.state / "keys", self._options.project, f"{self.url}/token")
        await self._start_grpc()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._delivery.cancel()
        with suppress(asyncio.CancelledError):
            await self._delivery
        await self._grpc.stop(_STOP_GRACE_SECONDS)
        await self._http.cleanup()
        self._database.close()

    def issue_access_token(self, email: str, client_id: str, scopes: Sequence[str]) -> str:
        """As if the client had just refreshed."""
        return self._oauth.issue_access_token(Grant(email, client_id, tuple(scopes)))[0]

    def _web(self) -> web.Application:
        clock = self._options.clock
        calendars = CalendarStore(self._database)
        consent = ConsentEndpoint(self._oauth)
        app = web.Application(middlewares=[self._fail_as_planned])
        app.add_routes(
            [
                web.get("/oauth2/v1/certs", self._certificates),
                web.get("/oauth2/v3/certs", self._jwks),
                *consent.routes(),
                *TokenEndpoints(self._oauth, lambda: self.identity, clock).routes(),
                *CalendarApi(calendars, self._oauth, clock).routes(),
                *self.access_control.routes(),
                *Control(calendars, self._oauth, consent, self.faults, clock).routes(),
            ]
        )
        return app

    async def _start_grpc(self) -> None:
        options = self._options
        delivery = Delivery(self.identity, options.clock)
        tasks = CloudTasks(self._database, options.clock, delivery.wake)
        for queue in options.queues:
            tasks.ensure_queue(queue)
        secrets = SecretManager(self._database, options.project, options.project_number, options.clock)
        self._grpc = grpc.aio.server()
        self._grpc.add_generic_rpc_handlers(
            [
                self._service(secret_manager.NAME, secret_manager.HOST, secrets),
                self._service(cloud_tasks.NAME, cloud_tasks.HOST, tasks),
            ]
        )
        credentials = grpc.ssl_server_credentials(
            [(options.tls_key.read_bytes(), options.tls_cert.read_bytes())]
        )
        self.grpc_port = self._grpc.add_secure_port(f"127.0.0.1:{options.grpc_port}", credentials)
        await self._grpc.start()
        self._delivery = asyncio.create_task(delivery.run(tasks))

    def _service(self, name: str, host: str, implementation: object) -> Service:
        return Service(name, host, implementation, self._authenticate, self._options.policy, self.faults)

    def _authenticate(self, authorization: str | None, host: str) -> str:
        """Callers send a token that they signed for `host`, or an access token that they got for one."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            raise RpcError(Code.UNAUTHENTICATED, "Request is missing required authentication credential.")
        if grant := self._oauth.access_grant(token):
            return grant.email
        try:
            return self.identity.verify(token, f"https://{host}/")
        except InvalidAssertionError:
            raise RpcError(Code.UNAUTHENTICATED, _UNAUTHENTICATED) from None

    def _authorize(self, authorization: str | None, host: str, permission: str) -> None:
        if not self._options.policy.allows(self._authenticate(authorization, host), permission):
            raise RpcError(Code.PERMISSION_DENIED, f"Permission '{permission}' denied (or it may not exist).")

    @web.middleware
    async def _fail_as_planned(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not request.path.startswith("/_local/") and (status := await self.faults.meet(request.path)):
            return ApiError(status, "backendError", f"planned fault {status}").response()
        return await handler(request)

    async def _certificates(self, _: web.Request) -> web.Response:
        return web.json_response(self.identity.certificates())

    async def _jwks(self, _: web.Request) -> web.Response:
        return web.json_response(self.identity.jwks())
