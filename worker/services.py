"""The collaborators of a call, made once per job process and event loop."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.errors import DisconnectedError
from shared.gateways.firestore import Database, firestore_client
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.oauth import OAuthGateway, OAuthProvider
from shared.gateways.secret_manager import SecretManagerGateway
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool
from shared.models.base import utc_now
from shared.models.session import SessionSnapshot
from shared.services.call_service import CallService
from shared.services.connection_credentials import RECONNECT, ConnectionCredentials, ConnectionRef
from shared.services.session_service import SessionManager
from shared.tools.base.base_tool import Credential
from shared.tools.base.registry import ToolRegistry
from worker.settings import WorkerSettings


@dataclass(frozen=True)
class Services:
    settings: WorkerSettings
    tls: ssl.SSLContext
    sessions: SessionManager
    calls: CallService
    livekit: LiveKitGateway
    secrets: SecretManagerGateway
    credentials: ConnectionCredentials
    registry: ToolRegistry
    now: Callable[[], datetime] = utc_now

    @classmethod
    def open(cls, settings: WorkerSettings, tls: ssl.SSLContext) -> Self:
        """Must run on the event loop that will use them. Nothing is connected yet."""
        database = Database(firestore_client(settings.google_cloud_project))
        secrets = SecretManagerGateway(settings.google_cloud_project, settings.secret_manager_endpoint)
        return cls(
            settings=settings,
            tls=tls,
            sessions=SessionManager(database),
            calls=CallService(database),
            livekit=LiveKitGateway(settings),
            secrets=secrets,
            credentials=ConnectionCredentials(secrets, _providers(settings)),
            registry=ToolRegistry(),
        )

    def credential(self, snapshot: SessionSnapshot, tool: AgentTool) -> Credential:
        """The account connected to `tool`. Raises `DisconnectedError` when the snapshot has none."""
        version = tool.sensitive_config.get(REFRESH_TOKEN)
        if version is None or tool.connection is None:
            raise DisconnectedError(RECONNECT, message=f"{tool.slug}: not connected")
        return self.credentials.credential(
            ConnectionRef(
                tenant_id=snapshot.tenant_id,
                agent_id=snapshot.agent_id,
                slug=tool.slug,
                provider=tool.connection.provider,
                refresh_token_version=version,
            )
        )

    async def aclose(self) -> None:
        await self.livekit.aclose()
        await self.secrets.aclose()


def _providers(settings: WorkerSettings) -> dict[str, OAuthGateway]:
    """The OAuth clients that this deployment has; tools of other providers say that they are not set up."""
    if settings.google_oauth_client_id is None or settings.google_oauth_client_secret is None:
        return {}
    google = OAuthProvider(
        name="google",
        token_uri=settings.google_oauth_token_uri,
        client_id=settings.google_oauth_client_id,
        client_secret=settings.google_oauth_client_secret,
    )
    return {google.name: OAuthGateway(google)}
