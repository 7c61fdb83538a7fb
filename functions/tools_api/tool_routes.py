"""The catalogue, and an agent's tools: switched on and off, configured, removed."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field, StrictBool

from functions.tools_api.access import Allow, ApiDep, Known, Principal
from functions.tools_api.http import AgentId, Body, Given, IfMatch, OptionalIfMatch, set_etag
from functions.tools_api.problems import error_responses
from shared.models.agent_tool import Connection
from shared.models.api_key import Scope
from shared.models.base import Language, Slug
from shared.models.member import Role
from shared.services.tool_catalog import ENGLISH, CatalogTool
from shared.services.tool_service import ConfiguredTool, ToolChange

router = APIRouter(tags=["tools"])

Viewer = Annotated[Principal, Depends(Allow(Role.VIEWER, Scope.AGENTS_READ))]
Editor = Annotated[Principal, Depends(Allow(Role.EDITOR, Scope.AGENTS_WRITE))]
Anybody = Annotated[str, Depends(Known(Scope.AGENTS_READ))]
ToolSlug = Annotated[Slug, Path()]


class CatalogActionOut(BaseModel):
    name: str
    function: str = Field(description="What the model calls.")
    display_name: str = Field(description="For people who read what was done in a call.")
    description: str
    read_only: bool = Field(description="Changes nothing.")


class CatalogToolOut(BaseModel):
    slug: Slug
    language: str = Field(description="Of names, descriptions and titles; what is not translated is English.")
    display_name: str
    description: str
    config_schema: dict[str, Any] = Field(
        description="JSON Schema of the config. Fields with `writeOnly` are secrets: no answer contains them."
    )
    ui_schema: dict[str, Any] = Field(description="Hints for drawing the form (react-jsonschema-form).")
    secret_fields: list[str]
    provider: str | None = Field(description="Whose account has to be connected; null: none.")
    scopes: list[str] = Field(description="What the account's owner is asked to permit.")
    scope_texts: dict[str, str] = Field(description="Scope → what it permits, in words for people.")
    actions: list[CatalogActionOut]


class ToolCatalogOut(BaseModel):
    items: list[CatalogToolOut]


class SecretOut(BaseModel):
    """All that is ever said about a secret."""

    set: bool
    since: datetime | None = Field(description="When it was last set; null when unknown or not set.")


class ConnectionOut(BaseModel):
    provider: str
    state: str = Field(description="`connected` or `disconnected`.")
    account_email: str | None
    scopes: list[str]
    since: datetime | None
    reason: str | None = Field(description="Why it is disconnected.")


class AgentToolOut(BaseModel):
    slug: Slug
    enabled: bool
    config: dict[str, Any] = Field(description="Without secret fields.")
    secrets: dict[str, SecretOut] = Field(description="By secret field of the config.")
    connection: ConnectionOut | None
    ready: bool = Field(description="Nothing is missing before calls can use it.")
    missing: list[str] = Field(description="What is, as sentences.")
    etag: str = Field(description="To send as `If-Match` with a change.")


class AgentToolsOut(BaseModel):
    items: list[AgentToolOut]


class AgentToolPatch(Body):
    """What is left out stays as it is."""

    enabled: Given[StrictBool] = None
    config: Given[dict[str, Any]] = Field(
        default=None,
        description="The whole config, as the tool's `config_schema` says. A secret field that is left out "
        "keeps its value; null removes it.",
    )


@router.get("/tools", responses=error_responses(401, 403, 422, 429, 503))
async def list_catalog(
    who: Anybody,
    api: ApiDep,
    language: Annotated[
        Language, Query(description="Such as `de`, of what people read where a tool has it.")
    ] = ENGLISH,
) -> ToolCatalogOut:
    """Every tool that an agent can be given, with what a form for it needs."""
    return ToolCatalogOut(items=[_catalog_tool(tool) for tool in api.catalog.all(language)])


_TOOLS = "/tenants/{tenant_id}/agents/{agent_id}/tools"


@router.get(_TOOLS, responses=error_responses(401, 403, 404, 422, 429, 503))
async def list_agent_tools(who: Viewer, agent_id: AgentId, api: ApiDep) -> AgentToolsOut:
    """Every tool of the catalogue, as this agent has it."""
    tools = await api.tools.list_tools(who.tenant_id, agent_id)
    return AgentToolsOut(items=[_agent_tool(tool) for tool in tools])


@router.get(f"{_TOOLS}/{{slug}}", responses=error_responses(401, 403, 404, 422, 429, 503))
async def get_agent_tool(
    who: Viewer, agent_id: AgentId, slug: ToolSlug, api: ApiDep, response: Response
) -> AgentToolOut:
    tool = await api.tools.get(who.tenant_id, agent_id, slug)
    set_etag(response, tool.etag)
    return _agent_tool(tool)


@router.patch(f"{_TOOLS}/{{slug}}", responses=error_responses(401, 403, 404, 412, 413, 422, 428, 429, 503))
async def change_agent_tool(
    who: Editor,
    agent_id: AgentId,
    slug: ToolSlug,
    patch: AgentToolPatch,
    if_match: IfMatch,
    api: ApiDep,
    response: Response,
) -> AgentToolOut:
    """Switch a tool on or off, or configure it. Takes effect with the agent's next call."""
    change = ToolChange(patch.enabled, patch.config)
    tool = await api.tools.change(who.tenant_id, who.actor, agent_id, slug, change, if_match)
    set_etag(response, tool.etag)
    return _agent_tool(tool)


@router.delete(
    f"{_TOOLS}/{{slug}}", status_code=204, responses=error_responses(401, 403, 404, 412, 422, 429, 503)
)
async def remove_agent_tool(
    who: Editor, agent_id: AgentId, slug: ToolSlug, api: ApiDep, if_match: OptionalIfMatch = None
) -> None:
    """Take a tool from the agent, with its config, secrets and connection. This cannot be undone.

    The connection is unusable at once, and revoked at its provider within a minute.
    """
    await api.tools.remove(who.tenant_id, who.actor, agent_id, slug, if_match)


def _catalog_tool(tool: CatalogTool) -> CatalogToolOut:
    return CatalogToolOut.model_validate(tool, from_attributes=True)


def _agent_tool(tool: ConfiguredTool) -> AgentToolOut:
    since = tool.secrets
    fields = {name: SecretOut(set=name in since, since=since.get(name)) for name in tool.secret_fields}
    missing = tool.missing
    return AgentToolOut(
        slug=tool.tool.slug,
        enabled=tool.tool.enabled,
        config=tool.tool.config,
        secrets=fields,
        connection=None if tool.tool.connection is None else _connection(tool.tool.connection),
        ready=not missing,
        missing=missing,
        etag=tool.etag,
    )


def _connection(connection: Connection) -> ConnectionOut:
    return ConnectionOut.model_validate(connection, from_attributes=True)
