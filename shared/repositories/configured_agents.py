"""`tenants/{t}/agents/{a}` and the `agent_tools` below, as people edit them."""

from collections.abc import Awaitable, Callable, Sequence

from shared.errors import NotFoundError
from shared.gateways.firestore import Create, Database, Exists, Fields, Remove, Write
from shared.models.agent import Agent
from shared.models.agent_tool import AgentTool
from shared.repositories.paging import Page, decode_cursor, page_of

NamedAgent = tuple[str, Agent]
"""An agent with its id."""


class ConfiguredAgentRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, tenant_id: str, limit: int, cursor: str | None) -> Page[NamedAgent]:
        """By name. Raises `InvalidFieldsError` for a cursor of another list."""
        documents = await self._database.page(
            _agents(tenant_id), order=("name", "ASCENDING"), limit=limit + 1, after=decode_cursor(cursor, str)
        )
        agents = [(agent_id, Agent.from_firestore(fields)) for agent_id, fields in documents]
        return page_of([((agent.name, agent_id), (agent_id, agent)) for agent_id, agent in agents], limit)

    async def get(self, tenant_id: str, agent_id: str) -> Agent:
        """Raises `NotFoundError`."""
        fields = await self._database.get(_agent(tenant_id, agent_id))
        if fields is None:
            raise NotFoundError(f"no agent {agent_id} of tenant {tenant_id}")
        return Agent.from_firestore(fields)

    async def exists(self, tenant_id: str, agent_id: str) -> bool:
        return await self._database.get(_agent(tenant_id, agent_id)) is not None

    async def get_with_tool(self, tenant_id: str, agent_id: str, slug: str) -> tuple[Agent, AgentTool | None]:
        """One round trip. Raises `NotFoundError` without the agent."""
        agent, tool = await self._database.get_all(
            _agent(tenant_id, agent_id), tool_path(tenant_id, agent_id, slug)
        )
        if agent is None:
            raise NotFoundError(f"no agent {agent_id} of tenant {tenant_id}")
        return Agent.from_firestore(agent), None if tool is None else _tool(slug, tool)

    async def tools(self, tenant_id: str, agent_id: str) -> list[AgentTool]:
        documents = await self._database.query(f"{_agent(tenant_id, agent_id)}/agent_tools")
        return [_tool(slug, fields) for slug, fields in documents]

    async def having_on(self, tenant_id: str, agent_ids: Sequence[str], slug: str) -> set[str]:
        """Which of them have the tool switched on. One round trip."""
        tools = await self._database.get_all(*(tool_path(tenant_id, each, slug) for each in agent_ids))
        return {
            agent_id
            for agent_id, tool in zip(agent_ids, tools, strict=True)
            if tool is not None and _tool(slug, tool).enabled
        }

    async def numbers(self, tenant_id: str, agent_id: str) -> list[str]:
        """Phone numbers that the agent answers."""
        documents = await self._database.query(
            "phone_numbers", ("tenant_id", "==", tenant_id), ("agent_id", "==", agent_id)
        )
        return [number for number, _ in documents]

    async def forwarding_to(self, tenant_id: str, number: str) -> list[str]:
        """Names of the agents whose fallback it is."""
        documents = await self._database.query(_agents(tenant_id), ("fallback.number", "==", number))
        return [Agent.from_firestore(fields).name for _, fields in documents]

    def creation(self, tenant_id: str, agent_id: str, agent: Agent, tools: list[AgentTool]) -> list[Write]:
        return [
            Create(_agent(tenant_id, agent_id), agent.to_firestore()),
            *(Create(tool_path(tenant_id, agent_id, tool.slug), tool.to_firestore()) for tool in tools),
        ]

    async def change(
        self, tenant_id: str, agent_id: str, decide: Callable[[Agent], tuple[Agent, list[Write]]]
    ) -> None:
        """Atomically replace the agent by what `decide` makes of it, with what is written along; nothing is
        written when that is the same.

        `decide` may run several times; what it raises reaches the caller. Raises `NotFoundError`.
        """

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            before = Agent.from_firestore(fields)
            after, writes = decide(before)
            return ({} if after == before else after.to_firestore()), writes

        await self._database.update(_agent(tenant_id, agent_id), change)

    async def remove(
        self,
        tenant_id: str,
        agent_id: str,
        decide: Callable[[Agent], list[Write]],
        check: Callable[[], Awaitable[None]],
    ) -> None:
        """Delete the agent; `decide` returns what is written along, and `check` raises what forbids it: a
        number that is attached meanwhile makes it run again. Raises `NotFoundError`."""
        await self._database.remove(
            _agent(tenant_id, agent_id), lambda fields: decide(Agent.from_firestore(fields)), check=check
        )

    def tool_creation(self, tenant_id: str, agent_id: str, tool: AgentTool) -> list[Write]:
        """For a commit, which fails without the agent."""
        return [
            agent_exists(tenant_id, agent_id),
            Create(tool_path(tenant_id, agent_id, tool.slug), tool.to_firestore()),
        ]

    def tool_removal(self, tenant_id: str, agent_id: str, slug: str) -> Write:
        return Remove(tool_path(tenant_id, agent_id, slug))

    async def change_tool(
        self,
        tenant_id: str,
        agent_id: str,
        slug: str,
        decide: Callable[[AgentTool], tuple[AgentTool, list[Write]]],
    ) -> None:
        """As `change`, of what people set; a connection stays as it is. Raises `NotFoundError`."""

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            before = _tool(slug, fields)
            after, writes = decide(before)
            return ({} if after == before else after.model_dump(exclude={"connection"})), writes

        await self._database.update(tool_path(tenant_id, agent_id, slug), change)

    async def remove_tool(
        self, tenant_id: str, agent_id: str, slug: str, decide: Callable[[AgentTool], list[Write]]
    ) -> None:
        """Raises `NotFoundError`."""
        await self._database.remove(
            tool_path(tenant_id, agent_id, slug), lambda fields: decide(_tool(slug, fields))
        )


def agent_exists(tenant_id: str, agent_id: str) -> Write:
    """For a commit, which fails without the agent."""
    return Exists(_agent(tenant_id, agent_id))


def tool_path(tenant_id: str, agent_id: str, slug: str) -> str:
    return f"{_agent(tenant_id, agent_id)}/agent_tools/{slug}"


def _agents(tenant_id: str) -> str:
    return f"tenants/{tenant_id}/agents"


def _agent(tenant_id: str, agent_id: str) -> str:
    return f"{_agents(tenant_id)}/{agent_id}"


def _tool(slug: str, fields: Fields) -> AgentTool:
    return AgentTool.from_firestore({"slug": slug, **fields})
