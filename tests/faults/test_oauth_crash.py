"""The process is killed after every single remote call of connecting, renewing, rotating and disconnecting.

After a restart and one run of the reconciler, the tool is either connected, with one token that the provider
accepts and nothing else stored, or disconnected, with nothing stored. The table of all runs is printed.
"""

import itertools
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from pydantic import SecretStr

from shared.errors import DisconnectedError
from shared.gateways.firestore import Put, Remove, firestore_client
from shared.gateways.google_consent import GoogleConsentGateway
from shared.gateways.oauth import OAuthGateway
from shared.gateways.secret_manager import SecretManagerGateway
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, ConnectionState, ToolAddress
from shared.models.base import utc_now
from shared.models.member import Role
from shared.repositories.agent_tools import AgentToolRepository, Decision
from shared.services.auth_service import AuthService, Callback
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.identity import User, user_id_for
from shared.services.oauth_providers import oauth_providers
from shared.services.secret_names import label_value
from shared.services.secret_reconciler import Found, SecretReconciler
from shared.services.secret_store import ToolSecretStore
from shared.services.stored_grant import StoredGrant
from shared.services.token_renewal import TokenRenewal
from tests.connect_stack import AGENT, CALENDAR, CRM, EDITOR, REGISTRY, Stack, running_stack
from tests.contract.google_stand_in import PROJECT
from tests.faults.mortal import SECRET_CALLS, Killed, MortalDatabase, Process

pytestmark = pytest.mark.faults

LATER = timedelta(hours=1)
SECRET_FIELD = "api_key"


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        await started.desk.secrets.list_secrets({})  # opens the channel
        yield started


def _gateway(stack: Stack) -> SecretManagerGateway:
    """On the channel that is open already: a handshake for each of a hundred lives takes its time."""
    gateway = SecretManagerGateway(PROJECT, stack.settings.secret_manager_endpoint)
    gateway._client = stack.desk.secrets._client  # pyright: ignore[reportPrivateUsage]
    return gateway


class Part:
    """The product in one process, which may be mortal."""

    def __init__(self, stack: Stack, process: Process, now: Callable[[], datetime] = utc_now) -> None:
        self.stack = stack
        self.database = MortalDatabase(firestore_client(PROJECT), process)
        self.secrets: SecretManagerGateway = process.hold(_gateway(stack), "secrets", SECRET_CALLS)
        providers: dict[str, OAuthGateway] = {}
        for name, provider in oauth_providers(stack.settings).items():
            if name == "google":
                providers[name] = process.hold(GoogleConsentGateway(provider), name, ("exchange", "_post"))
            else:
                providers[name] = process.hold(OAuthGateway(provider), name, ("_post", "_account_email"))
        self.store = ToolSecretStore(self.secrets, now=now)
        self.connections = ConnectionService(self.database, now=now)
        self.auth = AuthService(
            self.database, self.store, providers, stack.settings.public_url, registry=REGISTRY, now=now
        )
        self.renewal = TokenRenewal(self.secrets, providers, self.connections, now=now)
        self.credentials = ConnectionCredentials(self.connections, self.renewal, now=now)
        self.reconciler = SecretReconciler(self.database, self.store, self.auth, self.renewal, now=now)


@dataclass
class Run:
    """One life: a tenant of its own, with an account of its own."""

    stack: Stack
    tenant_id: str
    slug: str
    pinned: ConnectionRef | None = None

    @property
    def address(self) -> ToolAddress:
        return ToolAddress(self.tenant_id, AGENT, self.slug)

    @property
    def provider(self) -> str:
        return "crm" if self.slug == CRM else "google"

    @property
    def user(self) -> User:
        subject = self.stack.identity.users.put(EDITOR).subject
        issuer = self.stack.identity.url
        return User(user_id_for(issuer, subject), issuer, subject, EDITOR)

    async def furnish(self) -> None:
        await self.stack.database.commit(
            [
                Put(f"tenants/{self.tenant_id}", {"name": self.tenant_id}),
                Put(f"tenants/{self.tenant_id}/agents/{AGENT}", {"name": "x", "instructions": "x"}),
            ]
        )
        await self.stack.add_member(EDITOR, Role.EDITOR, self.tenant_id)

    async def remove(self, part: Part) -> None:
        await part.store.purge(self.tenant_id)
        await self.stack.database.commit([Remove(f"tenants/{self.tenant_id}")])

    async def connect(self, part: Part, account: str = "one") -> None:
        email = f"{account}@{self.tenant_id}.example"
        started = await part.auth.start(self.user, self.provider, self.address)
        if self.provider == "google":
            await self.stack.control("POST", "accounts", email=email)
            await self.stack.consent(email)
        async with (
            aiohttp.ClientSession() as browser,
            browser.get(started.authorization_url, allow_redirects=False) as answer,
        ):
            query = parse_qs(urlsplit(answer.headers["Location"]).query)
        verifier = started.verifier.get_secret_value()
        callback = Callback(query["state"][0], query["code"][0], None, verifier)
        await part.auth.complete(self.provider, callback)

    async def tool(self) -> AgentTool | None:
        repository = AgentToolRepository(self.stack.database)
        return await repository.find(self.tenant_id, AGENT, self.slug)

    async def pin(self) -> None:
        """As the snapshot of a call that starts now."""
        tool = await self.tool()
        self.pinned = None if tool is None else ConnectionRef.of(self.address, tool)

    async def token(self, part: Part) -> str:
        """The refresh token that is named now; "" when there is none."""
        tool = await self.tool()
        version = None if tool is None else tool.sensitive_config.get(REFRESH_TOKEN)
        if version is None:
            return ""
        return StoredGrant.opened(await part.secrets.access(version)).refresh_token.get_secret_value()

    async def readable(self, part: Part) -> list[str]:
        return [
            version.name
            for secret_id in await part.secrets.list_secrets({"tenant": label_value(self.tenant_id)})
            for version in await part.secrets.list_versions(secret_id)
            if version.readable
        ]

    def accepts(self, token: str) -> bool:
        """Whether the provider would take this refresh token."""
        if self.provider == "crm":
            return token in self.stack.crm.tokens
        return self.stack.google._oauth.refresh_grant(token) is not None  # pyright: ignore[reportPrivateUsage]


Act = Callable[[Run, Part], Awaitable[None]]


async def nothing(run: Run, part: Part) -> None:
    return


async def connect(run: Run, part: Part) -> None:
    await run.connect(part)


async def connect_another_account(run: Run, part: Part) -> None:
    await run.connect(part, "two")


async def use(run: Run, part: Part) -> None:
    assert run.pinned is not None
    await part.credentials.access_token(run.pinned)


async def use_after_revocation(run: Run, part: Part) -> None:
    email = f"one@{run.tenant_id}.example"
    client_id = run.stack.settings.google_oauth_client_id
    await run.stack.control("DELETE", "refresh-tokens", email=email, client_id=client_id)
    with suppress(DisconnectedError):
        await use(run, part)


async def disconnect(run: Run, part: Part) -> None:
    await part.auth.disconnect(run.user, run.provider, run.address)


async def remove_agent(run: Run, part: Part) -> None:
    await part.auth.forget(run.tenant_id, AGENT)


async def set_secret_field(run: Run, part: Part) -> None:
    """As a form does: the document is written between storing the new value and destroying the former."""
    tools = AgentToolRepository(part.database)

    async def pin(version: str) -> str | None:
        def decide(tool: AgentTool) -> Decision:
            secrets = {**tool.sensitive_config, SECRET_FIELD: version}
            return tool.model_copy(update={"sensitive_config": secrets}), []

        former = await tools.change(run.tenant_id, AGENT, run.slug, decide, create=True)
        return former.sensitive_config.get(SECRET_FIELD)

    await part.store.replace(run.address, SECRET_FIELD, SecretStr("a key"), pin)


OPERATIONS: dict[str, tuple[str, Act, Act]] = {
    "connect": (CALENDAR, nothing, connect),
    "connect again": (CALENDAR, connect, connect),
    "connect another account": (CALENDAR, connect, connect_another_account),
    "connect, generic provider": (CRM, nothing, connect),
    "refresh": (CALENDAR, connect, use),
    "refresh, revoked": (CALENDAR, connect, use_after_revocation),
    "rotate": (CRM, connect, use),
    "disconnect": (CALENDAR, connect, disconnect),
    "disconnect, generic provider": (CRM, connect, disconnect),
    "remove the agent": (CALENDAR, connect, remove_agent),
    "set a secret field": (CALENDAR, set_secret_field, set_secret_field),
}


HEADER = f"{'operation':29}  n  {'the last remote call':26} {'in the end':17} put right by the reconciler"


async def legal_state(run: Run, part: Part) -> str:
    """ "connected" or "disconnected"; an AssertionError says what is wrong with any other."""
    tool, readable = await run.tool(), await run.readable(part)
    named = {} if tool is None else tool.sensitive_config
    assert sorted(named.values()) == sorted(readable), "what is stored is what the document names"
    connection = None if tool is None else tool.connection
    if connection is None or connection.state is ConnectionState.DISCONNECTED:
        assert REFRESH_TOKEN not in named
        return "disconnected" if not readable else "one value, named"
    grant = StoredGrant.opened(await part.secrets.access(named[REFRESH_TOKEN]))
    token = grant.refresh_token.get_secret_value()
    assert run.accepts(token), "a connected tool's token works"
    assert grant.consent_id == connection.consent_id, "token and facts are of one consent"
    if run.provider == "google":
        owner = run.stack.google._oauth.refresh_grant(token)  # pyright: ignore[reportPrivateUsage]
        assert owner is not None
        assert owner.email == connection.account_email
    return "connected"


async def one_run(
    stack: Stack, number: int, operation: str, calls: int
) -> tuple[str, str, list[Found]] | None:
    """(call that was the last, state after the reconciler, what that put right); None: it was not killed."""
    slug, before, act = OPERATIONS[operation]
    run = Run(stack, f"tenant-{operation.partition(',')[0].replace(' ', '-')}-{number}", slug)
    await run.furnish()
    healthy = Part(stack, Process())
    await before(run, healthy)
    await run.pin()
    token = await run.token(healthy)

    process = Process(calls)
    mortal = Part(stack, process)
    killed = False
    try:
        await act(run, mortal)
    except Killed:
        killed = True

    restarted = Part(stack, Process(), now=lambda: utc_now() + LATER)
    if act is use_after_revocation:  # what the provider did is learned with the next use
        with suppress(DisconnectedError):
            await use(run, restarted)
    found = await restarted.reconciler.run(apply=True)
    state = await legal_state(run, restarted)
    assert await restarted.reconciler.run(apply=True) == [], "once is enough"
    if act in (disconnect, remove_agent) and state == "disconnected":
        assert not run.accepts(token), "it is revoked at the provider, too"
    await run.remove(healthy)
    return (process.made[-1], state, found) if killed else None


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_wherever_the_process_dies_the_state_is_legal_and_no_token_is_left_over(
    stack: Stack, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[str] = []
    for calls in itertools.count(1):
        outcome = await one_run(stack, calls, operation, calls)
        if outcome is None:
            break
        last, state, found = outcome
        repairs = ", ".join(one.finding.name.lower() for one in found) or "-"
        rows.append(f"{operation:29} {calls:3}  {last:26} {state:17} {repairs}")
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join([HEADER, *rows]) + "\n")
    assert len(rows) >= 3
