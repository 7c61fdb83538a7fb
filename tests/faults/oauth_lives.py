"""What the connecting part does in one life, for `test_oauth_crash`; the server of lives imports it once."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from functions.oauth.settings import ConnectSettings
from shared.errors import DisconnectedError
from shared.gateways.firestore import firestore_client
from shared.gateways.google_consent import GoogleConsentGateway
from shared.gateways.oauth import OAuthGateway
from shared.gateways.secret_manager import SecretManagerGateway
from shared.models.agent_tool import AgentTool, ToolAddress
from shared.models.base import utc_now
from shared.repositories.agent_tools import AgentToolRepository, Decision
from shared.services.auth_service import AuthService, Callback
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import ConnectionRef, ConnectionService
from shared.services.identity import User
from shared.services.oauth_providers import oauth_providers
from shared.services.revocation_service import RevocationService
from shared.services.secret_reconciler import SecretReconciler
from shared.services.secret_store import ToolSecretStore
from shared.services.token_renewal import TokenRenewal
from tests.connect_stack import CRM, REGISTRY
from tests.faults.mortal import SECRET_CALLS, MortalDatabase, Process

SECRET_FIELD = "api_key"


class Part:
    """The product in one process, which may be mortal."""

    def __init__(
        self, settings: ConnectSettings, process: Process, now: Callable[[], datetime] = utc_now
    ) -> None:
        project = settings.google_cloud_project
        self.process = process
        self.database = MortalDatabase(firestore_client(project), process)
        gateway = SecretManagerGateway(project, settings.secret_manager_endpoint)
        self.secrets: SecretManagerGateway = process.hold(gateway, "secrets", SECRET_CALLS)
        providers: dict[str, OAuthGateway] = {}
        for name, provider in oauth_providers(settings).items():
            if name == "google":
                providers[name] = process.hold(GoogleConsentGateway(provider), name, ("exchange", "_post"))
            else:
                providers[name] = process.hold(OAuthGateway(provider), name, ("_post", "_account_email"))
        self.store = ToolSecretStore(self.secrets, now=now)
        self.connections = ConnectionService(self.database, now=now)
        self.auth = AuthService(
            self.database, self.store, providers, settings.public_url, registry=REGISTRY, now=now
        )
        self.revocations = RevocationService(self.database, self.store, providers, now=now)
        self.renewal = TokenRenewal(self.secrets, providers, self.connections, now=now)
        self.credentials = ConnectionCredentials(self.connections, self.renewal, now=now)
        self.reconciler = SecretReconciler(self.database, self.store, self.revocations, self.renewal, now=now)


@dataclass(frozen=True)
class Deed:
    """What is done, by whom, to which tool."""

    operation: str
    address: ToolAddress
    user: User
    pinned: ConnectionRef | None = None
    """As in the snapshot of a call."""

    @property
    def provider(self) -> str:
        return "crm" if self.address.slug == CRM else "google"


Act = Callable[[Part, Deed], Awaitable[None]]


async def connect(part: Part, deed: Deed, account: str = "one") -> None:
    started = await part.auth.start(deed.user, deed.provider, deed.address)
    back = part.process.ask(f"{account} {started.authorization_url}")
    query = parse_qs(urlsplit(back).query)
    verifier = started.verifier.get_secret_value()
    await part.auth.complete(deed.provider, Callback(query["state"][0], query["code"][0], None, verifier))


async def connect_another_account(part: Part, deed: Deed) -> None:
    await connect(part, deed, "two")


async def use(part: Part, deed: Deed) -> None:
    assert deed.pinned is not None
    with suppress(DisconnectedError):
        await part.credentials.access_token(deed.pinned)


async def disconnect(part: Part, deed: Deed) -> None:
    await part.auth.disconnect(deed.user, deed.provider, deed.address)


async def remove_agent(part: Part, deed: Deed) -> None:
    await part.revocations.forget(deed.address.tenant_id, deed.address.agent_id)


async def set_secret_field(part: Part, deed: Deed) -> None:
    """As a form does: the document is written between storing the new value and destroying the former."""
    tools = AgentToolRepository(part.database)

    async def pin(version: str) -> str | None:
        def decide(tool: AgentTool) -> Decision:
            secrets = {**tool.sensitive_config, SECRET_FIELD: version}
            return tool.model_copy(update={"sensitive_config": secrets}), []

        at = deed.address
        former = await tools.change(at.tenant_id, at.agent_id, at.slug, decide, create=True)
        return former.sensitive_config.get(SECRET_FIELD)

    await part.store.replace(deed.address, SECRET_FIELD, SecretStr("a key"), pin)


ACTS: dict[str, Act] = {
    "connect": connect,
    "connect again": connect,
    "connect another account": connect_another_account,
    "connect, generic provider": connect,
    "refresh": use,
    "refresh, revoked": use,
    "rotate": use,
    "disconnect": disconnect,
    "disconnect, generic provider": disconnect,
    "remove the agent": remove_agent,
    "set a secret field": set_secret_field,
}


async def do(process: Process, deed: Deed) -> None:
    await ACTS[deed.operation](Part(ConnectSettings.from_env(), process), deed)
