"""The secrets of agents' tools: refresh tokens and secret config fields alike.

A document pins the version that it uses. A value is stored before a document names it, and destroyed after
none does: whichever step a process dies in, what is left over is a version that no document names, and
the reconciler destroys those.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from pydantic import SecretStr

from shared.errors import TrunklineError, UnavailableError
from shared.gateways.secret_manager import SecretManagerGateway, StoredVersion, secret_id_of
from shared.models.agent_tool import ToolAddress
from shared.models.base import utc_now
from shared.services.secret_names import PREFIX, label_value, secret_id_for, secret_labels

IN_FLIGHT = timedelta(minutes=15)
"""A version younger than this may be about to be named by a document."""

Pin = Callable[[str], Awaitable[str | None]]
"""Has the document name a version, and returns the one that it named before."""


class ToolSecretStore:
    def __init__(self, gateway: SecretManagerGateway, *, now: Callable[[], datetime] = utc_now) -> None:
        self._gateway = gateway
        self._now = now

    async def put(self, tool: ToolAddress, field: str, value: SecretStr) -> str:
        """Store a new value and return its version's name, for a document to pin."""
        names = (tool.tenant_id, tool.agent_id, tool.slug, field)
        secret_id = secret_id_for(*names)
        await self._gateway.create_secret(secret_id, secret_labels(*names))
        return await self._gateway.add_version(secret_id, value)

    async def replace(self, tool: ToolAddress, field: str, value: SecretStr, pin: Pin) -> str:
        """Store a value, have `pin` write it into the document, destroy the former one.

        What `pin` raises reaches the caller, and the new value is destroyed, unless the error leaves open
        whether the document was written.
        """
        version = await self.put(tool, field, value)
        try:
            former = await pin(version)
        except UnavailableError:
            raise
        except TrunklineError:
            await self.destroy(version)
            raise
        if former is not None and former != version:
            await self.destroy(former)
        return version

    async def read(self, version_name: str) -> SecretStr:
        """Raises `SecretGoneError`."""
        return await self._gateway.access(version_name)

    async def destroy(self, version_name: str) -> None:
        await self._gateway.destroy_version(version_name)

    async def destroy_all(self, version_name: str) -> None:
        """Destroy this version and what is left over of earlier ones.

        Young ones stay: they may belong to a consent that is being completed.
        """
        await self.destroy(version_name)
        settled = self._now() - IN_FLIGHT
        for version in await self.versions(secret_id_of(version_name)):
            if version.readable and version.created_at <= settled:
                await self.destroy(version.name)

    async def ids(
        self,
        tenant_id: str,
        agent_id: str | None = None,
        slug: str | None = None,
        *,
        field: str | None = None,
    ) -> list[str]:
        """Of a tenant's secrets, or of one agent's, or of one of its tools, or those of one field."""
        names = {"tenant": tenant_id, "agent": agent_id, "tool": slug, "field": field}
        labels = {label: label_value(name) for label, name in names.items() if name is not None}
        return await self._gateway.list_secrets(labels)

    async def purge(self, tenant_id: str, agent_id: str | None = None, slug: str | None = None) -> int:
        """Delete all secrets of a tenant, an agent or a tool; the answer is how many there were."""
        secret_ids = await self.ids(tenant_id, agent_id, slug)
        for secret_id in secret_ids:
            await self._gateway.delete_secret(secret_id)
        return len(secret_ids)

    async def all_ids(self) -> list[str]:
        """Of every secret that this store ever made and that still exists."""
        return [
            secret_id for secret_id in await self._gateway.list_secrets({}) if secret_id.startswith(PREFIX)
        ]

    async def versions(self, secret_id: str) -> list[StoredVersion]:
        """Oldest first, destroyed ones included."""
        return await self._gateway.list_versions(secret_id)

    async def delete(self, secret_id: str) -> None:
        await self._gateway.delete_secret(secret_id)
