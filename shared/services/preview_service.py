"""Exactly what the model would be given in a call, before there is one."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.gateways.firestore import Database
from shared.models.base import utc_now
from shared.models.session import SessionSnapshot
from shared.repositories.agents import AgentRepository
from shared.repositories.configured_agents import ConfiguredAgentRepository
from shared.services import agent_prompt
from shared.tools.base.gemini_schema import for_gemini, function_name
from shared.tools.base.registry import ToolRegistry


@dataclass(frozen=True)
class ModelFunction:
    name: str
    description: str
    parameters: dict[str, Any]
    """In the model's dialect of JSON Schema."""


@dataclass(frozen=True)
class Preview:
    model: str
    voice: str
    language: str
    system_instruction: str
    greeting: str
    functions: list[ModelFunction]


class PreviewService:
    """`now` is the clock, with a time zone."""

    def __init__(
        self, database: Database, registry: ToolRegistry, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._editing = ConfiguredAgentRepository(database)
        self._agents = AgentRepository(database)
        self._registry = registry
        self._now = now

    async def preview(
        self, tenant_id: str, agent_id: str, caller: str | None, at: datetime | None
    ) -> Preview:
        """For a call from `caller` (E.164; None withholds it) at that moment. Raises `NotFoundError`."""
        agent, tools = await asyncio.gather(
            self._editing.get(tenant_id, agent_id), self._agents.enabled_tools(tenant_id, agent_id)
        )
        now = at or self._now()
        snapshot = SessionSnapshot(
            session_id="preview",
            tenant_id=tenant_id,
            agent_id=agent_id,
            call_sid="preview",
            caller=caller,
            called=None,
            room="preview",
            agent=agent,
            tools=tools,
            max_concurrent_calls=10,
            started_at=now,
            expires_at=now + timedelta(hours=1),
        )
        known = {tool.metadata.slug: tool.metadata for tool in self._registry.all()}
        return Preview(
            model=agent.model,
            voice=agent.voice,
            language=agent.language,
            system_instruction=agent_prompt.system_instruction(snapshot, now),
            greeting=agent_prompt.greeting(snapshot),
            functions=[
                ModelFunction(
                    function_name(tool.slug, name, known[tool.slug].actions),
                    action.description,
                    for_gemini(action.arguments),
                )
                for tool in tools
                if tool.slug in known
                for name, action in known[tool.slug].actions.items()
            ],
        )
