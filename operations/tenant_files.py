"""A tenant's configuration as a file: to copy it, to keep it under version control, to bring it back.

Secrets, connections, people and calls are in no file: secrets are set again and accounts connected again.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from operations.operator import Operator
from operations.report import Difference, PlannedChange
from shared.errors import NotFoundError
from shared.gateways.firestore import Write
from shared.input_files import first_mistake
from shared.models.agent import Agent
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool
from shared.models.audit import AuditAction
from shared.models.base import DocumentId, PhoneNumber, Slug
from shared.models.tenant import Tenant
from shared.repositories.agent_tools import AgentToolRepository
from shared.repositories.configured_agents import ConfiguredAgentRepository
from shared.repositories.teams import TeamRepository
from shared.repositories.tenant_purge import TenantPurgeRepository
from shared.services.audit_service import AuditService, changes_between
from shared.services.team_service import TeamService
from shared.services.tool_catalog import secret_fields
from shared.services.tool_config import validated_config
from shared.tools.base.registry import ToolRegistry


class ToolFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    enabled: bool = False
    config: dict[str, Any] = Field(default_factory=dict[str, Any])
    secrets: list[str] = Field(default_factory=list[str])
    """Fields whose value has to be set again; never a value."""
    connected: bool = False
    """Whether an account was connected, which has to be done again."""


class AgentFile(Agent):
    model_config = ConfigDict(extra="forbid", frozen=True)

    tools: dict[Slug, ToolFile] = Field(default_factory=dict[Slug, ToolFile])


class TenantFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant: Tenant | None = None
    """Left out: the tenant keeps its name and its settings."""
    agents: dict[DocumentId, AgentFile] = Field(default_factory=dict[DocumentId, AgentFile])
    numbers: dict[PhoneNumber, DocumentId] = Field(default_factory=dict[PhoneNumber, DocumentId])
    """Number → agent. For people: a number is attached in the dashboard, since it rings somewhere at once."""


async def export_tenant(operator: Operator, tenant_id: str) -> TenantFile:
    """Raises `NotFoundError`."""
    database = operator.database
    tenant = await TeamRepository(database).tenant(tenant_id)
    editing, tools = ConfiguredAgentRepository(database), AgentToolRepository(database)
    agents: dict[str, AgentFile] = {}
    numbers: dict[str, str] = {}
    for agent_id in await tools.list_agents(tenant_id):
        agent = await editing.get(tenant_id, agent_id)
        kept = {tool.slug: _tool_file(tool) for tool in await tools.list_tools(tenant_id, agent_id)}
        agents[agent_id] = AgentFile(**agent.model_dump(), tools=kept)
        numbers |= dict.fromkeys(await editing.numbers(tenant_id, agent_id), agent_id)
    return TenantFile(tenant=tenant, agents=agents, numbers=numbers)


def _tool_file(tool: AgentTool) -> ToolFile:
    return ToolFile(
        enabled=tool.enabled,
        config=tool.config,
        secrets=sorted(set(tool.sensitive_config) - {REFRESH_TOKEN}),
        connected=tool.connection is not None,
    )


async def import_tenant(
    operator: Operator, tenant_id: str, wanted: TenantFile, *, apply: bool
) -> tuple[list[PlannedChange], list[str]]:
    """What differs, made so with `apply`; and what is left for people.

    Broken off it is finished by the next: each agent is one commit, then each of its tools. What
    `mistake_in_tools` tells is not looked for here. Raises `NotFoundError`.
    """
    if await TenantPurgeRepository(operator.database).find(tenant_id) is None:
        raise NotFoundError(f"no tenant {tenant_id}: trunkline tenant create {tenant_id} --apply")
    importer = _Importer(operator, tenant_id, apply=apply)
    if wanted.tenant is not None:
        await importer.tenant(wanted.tenant)
    for agent_id, agent in wanted.agents.items():
        await importer.agent(agent_id, agent)
    return importer.changes, importer.notes


class _Importer:
    def __init__(self, operator: Operator, tenant_id: str, *, apply: bool) -> None:
        self.changes: list[PlannedChange] = []
        self.notes: list[str] = []
        self._database = operator.database
        self._actor = operator.actor
        self._tenant_id = tenant_id
        self._apply = apply
        self._agents = ConfiguredAgentRepository(operator.database)
        self._tools = AgentToolRepository(operator.database)
        self._audit = AuditService(operator.database)

    async def tenant(self, wanted: Tenant) -> None:
        teams = TeamService(self._database)
        current = await teams.tenant(self._tenant_id)
        if self._note("tenant settings", current, wanted) and self._apply:
            await teams.change_tenant(self._tenant_id, self._actor, wanted.model_dump(), None)

    async def agent(self, agent_id: str, wanted: AgentFile) -> None:
        subject = f"agent {agent_id}"
        new = Agent.model_validate(wanted.model_dump(exclude={"tools", "revision"}))
        try:
            current = await self._agents.get(self._tenant_id, agent_id)
        except NotFoundError:
            self._note(subject, None, new)
            tools = [_tool(slug, tool, None) for slug, tool in wanted.tools.items()]
            if self._apply:
                entry = self._entry(AuditAction.AGENT_CREATED, f"agents/{agent_id}", None, new)
                writes = self._agents.creation(self._tenant_id, agent_id, new, tools)
                await self._database.commit([*writes, entry])
            self._left_to_people(agent_id, wanted, {})
            return
        same = current.model_copy(update={"revision": 1})
        if self._note(subject, same, new) and self._apply:

            def decide(before: Agent) -> tuple[Agent, list[Write]]:
                changed = new.model_copy(update={"revision": before.revision + 1})
                entry = self._entry(AuditAction.AGENT_CHANGED, f"agents/{agent_id}", before, changed)
                return changed, [entry]

            await self._agents.change(self._tenant_id, agent_id, decide)
        known = {tool.slug: tool for tool in await self._tools.list_tools(self._tenant_id, agent_id)}
        for slug, tool in wanted.tools.items():
            await self._tool(agent_id, known.get(slug), _tool(slug, tool, known.get(slug)))
        self._left_to_people(agent_id, wanted, known)

    async def _tool(self, agent_id: str, current: AgentTool | None, wanted: AgentTool) -> None:
        subject, path = f"tool {agent_id}/{wanted.slug}", f"agents/{agent_id}/tools/{wanted.slug}"
        fields = {"enabled", "config"}
        before = current and AgentTool(slug=wanted.slug, **current.model_dump(include=fields))
        if not self._note(subject, before, wanted) or not self._apply:
            return
        entry = self._entry(AuditAction.TOOL_CHANGED, path, before, wanted)
        if current is None:
            creation = self._agents.tool_creation(self._tenant_id, agent_id, wanted)
            await self._database.commit([*creation, entry])
            return
        await self._agents.change_tool(
            self._tenant_id,
            agent_id,
            wanted.slug,
            lambda now: (now.model_copy(update=wanted.model_dump(include=fields)), [entry]),
        )

    def _note(self, subject: str, before: BaseModel | None, after: BaseModel) -> bool:
        fields = {
            name: Difference(before=each.before, after=each.after)
            for name, each in changes_between(before, after).items()
        }
        if fields:
            action = "create" if before is None else "change"
            self.changes.append(
                PlannedChange(subject=subject, action=action, fields=fields, done=self._apply)
            )
        return bool(fields)

    def _left_to_people(self, agent_id: str, wanted: AgentFile, known: dict[str, AgentTool]) -> None:
        for slug, tool in wanted.tools.items():
            where, has = f"{agent_id}/{slug}", known.get(slug)
            self.notes += [
                f"{where}: set {field} again, in the dashboard" for field in _missing_secrets(tool, has)
            ]
            if _lacks_account(tool, has):
                self.notes.append(f"{where}: connect the account again, in the dashboard")

    def _entry(
        self, action: AuditAction, subject: str, before: BaseModel | None, after: BaseModel | None
    ) -> Write:
        changes = changes_between(before, after)
        return self._audit.entry(self._tenant_id, self._actor, action, subject, changes)


def _tool(slug: str, wanted: ToolFile, has: AgentTool | None) -> AgentTool:
    """What lacks a secret or an account is disabled: the model would promise what it cannot do."""
    ready = not _missing_secrets(wanted, has) and not _lacks_account(wanted, has)
    return AgentTool(slug=slug, enabled=wanted.enabled and ready, config=wanted.config)


def _missing_secrets(wanted: ToolFile, has: AgentTool | None) -> list[str]:
    return sorted(set(wanted.secrets) - set(has.sensitive_config if has else ()))


def _lacks_account(wanted: ToolFile, has: AgentTool | None) -> bool:
    return wanted.connected and (has is None or has.connection is None)


def mistake_in_tools(wanted: TenantFile) -> str | None:
    """The first unknown tool, field that is wrong, or secret in the file, and what was expected."""
    places = (
        (f"agents.{agent_id}.tools.{slug}", slug, tool)
        for agent_id, agent in wanted.agents.items()
        for slug, tool in agent.tools.items()
    )
    mistakes = ((where, _mistake(slug, tool)) for where, slug, tool in places)
    return next((f"{where}{mistake}" for where, mistake in mistakes if mistake), None)


def _mistake(slug: str, tool: ToolFile) -> str | None:
    try:
        metadata = ToolRegistry().get(slug).metadata
    except NotFoundError:
        return f": expected one of {', '.join(each.metadata.slug for each in ToolRegistry().all())}"
    secrets = secret_fields(metadata.config)
    if given := sorted(set(secrets) & set(tool.config)):
        fix = "take it out, name it under secrets, and set it in the dashboard"
        return f".config.{given[0]} is a secret, which is in no file: {fix}"
    if not tool.enabled and not tool.config:
        return None  # it was never set up
    try:
        validated_config(metadata, tool.config, set(secrets))
    except ValidationError as error:
        return f".config.{first_mistake(error, metadata.config)}"
    return None
