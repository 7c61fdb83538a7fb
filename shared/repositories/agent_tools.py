"""`tenants/{t}/agents/{a}/agent_tools/{slug}`, with what is written together with their changes."""

from collections.abc import Callable

from shared.errors import AlreadyExistsError, NotFoundError
from shared.gateways.firestore import Create, Database, Exists, Fields, Remove, Write
from shared.models.agent_tool import AgentTool

Decision = tuple[AgentTool, list[Write]]
"""The tool as it shall be, and what tells of the change: events, entries of the audit log."""


class AgentToolRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: str, agent_id: str, slug: str) -> AgentTool | None:
        fields = await self._database.get(_path(tenant_id, agent_id, slug))
        return None if fields is None else AgentTool.from_firestore({"slug": slug, **fields})

    async def agent_exists(self, tenant_id: str, agent_id: str) -> bool:
        return await self._database.get(_agent(tenant_id, agent_id)) is not None

    async def change(
        self,
        tenant_id: str,
        agent_id: str,
        slug: str,
        decide: Callable[[AgentTool], Decision],
        *,
        create: bool = False,
    ) -> AgentTool:
        """Atomically replace secrets and connection by what `decide` makes of the tool.

        Returns the tool as it was. `decide` may run several times; what it raises reaches the caller. With
        `create`, a tool that the agent has not got starts as a disabled one, and `NotFoundError` says that
        there is no such agent at the moment of writing; without, that it has not got the tool.
        """
        path = _path(tenant_id, agent_id, slug)
        conditions: list[Write] = [Exists(_agent(tenant_id, agent_id))] if create else []
        before: list[AgentTool] = []

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            before.append(AgentTool.from_firestore({"slug": slug, **fields}))
            after, news = decide(before[-1])
            if after == before[-1]:
                return {}, []
            return _changing_fields(after), [*news, *conditions]

        try:
            await self._database.update(path, change)
        except NotFoundError:
            if not create:
                raise
            before.append(AgentTool(slug=slug))
            after, news = decide(before[-1])
            try:
                await self._database.commit([Create(path, after.to_firestore()), *news, *conditions])
            except AlreadyExistsError:  # somebody was faster
                await self._database.update(path, change)
        return before[-1]

    async def list_agents(self, tenant_id: str) -> list[str]:
        return [agent_id for agent_id, _ in await self._database.query(f"tenants/{tenant_id}/agents")]

    async def list_tools(self, tenant_id: str, agent_id: str) -> list[AgentTool]:
        documents = await self._database.query(f"tenants/{tenant_id}/agents/{agent_id}/agent_tools")
        return [AgentTool.from_firestore({"slug": slug, **fields}) for slug, fields in documents]

    async def remove_all(self, tenant_id: str, agent_id: str) -> None:
        """Documents alone: their secrets are another matter."""
        tools = await self.list_tools(tenant_id, agent_id)
        await self._database.commit([Remove(_path(tenant_id, agent_id, tool.slug)) for tool in tools])


def _agent(tenant_id: str, agent_id: str) -> str:
    return f"tenants/{tenant_id}/agents/{agent_id}"


def _path(tenant_id: str, agent_id: str, slug: str) -> str:
    return f"{_agent(tenant_id, agent_id)}/agent_tools/{slug}"


def _changing_fields(tool: AgentTool) -> Fields:
    fields = tool.to_firestore()
    return {"connection": fields["connection"], "sensitive_config": fields["sensitive_config"]}
