"""What the connection function works with: services and gateways, made once for an event loop."""

from dataclasses import dataclass
from typing import Self

from functions.oauth.settings import ConnectSettings
from shared.gateways.firestore import Database, firestore_client
from shared.gateways.secret_manager import SecretManagerGateway
from shared.request_limits import RateLimit
from shared.services.auth_service import AuthService
from shared.services.connections import ConnectionService
from shared.services.consent_gateways import consent_gateways
from shared.services.id_tokens import ServiceAccountVerifier
from shared.services.identity import IdentityService
from shared.services.revocation_service import RevocationService
from shared.services.secret_reconciler import SecretReconciler
from shared.services.secret_store import ToolSecretStore
from shared.services.token_renewal import TokenRenewal
from shared.tools.base.registry import ToolRegistry


@dataclass(frozen=True)
class Desk:
    """Holds clients and nothing of any request but how many a sender has made lately."""

    settings: ConnectSettings
    identity: IdentityService
    tasks: ServiceAccountVerifier
    auth: AuthService
    revocations: RevocationService
    reconciler: SecretReconciler
    secrets: SecretManagerGateway
    rate_limit: RateLimit

    @classmethod
    def connect(cls, settings: ConnectSettings, registry: ToolRegistry | None = None) -> Self:
        """Needs a running loop. Nothing is sent yet. `registry` is the product's own unless given."""
        database = Database(firestore_client(settings.google_cloud_project))
        secrets = SecretManagerGateway(
            settings.google_cloud_project, settings.secret_manager_endpoint, settings.locations
        )
        store = ToolSecretStore(secrets)
        providers = consent_gateways(settings)
        revocations = RevocationService(database, store, providers)
        renewal = TokenRenewal(secrets, providers, ConnectionService(database))
        return cls(
            settings=settings,
            identity=IdentityService(settings.issuers, settings.user_token_audience),
            tasks=ServiceAccountVerifier(
                settings.oidc_certs_url, settings.public_url, settings.tasks_service_account
            ),
            auth=AuthService(database, store, providers, settings.public_url, registry=registry),
            revocations=revocations,
            reconciler=SecretReconciler(database, store, revocations, renewal),
            secrets=secrets,
            rate_limit=RateLimit.of(settings),
        )

    async def aclose(self) -> None:
        await self.secrets.aclose()
