"""What tests of connections share: a connected tool in the database, secrets in memory."""

from datetime import UTC, datetime

from pydantic import SecretStr

from shared.gateways.secret_manager import SecretGoneError, secret_id_of, version_number
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, Connection, ConnectionState
from shared.services.connections import ConnectionRef
from shared.services.stored_grant import StoredGrant
from tests.fakes import FakeDatabase, Faulty

SINCE = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)


def tool_path(ref: ConnectionRef) -> str:
    return f"tenants/{ref.tenant_id}/agents/{ref.agent_id}/agent_tools/{ref.slug}"


def put_connected(database: FakeDatabase, ref: ConnectionRef) -> None:
    connection = Connection(
        provider=ref.provider,
        state=ConnectionState.CONNECTED,
        account_email=ref.account_email,
        since=SINCE,
        consent_id=ref.consent_id,
    )
    tool = AgentTool(
        slug=ref.slug,
        enabled=True,
        sensitive_config={REFRESH_TOKEN: ref.refresh_token_version},
        connection=connection,
    )
    database.documents[tool_path(ref)] = tool.to_firestore()


def stored_tool(database: FakeDatabase, ref: ConnectionRef) -> AgentTool:
    return AgentTool.from_firestore(database.documents[tool_path(ref)])


class FakeSecrets(Faulty):
    """`SecretManagerGateway` for those who renew: values by version name."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, SecretStr] = {}
        self.read: list[str] = []

    def put_token(self, ref: ConnectionRef, token: str) -> None:
        grant = StoredGrant(refresh_token=SecretStr(token), consent_id=ref.consent_id)
        self.values[ref.refresh_token_version] = grant.sealed()

    def token(self, version: str) -> str:
        return StoredGrant.opened(self.values[version]).refresh_token.get_secret_value()

    async def access(self, version_name: str) -> SecretStr:
        await self._request()
        self.read.append(version_name)
        if version_name not in self.values:
            raise SecretGoneError(f"{version_name} is gone")
        return self.values[version_name]

    async def access_latest(self, secret_id: str) -> tuple[str, SecretStr]:
        versions = self._versions(secret_id)
        if not versions:
            raise SecretGoneError(f"{secret_id} is gone")
        return versions[-1], await self.access(versions[-1])

    async def add_version(self, secret_id: str, value: SecretStr) -> str:
        await self._request()
        number = version_number(self._versions(secret_id)[-1]) + 1 if self._versions(secret_id) else 1
        name = f"projects/p/secrets/{secret_id}/versions/{number}"
        self.values[name] = value
        return name

    def _versions(self, secret_id: str) -> list[str]:
        found = [name for name in self.values if secret_id_of(name) == secret_id]
        return sorted(found, key=version_number)
