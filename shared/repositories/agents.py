"""What a call reads of numbers, tenants, agents and their tools."""

from shared.gateways.firestore import Database
from shared.models.agent import Agent
from shared.models.agent_tool import AgentTool
from shared.models.call import Call
from shared.models.phone_number import PhoneNumberDocument
from shared.models.releases import Releases
from shared.models.tenant import Tenant
from shared.repositories.calls import call_path
from shared.repositories.releases import RELEASES_PATH, releases_of


class PhoneNumberRepository:
    """The one collection outside of tenants: here a call finds out whose it is."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, number: str) -> PhoneNumberDocument | None:
        fields = await self._database.get(f"phone_numbers/{number}")
        return None if fields is None else PhoneNumberDocument.from_firestore(fields)


class AgentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find_for_call(
        self, tenant_id: str, agent_id: str, session_id: str, release: str
    ) -> tuple[Tenant | None, Agent | None, Call | None, Releases]:
        """The tenant, its agent, the call if it is known already, and the worker releases; one round trip.

        `release` takes all calls while no document says otherwise.
        """
        tenant, agent, call, releases = await self._database.get_all(
            f"tenants/{tenant_id}",
            f"tenants/{tenant_id}/agents/{agent_id}",
            call_path(tenant_id, session_id),
            RELEASES_PATH,
        )
        return (
            None if tenant is None else Tenant.from_firestore(tenant),
            None if agent is None else Agent.from_firestore(agent),
            None if call is None else Call.from_firestore(call),
            releases_of(releases, release),
        )

    async def fallback_number(self, tenant_id: str) -> str | None:
        """The tenant's."""
        fields = await self._database.get(f"tenants/{tenant_id}")
        return None if fields is None else Tenant.from_firestore(fields).fallback_number

    async def enabled_tools(self, tenant_id: str, agent_id: str) -> list[AgentTool]:
        collection = f"tenants/{tenant_id}/agents/{agent_id}/agent_tools"
        documents = await self._database.query(collection, ("enabled", "==", True))
        return [AgentTool.from_firestore({"slug": slug, **fields}) for slug, fields in documents]
