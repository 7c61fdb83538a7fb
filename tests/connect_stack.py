"""The connection function over HTTP, with real clients, against the stand-ins: all in one process."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import aiohttp
import pytest
import uvicorn
from pydantic import BaseModel, ConfigDict

from functions.oauth.app import create_app
from functions.oauth.desk import Desk
from functions.oauth.settings import ConnectSettings
from local.firestore import DEPLOYED, FirestoreServer
from local.google.oauth_store import Client
from local.google.server import GoogleStandIn
from local.identity.server import AUDIENCE, Identity
from shared.gateways.firestore import Database, Put, firestore_client
from shared.models.agent_tool import AgentTool, ToolAddress
from shared.models.member import Member, Role
from shared.repositories.members import MemberRepository
from shared.services.connections import ConnectionRef
from shared.services.identity import user_id_for
from shared.tools.base.base_tool import Action, BaseTool, OAuthConnection, ToolContext, ToolMetadata
from shared.tools.base.registry import TOOLS, ToolRegistry
from tests.contract.google_stand_in import PROJECT, acting_as, stand_in
from tests.rotating_provider import SCOPE, RotatingProvider
from tests.waiting import eventually

TENANT, AGENT, CALENDAR, CRM = "harbor", "front-desk", "google_calendar", "crm"
OWNER, EDITOR, VIEWER, STRANGER = (f"{name}@harbor.example" for name in ("olga", "ed", "vera", "eve"))
ACCOUNT = "frontdesk@harbor.example"
DASHBOARD = "http://127.0.0.1:3000"
CLIENT_ID, CLIENT_SECRET = "laptop-client", "canary-google-client-secret"


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CrmTool(BaseTool):
    """A second product's tool: what it takes to connect it is in its metadata."""

    metadata: ClassVar[ToolMetadata] = ToolMetadata(
        slug=CRM,
        display_name="CRM",
        description="Looks up customers.",
        actions={"find": Action("Finds.", _Nothing, read_only=True, idempotent=True)},
        connection=OAuthConnection("crm", (SCOPE,)),
    )

    async def execute(self, action: str, arguments: BaseModel, context: ToolContext[Any]) -> dict[str, Any]:
        assert context.credential is not None
        return {"token": await context.credential.access_token()}


REGISTRY = ToolRegistry((*TOOLS, CrmTool))


@dataclass
class Stack:
    google: GoogleStandIn
    identity: Identity
    crm: RotatingProvider
    desk: Desk
    settings: ConnectSettings
    database: Database
    url: str

    def browser(self, email: str = EDITOR) -> "Browser":
        return Browser(self, email)

    async def control(self, verb: str, resource: str, **body: Any) -> Any:
        """Of Google's stand-in."""
        url = f"{self.google.url}/_local/{resource}"
        async with aiohttp.ClientSession() as http, http.request(verb, url, json=body or None) as answer:
            answer.raise_for_status()
            return await answer.json() if answer.content_type == "application/json" else None

    async def consent(self, email: str = ACCOUNT, **more: Any) -> None:
        """What Google's page answers from now on."""
        await self.control("PUT", "consent", email=email, **more)

    async def tool(self, slug: str = CALENDAR) -> AgentTool | None:
        fields = await self.database.get(f"tenants/{TENANT}/agents/{AGENT}/agent_tools/{slug}")
        return None if fields is None else AgentTool.from_firestore(fields)

    async def connected_crm(self) -> ConnectionRef:
        """The CRM's connection, which somebody has just made."""
        async with self.browser() as browser:
            await browser.connect(provider="crm")
        tool = await self.tool(CRM)
        assert tool is not None
        connection = ConnectionRef.of(ToolAddress(TENANT, AGENT, CRM), tool)
        assert connection is not None
        return connection

    async def stored(self) -> tuple[AgentTool | None, list[str]]:
        """The calendar's document, and all versions in Secret Manager that can be read."""
        versions = [
            version.name
            for secret_id in await self.desk.secrets.list_secrets({})
            for version in await self.desk.secrets.list_versions(secret_id)
            if version.readable
        ]
        return await self.tool(), versions

    def scheduler_token(self) -> str:
        """What Cloud Scheduler sends with its tasks."""
        now = int(time.time())
        email = self.settings.tasks_service_account
        claims = {"sub": "1", "aud": self.settings.public_url, "email": email, "email_verified": True}
        return self.google.identity.sign({**claims, "iat": now, "exp": now + 600})

    async def add_member(self, email: str, role: Role, tenant_id: str = TENANT) -> None:
        user = self.identity.users.find(email) or self.identity.users.put(email)
        user_id = user_id_for(self.identity.url, user.subject)
        await MemberRepository(self.database).put(tenant_id, user_id, Member(role=role, email=email))


class Browser:
    """One person's: signed in at the dashboard, with cookies of its own."""

    def __init__(self, stack: Stack, email: str) -> None:
        self._stack = stack
        self._email = email
        self.http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.close()

    async def api(
        self, verb: str, action: str, *, provider: str = "google", token: str | None = None, **body: Any
    ) -> tuple[int, dict[str, Any]]:
        """What the dashboard's code does."""
        tool = CALENDAR if provider == "google" else CRM
        asked = {"tenant_id": TENANT, "agent_id": AGENT, "tool": tool} | body
        headers = {
            "Authorization": f"Bearer {token or self._stack.identity.token(self._email)}",
            "Origin": DASHBOARD,
        }
        url = f"{self._stack.url}/api/v1/oauth/{provider}/{action}"
        sent: dict[str, Any] = {"params": asked} if verb == "GET" else {"json": asked}
        async with self.http.request(verb, url, headers=headers, **sent) as answer:
            return answer.status, await answer.json(content_type=None)

    async def start(self, *, provider: str = "google", **body: Any) -> str:
        """The address of the consent page."""
        status, answer = await self.api("POST", "start", provider=provider, **body)
        assert status == 200, answer
        return answer["authorization_url"]

    async def agree(self, consent_page: str) -> str:
        """The address that the provider sends the browser back to."""
        async with self.http.get(consent_page, allow_redirects=False) as answer:
            assert answer.status == 302, await answer.text()
            return answer.headers["Location"]

    async def visit(self, url: str) -> tuple[int, str]:
        async with self.http.get(url, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def connect(self, *, provider: str = "google", **body: Any) -> tuple[int, str]:
        """From the click on Connect to the last page."""
        return await self.visit(await self.agree(await self.start(provider=provider, **body)))


@asynccontextmanager
async def running_stack(
    state: Path, more: Mapping[str, str] | None = None, google_clock: Callable[[], float] = time.time
) -> AsyncGenerator[Stack]:
    listener = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    redirects = frozenset({f"{url}/api/v1/oauth/google/callback"})
    client = Client(CLIENT_ID, CLIENT_SECRET, redirects)
    async with (
        FirestoreServer(indexes=DEPLOYED) as firestore,
        stand_in(state / "google", clients=[client], clock=google_clock) as google,
        Identity(state / "identity") as identity,
        RotatingProvider() as crm,
    ):
        with acting_as("oauth", google, state / "google") as cloud, pytest.MonkeyPatch.context() as patch:
            env = {
                **cloud,
                **crm.environment(),
                "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{firestore.port}",
                "OAUTHLIB_INSECURE_TRANSPORT": "1",
                "PUBLIC_URL": url,
                "DASHBOARD_ORIGIN": DASHBOARD,
                "USER_TOKEN_ISSUERS": identity.url,
                "USER_TOKEN_AUDIENCE": AUDIENCE,
                "GOOGLE_OAUTH_CLIENT_ID": CLIENT_ID,
                "GOOGLE_OAUTH_CLIENT_SECRET": CLIENT_SECRET,
                "REQUESTS_PER_MINUTE": "1000000",
                "TASKS_SERVICE_ACCOUNT": f"oauth@{PROJECT}.iam.gserviceaccount.com",
                **(more or {}),
            }
            for name, value in env.items():
                patch.setenv(name, value)
            settings = ConnectSettings.from_env()
            desk = Desk.connect(settings, REGISTRY)
            database = Database(firestore_client(settings.google_cloud_project))
            stack = Stack(google, identity, crm, desk, settings, database, url)
            await _furnish(stack)
            async with _served(create_app(desk), listener):
                yield stack
            await desk.aclose()


async def _furnish(stack: Stack) -> None:
    for tenant_id in (TENANT, "other"):
        agent = {"name": "Front desk", "instructions": "Be kind."}
        await stack.database.commit(
            [
                Put(f"tenants/{tenant_id}", {"name": tenant_id}),
                Put(f"tenants/{tenant_id}/agents/{AGENT}", agent),
            ]
        )
    for email, role in ((OWNER, Role.OWNER), (EDITOR, Role.EDITOR), (VIEWER, Role.VIEWER)):
        await stack.add_member(email, role)
    await stack.add_member(STRANGER, Role.OWNER, "other")
    for email in (ACCOUNT, "boss@harbor.example"):
        await stack.control("POST", "accounts", email=email)
    await stack.consent()


@asynccontextmanager
async def _served(app: Any, listener: socket.socket) -> AsyncGenerator[None]:
    config = uvicorn.Config(
        app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    with pytest.MonkeyPatch.context() as patch:
        # The process's signals are not the server's to take.
        patch.setattr(server, "capture_signals", contextlib.nullcontext)
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await eventually(lambda: server.started, "the function serves")
            yield
        finally:
            server.should_exit = True
            await task
