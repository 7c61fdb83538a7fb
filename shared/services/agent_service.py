"""Agents as people edit them."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex
from typing import Any

from pydantic import ValidationError

from shared.errors import ConflictError, NotFoundError
from shared.gateways.firestore import Database, Write
from shared.models.agent import Agent, ForwardFallback
from shared.models.agent_input import AgentInput
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool
from shared.models.audit import Actor, AuditAction
from shared.models.base import utc_now
from shared.repositories.agents import PhoneNumberRepository
from shared.repositories.configured_agents import ConfiguredAgentRepository
from shared.repositories.paging import Page
from shared.services.audit_service import AuditService, changes_between
from shared.services.etags import check_match, etag_of
from shared.services.field_errors import invalid_fields
from shared.services.forwarding import check_forwarding
from shared.services.request_keys import CreationUndoneError, OnceCommitter, RequestKey
from shared.services.secret_removal import SecretRemoval
from shared.services.tool_service import SecretStore

FORWARDS_TO = "fallback.forward.number"
"""The field's path, as pydantic has it."""


@dataclass(frozen=True)
class NamedAgent:
    id: str
    agent: Agent

    @property
    def etag(self) -> str:
        return etag_of(self.agent)


class AgentService:
    """`now` is the clock, with a time zone.

    All raise `UnavailableError`; those that take an agent's id raise `NotFoundError`; those that take
    `if_match` raise `PreconditionFailedError`.
    """

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        removal: SecretRemoval,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._agents = ConfiguredAgentRepository(database)
        self._numbers = PhoneNumberRepository(database)
        self._secrets = secrets
        self._removal = removal
        self._audit = AuditService(database, now=now)
        self._once = OnceCommitter(database, now=now)

    async def list_agents(
        self, tenant_id: str, limit: int, cursor: str | None, *, tool: str | None = None
    ) -> Page[NamedAgent]:
        """By name; with `tool`, of each page those alone that have it switched on.

        Raises `InvalidFieldsError` for a cursor of another list.
        """
        page = await self._agents.page(tenant_id, limit, cursor)
        agents = [NamedAgent(agent_id, agent) for agent_id, agent in page.items]
        if tool is not None and agents:
            having = await self._agents.having_on(tenant_id, [each.id for each in agents], tool)
            agents = [each for each in agents if each.id in having]
        return Page(agents, page.next_cursor)

    async def get(self, tenant_id: str, agent_id: str) -> NamedAgent:
        return NamedAgent(agent_id, await self._agents.get(tenant_id, agent_id))

    async def create(
        self, tenant_id: str, actor: Actor, wanted: AgentInput, request: RequestKey | None
    ) -> NamedAgent:
        """Raises `InvalidFieldsError`."""
        agent = Agent.model_validate(wanted.model_dump())
        await check_forwarding(self._numbers, _forwards_to(agent.fallback), FORWARDS_TO)
        return await self._create(tenant_id, actor, agent, [], request)

    async def duplicate(
        self, tenant_id: str, actor: Actor, agent_id: str, name: str, request: RequestKey | None
    ) -> NamedAgent:
        """The same agent under another name, without numbers. Secrets and connected accounts belong to the
        original alone, so the copy's tools that had some start disabled."""
        original, tools = await asyncio.gather(
            self._agents.get(tenant_id, agent_id), self._agents.tools(tenant_id, agent_id)
        )
        copy = original.model_copy(update={"name": name, "revision": 1})
        return await self._create(tenant_id, actor, copy, [_without_secrets(tool) for tool in tools], request)

    async def change(
        self, tenant_id: str, actor: Actor, agent_id: str, patch: Mapping[str, Any], if_match: str | None
    ) -> NamedAgent:
        """`patch` has new values by field. Raises `InvalidFieldsError`."""
        await check_forwarding(self._numbers, _forwards_to(patch.get("fallback")), FORWARDS_TO)
        changed: list[Agent] = []

        def decide(before: Agent) -> tuple[Agent, list[Write]]:
            check_match(if_match, before)
            after = _patched(before, patch)
            if after != before:
                after = after.model_copy(update={"revision": before.revision + 1})
            changed.append(after)
            changes = changes_between(before, after)
            entry = self._audit.entry(
                tenant_id, actor, AuditAction.AGENT_CHANGED, f"agents/{agent_id}", changes
            )
            return after, [entry]

        await self._agents.change(tenant_id, agent_id, decide)
        return NamedAgent(agent_id, changed[-1])

    async def delete(self, tenant_id: str, actor: Actor, agent_id: str, if_match: str | None) -> None:
        """With its tools and their secrets, for good. Its calls stay until they expire.

        Raises `ConflictError` while it answers a number: that phone would be dead. Connections are unusable
        at once and revoked by the prepared task, which also deletes secrets that we die before destroying.
        """
        current, tools = await asyncio.gather(
            self._agents.get(tenant_id, agent_id), self._agents.tools(tenant_id, agent_id)
        )
        check_match(if_match, current)
        await self._removal.prepare(tenant_id, agent_id)

        async def check() -> None:
            numbers = await self._agents.numbers(tenant_id, agent_id)
            if numbers:
                raise ConflictError(
                    f"agent {agent_id} has numbers",
                    sentence=f"This agent still answers {', '.join(numbers)}. Detach the number first.",
                    code="agent_has_numbers",
                    names={"numbers": numbers},
                )

        def decide(agent: Agent) -> list[Write]:
            check_match(if_match, agent)
            changes = changes_between(agent, None)
            subject = f"agents/{agent_id}"
            entry = self._audit.entry(tenant_id, actor, AuditAction.AGENT_DELETED, subject, changes)
            removals = [self._agents.tool_removal(tenant_id, agent_id, tool.slug) for tool in tools]
            return [*removals, entry]

        await self._agents.remove(tenant_id, agent_id, decide, check)
        for tool in tools:
            for field, version in tool.sensitive_config.items():
                if field != REFRESH_TOKEN:  # that one is destroyed when it is revoked
                    await self._secrets.destroy(version)

    async def _create(
        self, tenant_id: str, actor: Actor, agent: Agent, tools: list[AgentTool], request: RequestKey | None
    ) -> NamedAgent:
        new_id = f"a{token_hex(8)}"
        subject = f"agents/{new_id}"
        changes = changes_between(None, agent)
        writes = [
            *self._agents.creation(tenant_id, new_id, agent, tools),
            self._audit.entry(tenant_id, actor, AuditAction.AGENT_CREATED, subject, changes),
        ]
        agent_id = await self._once.commit(tenant_id, request, new_id, writes)
        if agent_id == new_id:
            return NamedAgent(new_id, agent)
        try:
            return await self.get(tenant_id, agent_id)
        except NotFoundError:
            raise CreationUndoneError(f"agent {agent_id} is gone") from None


def _forwards_to(fallback: object) -> str | None:
    """None also for what is no fallback at all: that is refused for itself."""
    try:
        return ForwardFallback.model_validate(fallback).number
    except ValidationError:
        return None


def _patched(before: Agent, patch: Mapping[str, Any]) -> Agent:
    settings = before.model_dump(exclude={"revision"})
    try:
        wanted = AgentInput.model_validate({**settings, **patch})
    except ValidationError as error:
        raise invalid_fields(error) from None
    return Agent.model_validate({**wanted.model_dump(), "revision": before.revision})


def _without_secrets(tool: AgentTool) -> AgentTool:
    needs = bool(tool.sensitive_config) or tool.connection is not None
    return AgentTool(slug=tool.slug, enabled=tool.enabled and not needs, config=tool.config)
