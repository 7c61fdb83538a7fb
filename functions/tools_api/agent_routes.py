"""Agents: made, changed, duplicated, deleted; and what the model is given for one."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from functions.tools_api.access import Allow, ApiDep, Principal
from functions.tools_api.http import (
    AgentId,
    Body,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    Moment,
    OptionalIfMatch,
    PageOf,
    set_etag,
    set_location,
)
from functions.tools_api.problems import error_responses
from shared.models.agent import Agent
from shared.models.agent_input import AgentInput, AgentPatch, Line
from shared.models.api_key import Scope
from shared.models.base import PhoneNumber, Slug
from shared.models.member import Role
from shared.services.agent_service import NamedAgent

router = APIRouter(prefix="/tenants/{tenant_id}/agents", tags=["agents"])

Viewer = Annotated[Principal, Depends(Allow(Role.VIEWER, Scope.AGENTS_READ))]
Editor = Annotated[Principal, Depends(Allow(Role.EDITOR, Scope.AGENTS_WRITE))]


class AgentOut(Agent):
    id: str
    etag: str = Field(description="To send as `If-Match` with a change.")


class DuplicateAgent(Body):
    name: Line


class ModelFunctionOut(BaseModel):
    name: str
    description: str
    parameters: dict[str, Any] = Field(description="In the model's dialect of JSON Schema.")


class PreviewOut(BaseModel):
    model: str
    voice: str
    language: str
    system_instruction: str
    greeting: str
    functions: list[ModelFunctionOut]


@router.get("", responses=error_responses(401, 403, 422, 429, 503))
async def list_agents(
    who: Viewer,
    api: ApiDep,
    limit: Limit = 50,
    cursor: Cursor = None,
    tool: Annotated[
        Slug | None,
        Query(description="Only agents that have this tool switched on. A page may then be short, or empty."),
    ] = None,
) -> PageOf[AgentOut]:
    """By name."""
    page = await api.agents.list_agents(who.tenant_id, limit, cursor, tool=tool)
    return PageOf(items=[_out(named) for named in page.items], next_cursor=page.next_cursor)


@router.post("", status_code=201, responses=error_responses(401, 403, 409, 413, 422, 429, 503))
async def create_agent(
    who: Editor, agent: AgentInput, key: IdempotencyKey, api: ApiDep, request: Request, response: Response
) -> AgentOut:
    named = await api.agents.create(who.tenant_id, who.actor, agent, key)
    set_etag(response, named.etag)
    set_location(response, request, named.id)
    return _out(named)


@router.get("/{agent_id}", responses=error_responses(401, 403, 404, 422, 429, 503))
async def get_agent(who: Viewer, agent_id: AgentId, api: ApiDep, response: Response) -> AgentOut:
    named = await api.agents.get(who.tenant_id, agent_id)
    set_etag(response, named.etag)
    return _out(named)


@router.patch("/{agent_id}", responses=error_responses(401, 403, 404, 412, 413, 422, 428, 429, 503))
async def change_agent(
    who: Editor, agent_id: AgentId, patch: AgentPatch, if_match: IfMatch, api: ApiDep, response: Response
) -> AgentOut:
    """Takes effect with the next call; calls that are going on keep what they started with."""
    named = await api.agents.change(who.tenant_id, who.actor, agent_id, patch.root, if_match)
    set_etag(response, named.etag)
    return _out(named)


@router.delete(
    "/{agent_id}", status_code=204, responses=error_responses(401, 403, 404, 409, 412, 422, 429, 503)
)
async def delete_agent(who: Editor, agent_id: AgentId, api: ApiDep, if_match: OptionalIfMatch = None) -> None:
    """With its tools, their secrets and connections. This cannot be undone. Its calls stay until they expire.

    Refused while a number is attached to it. Connections are unusable at once, and revoked at their providers
    within a minute.
    """
    await api.agents.delete(who.tenant_id, who.actor, agent_id, if_match)


@router.post(
    "/{agent_id}/duplicate",
    status_code=201,
    responses=error_responses(401, 403, 404, 409, 413, 422, 429, 503),
)
async def duplicate_agent(
    who: Editor,
    agent_id: AgentId,
    wanted: DuplicateAgent,
    key: IdempotencyKey,
    api: ApiDep,
    response: Response,
) -> AgentOut:
    """The same agent under another name, without numbers, secrets and connected accounts.

    Tools that had secrets or an account are off in the copy.
    """
    named = await api.agents.duplicate(who.tenant_id, who.actor, agent_id, wanted.name, key)
    set_etag(response, named.etag)
    response.headers["Location"] = f"/api/v1/tenants/{who.tenant_id}/agents/{named.id}"
    return _out(named)


@router.get("/{agent_id}/preview", responses=error_responses(401, 403, 404, 422, 429, 503))
async def preview_agent(
    who: Viewer,
    agent_id: AgentId,
    api: ApiDep,
    caller: Annotated[PhoneNumber | None, Query(description="E.164; left out: withheld.")] = None,
    at: Annotated[Moment | None, Query(description="Left out: now.")] = None,
) -> PreviewOut:
    """Exactly what the model is given in a call: instructions, greeting and functions."""
    preview = await api.previews.preview(who.tenant_id, agent_id, caller, at)
    return PreviewOut.model_validate(preview, from_attributes=True)


def _out(named: NamedAgent) -> AgentOut:
    return AgentOut(id=named.id, etag=named.etag, **named.agent.model_dump())
