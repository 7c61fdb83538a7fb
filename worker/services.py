"""The collaborators of a call, made once per job process and event loop."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from shared.errors import DisconnectedError
from shared.gateways.firestore import Database, firestore_client
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.oauth import OAuthGateway
from shared.gateways.secret_manager import SecretManagerGateway
from shared.models.agent_tool import AgentTool, ToolAddress
from shared.models.base import utc_now
from shared.models.session import SessionSnapshot
from shared.repositories.releases import ReleaseRepository
from shared.services.call_service import CallService
from shared.services.connection_credentials import ConnectionCredentials
from shared.services.connections import RECONNECT, ConnectionRef, ConnectionService
from shared.services.oauth_providers import oauth_providers
from shared.services.session_service import SessionManager
from shared.services.token_renewal import TokenRenewal
from shared.tools.base.base_tool import Credential
from shared.tools.base.registry import ToolRegistry
from worker.settings import WorkerSettings


@dataclass(frozen=True)
class Services:
    settings: WorkerSettings
    tls: ssl.SSLContext
    sessions: SessionManager
    calls: CallService
    releases: ReleaseRepository
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
        connections = ConnectionService(database)
        providers = {name: OAuthGateway(provider) for name, provider in oauth_providers(settings).items()}
        return cls(
            settings=settings,
            tls=tls,
            sessions=SessionManager(database),
            calls=CallService(database),
            releases=ReleaseRepository(database, settings.agent_name),
            livekit=LiveKitGateway(settings),
            secrets=secrets,
            credentials=ConnectionCredentials(connections, TokenRenewal(secrets, providers, connections)),
            registry=ToolRegistry(),
        )

    def credential(self, snapshot: SessionSnapshot, tool: AgentTool) -> Credential:
        """The account connected to `tool`. Raises `DisconnectedError` when the snapshot has none."""
        address = ToolAddress(snapshot.tenant_id, snapshot.agent_id, tool.slug)
        connection = ConnectionRef.of(address, tool)
        if connection is None:
            raise DisconnectedError(RECONNECT, message=f"{tool.slug}: not connected")
        return self.credentials.credential(connection)

    async def aclose(self) -> None:
        await self.livekit.aclose()
        await self.secrets.aclose()
