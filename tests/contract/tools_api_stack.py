"""The API as uvicorn serves it, with the stand-ins it talks to, all on this process's event loop."""

import asyncio
import contextlib
import os
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import aiohttp
import jwt
import uvicorn
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm

from functions.tools_api.api import Api
from functions.tools_api.app import create_app
from functions.tools_api.settings import ApiSettings
from local.firestore import DEPLOYED, FirestoreServer
from local.google.server import GoogleStandIn
from local.livekit.embedded import Config, EmbeddedServer
from local.speech.pcm import tone
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from shared.gateways.firestore import Database, Put, firestore_client
from shared.models.base import utc_now
from shared.models.call import Voicemail
from shared.models.member import Member, Role
from shared.models.tenant import Tenant
from shared.repositories.members import MemberRepository
from shared.services.identity import user_id_for
from shared.tools.base.registry import ToolRegistry
from tests.contract.google_stand_in import PROJECT, QUEUE, acting_as, stand_in
from tests.waiting import eventually

AUDIENCE = "trunkline-test"
ORIGIN = "https://dashboard.example"
EDGE = "https://voice.example"
ACCOUNT_SID = "AC" + "0" * 32
LIVEKIT_KEY, LIVEKIT_SECRET = "key", "secret-of-at-least-thirty-two-characters"
NUMBERS = [f"+1415555020{digit}" for digit in range(10)]
"""Of the Twilio account."""

JSON = Any
"""A parsed answer."""


class Issuer:
    """A sign-in service: OpenID Connect Discovery, keys, and tokens for whoever a test needs."""

    def __init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.url = ""

    def token(self, subject: str, *, forged: tuple[Any, str] | None = None, **claims: object) -> str:
        """`forged` is another key, and the algorithm for it."""
        now = int(time.time())
        standard = {
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + 600,
            "email": f"{subject}@example.com",
            "email_verified": True,
        }
        key, algorithm = forged or (self._key, "RS256")
        return jwt.encode({**standard, **claims}, key, algorithm, headers={"kid": "k1"})

    @property
    def public_pem(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)

        async def configuration(_: web.Request) -> web.Response:
            return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

        async def keys(_: web.Request) -> web.Response:
            return web.json_response({"keys": [{**public, "kid": "k1", "alg": "RS256", "use": "sig"}]})

        app = web.Application()
        app.add_routes([web.get("/.well-known/openid-configuration", configuration), web.get("/keys", keys)])
        async with TestServer(app) as server:
            self.url = f"http://127.0.0.1:{server.port}"
            yield self


@dataclass
class Answer:
    status: int
    headers: Mapping[str, str]
    body: JSON

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


@dataclass
class Client:
    """Somebody who sends requests; paths are below /api/v1."""

    session: aiohttp.ClientSession
    token: str | None = None
    origin: str = field(default="", kw_only=True)
    """Empty: the session's."""

    async def __call__(
        self, method: str, path: str, body: JSON = None, *, expect: int | None = None, **headers: str
    ) -> Answer:
        """`headers` with `_` for `-`; `expect` asserts the status."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        url = f"{self.origin}/api/v1{path}"
        async with self.session.request(method, url, json=body, headers=sent) as response:
            is_json = "json" in response.headers.get("Content-Type", "")
            answer = Answer(
                response.status,
                response.headers,
                await response.json(content_type=None) if is_json else await response.text(errors="replace"),
            )
        assert expect in (None, answer.status), f"{method} {path}: {answer.status} {answer.body}"
        return answer


@dataclass
class TestTenant:
    """A tenant of its own for a test, with a member of each role. Paths are below the tenant."""

    __test__ = False

    stack: "Stack"
    id: str
    tokens: dict[Role, str] = field(default_factory=dict[Role, str])

    def client(self, role: Role) -> "TenantClient":
        return TenantClient(self.stack.session, self.tokens[role], f"/tenants/{self.id}")

    @property
    def owner(self) -> "TenantClient":
        return self.client(Role.OWNER)

    @property
    def editor(self) -> "TenantClient":
        return self.client(Role.EDITOR)

    @property
    def viewer(self) -> "TenantClient":
        return self.client(Role.VIEWER)

    async def agent(self, **changes: Any) -> str:
        """A new agent's id."""
        body = {"name": "Front desk", "instructions": "You answer the phone.", **changes}
        return (await self.editor("POST", "/agents", body, expect=201)).body["id"]

    def member_id(self, role: Role) -> str:
        return user_id_for(self.stack.issuer.url, f"{role}-{self.id}")


@dataclass
class TenantClient(Client):
    base: str = ""

    async def __call__(
        self, method: str, path: str, body: JSON = None, *, expect: int | None = None, **headers: str
    ) -> Answer:
        return await super().__call__(method, self.base + path, body, expect=expect, **headers)


class Stack:
    """Enter the context; everything is gone after it."""

    def __init__(self, state: Path, **settings: Any) -> None:
        self._state = state
        self._settings = settings
        self._tenants = 0
        self.google_state = state / "google"
        self.issuer = Issuer()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            self.firestore = await stack.enter_async_context(FirestoreServer(indexes=DEPLOYED))
            self.google: GoogleStandIn = await stack.enter_async_context(stand_in(self._state / "google"))
            variables = stack.enter_context(acting_as("tools-api", self.google, self._state / "google"))
            stack.enter_context(_variable("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{self.firestore.port}"))
            self.livekit = await stack.enter_async_context(
                EmbeddedServer(Config(LIVEKIT_KEY, LIVEKIT_SECRET))
            )
            self.twilio = await stack.enter_async_context(
                TwilioStandIn(
                    self._state / "twilio",
                    account_sid=ACCOUNT_SID,
                    auth_token="token",
                    numbers=[Number(phone_number=number) for number in NUMBERS],
                )
            )
            await stack.enter_async_context(self.issuer.serving())
            self.variables = {
                **variables,
                "LIVEKIT_URL": self.livekit.url,
                "LIVEKIT_API_KEY": LIVEKIT_KEY,
                "LIVEKIT_API_SECRET": LIVEKIT_SECRET,
                "USER_TOKEN_ISSUERS": self.issuer.url,
                "USER_TOKEN_AUDIENCE": AUDIENCE,
                "DASHBOARD_ORIGINS": ORIGIN,
                "INCOMING_CALL_URL": EDGE,
                "OAUTH_URL": "http://127.0.0.1:9",  # tests that look at what it does start it
                "TASKS_QUEUE": QUEUE,
                "TASKS_SERVICE_ACCOUNT": f"oauth@{PROJECT}.iam.gserviceaccount.com",
                "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": "token",
                "TWILIO_API_URL": self.twilio.url,
                "REQUESTS_PER_MINUTE": "1000000",
                **self._settings,
            }
            self.database = Database(firestore_client(PROJECT))
            self.api = Api.connect(ApiSettings.from_env(self.variables))
            stack.push_async_callback(self.api.aclose)
            self.app = create_app(self.api)
            self.url = await stack.enter_async_context(_served(self.app))
            self.session = await stack.enter_async_context(aiohttp.ClientSession(self.url))
            self._running = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._running.aclose()

    def another_api(self, registry: ToolRegistry) -> Api:
        """With other tools, over the same gateways."""
        gateways = self.api.gateways
        return Api(self.api.settings, *gateways, registry=registry)

    def client(self, token: str | None = None) -> Client:
        return Client(self.session, token)

    def recorded(self, call_sid: str, seconds: float = 2.0) -> Voicemail:
        """A recording that Twilio has of that call."""
        sound = tone(seconds, rate=8000).samples
        recording = self.twilio.exchange.keep_recording(call_sid, "RecordVerb", utc_now(), sound)
        url = self.twilio.exchange.recording_url(recording)
        return Voicemail(recording_sid=recording.sid, recording_url=url, seconds=recording.seconds)

    async def tenant(self, **changes: Any) -> TestTenant:
        self._tenants += 1
        tenant = TestTenant(self, f"tenant-{self._tenants}")
        document = Tenant(name=f"Tenant {self._tenants}", **changes)
        await self.database.commit([Put(f"tenants/{tenant.id}", document.to_firestore())])
        for role in Role:
            member = Member(role=role, email=f"{role}-{tenant.id}@example.com")
            await MemberRepository(self.database).put(tenant.id, tenant.member_id(role), member)
            tenant.tokens[role] = self.issuer.token(f"{role}-{tenant.id}")
        return tenant


@contextlib.asynccontextmanager
async def _served(app: Any) -> AsyncIterator[str]:
    """On a free port."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=0,
            log_config=None,
            lifespan="off",
            access_log=False,
            # Longer than any pause of a test: a request on a connection that is just being dropped fails.
            timeout_keep_alive=600,
        )
    )
    server.install_signal_handlers = lambda: None  # pyright: ignore[reportAttributeAccessIssue]
    serving = asyncio.create_task(server._serve())
    await eventually(lambda: server.started, "the API serves")
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    server.force_exit = True
    await serving


@contextlib.contextmanager
def _variable(name: str, value: str) -> Any:
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
