"""`tenants`, all of them; and whose a document is."""

from shared.gateways.firestore import Database


class TenantRepository:
    """For the platform's own housekeeping, which goes through all tenants one by one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list_ids(self) -> list[str]:
        return [tenant_id for tenant_id, _ in await self._database.query("tenants")]


def tenant_of(path: str) -> str:
    """The id of the tenant whom a document `tenants/{t}/…` belongs to."""
    return path.split("/")[1]
