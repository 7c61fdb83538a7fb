"""An agent's tools as people set them up: on or off, configured, with secrets that nobody reads back."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import SecretStr, ValidationError

from shared.errors import (
    AlreadyExistsError,
    InvalidFieldsError,
    NotFoundError,
    PreconditionFailedError,
    TrunklineError,
    UnavailableError,
)
from shared.gateways.firestore import Database, Fields, Write
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, ConnectionState, ToolAddress
from shared.models.audit import Actor, AuditAction, Change
from shared.models.base import utc_now
from shared.repositories.configured_agents import ConfiguredAgentRepository
from shared.services.audit_service import AuditService
from shared.services.etags import check_match, etag_of
from shared.services.field_errors import invalid_fields
from shared.services.secret_removal import SecretRemoval
from shared.services.tool_catalog import secret_fields
from shared.services.tool_config import is_storable, unfit, validated_config
from shared.tools.base.base_tool import ToolMetadata
from shared.tools.base.registry import ToolRegistry

SET, NOT_SET = "set", "not set"
"""All that the audit log says of a secret."""


class SecretStore(Protocol):
    """What `ToolSecretStore` offers to those who may not read."""

    async def put(self, tool: ToolAddress, field: str, value: SecretStr) -> str: ...

    async def destroy(self, version_name: str) -> None: ...


@dataclass(frozen=True)
class ConfiguredTool:
    """A registered tool as one agent has it; one that nobody touched yet is off and has no config."""

    metadata: ToolMetadata
    tool: AgentTool

    @property
    def etag(self) -> str:
        return etag_of(_edited(self.tool))

    @property
    def secret_fields(self) -> list[str]:
        return secret_fields(self.metadata.config)

    @property
    def secrets(self) -> dict[str, datetime | None]:
        """Secret fields that have a value, and since when."""
        stored = self.tool.sensitive_config
        return {name: self.tool.sensitive_since.get(name) for name in self.secret_fields if name in stored}

    @property
    def missing(self) -> list[str]:
        """What has to be done before calls can use it, as sentences."""
        found: list[str] = []
        try:
            validated_config(self.metadata, self.tool.config, set(self.tool.sensitive_config))
        except ValidationError as error:
            found += [f"{field.path}: {field.reason}" for field in invalid_fields(error).fields]
        if self.metadata.connection is not None:
            connection = self.tool.connection
            if connection is None or connection.state is not ConnectionState.CONNECTED:
                found.append("An account has to be connected.")
        return found


@dataclass(frozen=True)
class ToolChange:
    """What somebody wants of a tool; None leaves it as it is."""

    enabled: bool | None = None
    config: Mapping[str, Any] | None = None
    """The whole config. A secret field that is left out keeps its value; null removes it."""


@dataclass(frozen=True)
class _Split:
    """A config's plain values, and what becomes of its secrets."""

    plain: Fields
    new: dict[str, SecretStr] = field(default_factory=dict[str, SecretStr])
    dropped: set[str] = field(default_factory=set[str])


class ToolService:
    """`now` is the clock, with a time zone.

    All raise `UnavailableError`, and `NotFoundError` for an agent or a tool that does not exist; those that
    take `if_match` raise `PreconditionFailedError`.
    """

    def __init__(
        self,
        database: Database,
        secrets: SecretStore,
        removal: SecretRemoval,
        registry: ToolRegistry,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._agents = ConfiguredAgentRepository(database)
        self._secrets = secrets
        self._removal = removal
        self._registry = registry
        self._audit = AuditService(database, now=now)
        self._now = now
        self._database = database

    async def list_tools(self, tenant_id: str, agent_id: str) -> list[ConfiguredTool]:
        """Every registered tool, in the registry's order."""
        _, stored = await asyncio.gather(
            self._agents.get(tenant_id, agent_id), self._agents.tools(tenant_id, agent_id)
        )
        by_slug = {tool.slug: tool for tool in stored}
        return [
            ConfiguredTool(tool.metadata, by_slug.get(slug) or AgentTool(slug=slug))
            for tool in self._registry.all()
            for slug in [tool.metadata.slug]
        ]

    async def get(self, tenant_id: str, agent_id: str, slug: str) -> ConfiguredTool:
        metadata = self._registry.get(slug).metadata
        _, tool = await self._agents.get_with_tool(tenant_id, agent_id, slug)
        return ConfiguredTool(metadata, tool or AgentTool(slug=slug))

    async def change(
        self, tenant_id: str, actor: Actor, agent_id: str, slug: str, wanted: ToolChange, if_match: str | None
    ) -> ConfiguredTool:
        """Raises `InvalidFieldsError` when the tool would be on, or was given a config, that is not valid.

        Secrets are stored before the document names them, and destroyed after it has ceased to: a process
        that dies in between leaves a version that nothing names, for the reconciler.
        """
        current = await self.get(tenant_id, agent_id, slug)
        check_match(if_match, _edited(current.tool))
        split = _split(current, wanted)
        _check(current, wanted, split)
        address = ToolAddress(tenant_id, agent_id, slug)
        versions = {name: await self._secrets.put(address, name, value) for name, value in split.new.items()}
        try:
            before, after = await self._write(address, actor, wanted, if_match, split, versions)
        except UnavailableError:
            raise  # whether the document names the new versions is not known
        except TrunklineError:
            await self._destroy(versions.values())
            raise
        named = set(after.sensitive_config.values())
        await self._destroy(v for v in before.sensitive_config.values() if v not in named)
        return ConfiguredTool(current.metadata, after)

    async def _write(
        self,
        address: ToolAddress,
        actor: Actor,
        wanted: ToolChange,
        if_match: str | None,
        split: _Split,
        versions: Mapping[str, str],
    ) -> tuple[AgentTool, AgentTool]:
        """The tool before and after."""
        written: list[tuple[AgentTool, AgentTool]] = []

        def decide(before: AgentTool) -> tuple[AgentTool, list[Write]]:
            check_match(if_match, _edited(before))
            after = self._changed(before, wanted, split, versions)
            written.append((before, after))
            changes = _changes(before, after, set(split.new))
            return after, [self._entry(address, actor, AuditAction.TOOL_CHANGED, changes)]

        tenant_id, agent_id, slug = address.tenant_id, address.agent_id, address.slug
        try:
            await self._agents.change_tool(tenant_id, agent_id, slug, decide)
        except NotFoundError:
            untouched = AgentTool(slug=slug)
            after, writes = decide(untouched)
            if after == untouched:
                return untouched, after
            creation = self._agents.tool_creation(tenant_id, agent_id, after)
            try:
                await self._database.commit([*creation, *writes])
            except AlreadyExistsError:
                raise PreconditionFailedError(f"{slug}: somebody set it up meanwhile") from None
        return written[-1]

    async def _destroy(self, versions: Iterable[str]) -> None:
        for version in versions:
            await self._secrets.destroy(version)

    async def remove(
        self, tenant_id: str, actor: Actor, agent_id: str, slug: str, if_match: str | None
    ) -> None:
        """Config, secrets and connection, for good. A connection is revoked by the prepared task."""
        current = await self.get(tenant_id, agent_id, slug)
        check_match(if_match, _edited(current.tool))
        if current.metadata.connection is not None or current.secret_fields:
            await self._removal.prepare(tenant_id, agent_id, slug)
        removed: list[AgentTool] = []

        def decide(tool: AgentTool) -> list[Write]:
            check_match(if_match, _edited(tool))
            removed.append(tool)
            changes = _changes(tool, AgentTool(slug=slug), set())
            return [self._entry(address, actor, AuditAction.TOOL_REMOVED, changes)]

        address = ToolAddress(tenant_id, agent_id, slug)
        try:
            await self._agents.remove_tool(tenant_id, agent_id, slug, decide)
        except NotFoundError:
            return  # nobody had set it up
        secrets = removed[-1].sensitive_config
        # A refresh token is destroyed when it is revoked.
        await self._destroy(version for field, version in secrets.items() if field != REFRESH_TOKEN)

    def _entry(
        self, address: ToolAddress, actor: Actor, action: AuditAction, changes: Mapping[str, Change]
    ) -> Write:
        return self._audit.entry(address.tenant_id, actor, action, address.subject, changes)

    def _changed(
        self, before: AgentTool, wanted: ToolChange, split: _Split, versions: Mapping[str, str]
    ) -> AgentTool:
        kept = {name: v for name, v in before.sensitive_config.items() if name not in split.dropped}
        since = {name: at for name, at in before.sensitive_since.items() if name in kept}
        return before.model_copy(
            update={
                "enabled": before.enabled if wanted.enabled is None else wanted.enabled,
                "config": before.config if wanted.config is None else split.plain,
                "sensitive_config": {**kept, **versions},
                "sensitive_since": {**since, **dict.fromkeys(versions, self._now())},
            }
        )


def _edited(tool: AgentTool) -> AgentTool:
    """What people see and change. Calls renew a connection's tokens: that makes no other version of it."""
    connection = tool.connection
    return tool.model_copy(
        update={
            "sensitive_config": {n: v for n, v in tool.sensitive_config.items() if n != REFRESH_TOKEN},
            "connection": None if connection is None else connection.model_copy(update={"renewal": None}),
        }
    )


def _split(current: ConfiguredTool, wanted: ToolChange) -> _Split:
    if wanted.config is None:
        return _Split(current.tool.config)
    names = secret_fields(current.metadata.config)
    given = {name: wanted.config[name] for name in names if name in wanted.config}
    return _Split(
        plain={name: value for name, value in wanted.config.items() if name not in names},
        new={name: SecretStr(value) for name, value in given.items() if isinstance(value, str)},
        dropped={n for n, value in given.items() if value is None and n in current.tool.sensitive_config},
    )


def _check(current: ConfiguredTool, wanted: ToolChange, split: _Split) -> None:
    enabled = current.tool.enabled if wanted.enabled is None else wanted.enabled
    if wanted.config is None and not enabled:
        return
    if refused := [(f"config.{name}", why) for name, v in split.new.items() if (why := unfit(v))]:
        raise InvalidFieldsError(refused)
    if odd := [name for name, value in split.plain.items() if not is_storable(value)]:
        raise InvalidFieldsError([(f"config.{name}", "cannot be stored") for name in odd])
    config = current.tool.config if wanted.config is None else wanted.config
    stored = current.tool.sensitive_config.keys() - split.dropped
    given = {name: value for name, value in config.items() if value is not None or name not in stored}
    try:
        validated_config(current.metadata, given, set(stored))
    except ValidationError as error:
        raise invalid_fields(error, below="config") from None


def _changes(before: AgentTool, after: AgentTool, newly_set: set[str]) -> dict[str, Change]:
    changes: dict[str, Change] = {}
    if before.enabled != after.enabled:
        changes["enabled"] = Change(before=before.enabled, after=after.enabled)
    for name in {*before.config, *after.config}:
        if before.config.get(name) != after.config.get(name):
            changes[name] = Change(before=before.config.get(name), after=after.config.get(name))
    for name in {*before.sensitive_config, *after.sensitive_config} - {REFRESH_TOKEN}:
        had, has = name in before.sensitive_config, name in after.sensitive_config
        if had != has or name in newly_set:
            changes[name] = Change(before=SET if had else NOT_SET, after=SET if has else NOT_SET)
    return changes
