"""Which agent answers a number, and with what."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.errors import NotFoundError
from shared.gateways.firestore import Database
from shared.models.agent import Agent, Fallback, ForwardFallback, SayFallback
from shared.models.agent_tool import AgentTool
from shared.models.base import utc_now
from shared.models.call import Call
from shared.models.tenant import Tenant
from shared.repositories.agents import AgentRepository, PhoneNumberRepository
from shared.repositories.calls import CallRepository

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class AgentRoute:
    """Everything that decides how a call is answered, as it was at one moment."""

    tenant_id: str
    agent_id: str
    tenant: Tenant
    agent: Agent
    """Its `fallback` is set: the agent's own, else the tenant's number, else a spoken apology."""
    tools: list[AgentTool]
    """Enabled ones only."""
    active_calls: int
    """Of the tenant, this one not included unless `call` is set."""
    call: Call | None
    """Set when this call was seen before: the webhook is delivered again."""
    agent_name: str
    """The worker release that serves the call."""


class VoiceAgentService:
    """`release` takes all calls while no document says otherwise; `now` is the clock, with a time zone."""

    def __init__(self, database: Database, release: str, *, now: Callable[[], datetime] = utc_now) -> None:
        self._now = now
        self._release = release
        self._numbers = PhoneNumberRepository(database)
        self._agents = AgentRepository(database)
        self._calls = CallRepository(database)

    async def get_agent_by_phone(self, number: str, session_id: str) -> AgentRoute:
        """Two round trips: the number, then all the rest at once. `number` is E.164.

        Raises `NotFoundError` when no agent has the number, `UnavailableError`.
        """
        found = await self._numbers.find(number)
        if found is None:
            raise NotFoundError(f"no agent has the number {number}")
        tenant_id, agent_id = found.tenant_id, found.agent_id
        (tenant, agent, call, releases), tools, active_calls = await asyncio.gather(
            self._agents.find_for_call(tenant_id, agent_id, session_id, self._release),
            self._agents.enabled_tools(tenant_id, agent_id),
            self._calls.count_active(tenant_id, self._now()),
        )
        if tenant is None or agent is None:
            raise NotFoundError(f"{number} belongs to agent {agent_id} of {tenant_id}, which does not exist")
        agent = _with_fallback(agent, tenant)
        agent_name = (call and call.agent_name) or releases.for_call(session_id)
        return AgentRoute(tenant_id, agent_id, tenant, agent, tools, active_calls, call, agent_name)

    async def get_tenant_id(self, number: str) -> str | None:
        """Whose number it is. Raises `UnavailableError`."""
        found = await self._numbers.find(number)
        return None if found is None else found.tenant_id

    async def get_tenant_id_at(self, number: str, at: datetime) -> str | None:
        """Whose number it was, if it is still theirs. Raises `UnavailableError`."""
        found = await self._numbers.find(number)
        if found is None or (found.attached_at is not None and found.attached_at > at):
            return None
        return found.tenant_id

    async def fallback_of(self, tenant_id: str, agent: Agent) -> Fallback:
        """The agent's, which is set as in `AgentRoute`, unless it leads back to this platform: then the
        tenant's number, else a spoken apology. Raises `UnavailableError`.

        The API refuses such a number; but it can be attached later, by another tenant too.
        """
        fallback = agent.fallback or SayFallback()
        if not isinstance(fallback, ForwardFallback) or not await self._is_ours(fallback.number):
            return fallback
        log.error("the fallback leads back here", extra={"number": fallback.number})
        number = await self._agents.fallback_number(tenant_id)
        if number is None or await self._is_ours(number):
            return SayFallback()
        return ForwardFallback(number=number)

    async def _is_ours(self, number: str) -> bool:
        return await self.get_tenant_id(number) is not None


def _with_fallback(agent: Agent, tenant: Tenant) -> Agent:
    if agent.fallback is not None:
        return agent
    number = tenant.fallback_number
    fallback = SayFallback() if number is None else ForwardFallback(number=number)
    return agent.model_copy(update={"fallback": fallback})
