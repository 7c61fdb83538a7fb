"""A user's tenants, a tenant's own settings, its API keys, and the log of all changes."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from functions.tools_api.access import Allow, ApiDep, Principal, SignedIn
from functions.tools_api.http import (
    Body,
    Cursor,
    Given,
    IdempotencyKey,
    IfMatch,
    Limit,
    PageOf,
    set_etag,
    set_location,
)
from functions.tools_api.problems import error_responses
from shared.models.agent_input import Line
from shared.models.api_key import Scope
from shared.models.audit import AuditAction
from shared.models.base import DocumentId, PhoneNumber
from shared.models.member import Member, Role
from shared.models.tenant import Tenant
from shared.services.api_key_service import NamedKey
from shared.services.etags import etag_of
from shared.services.identity import User

router = APIRouter()

AnyUser = Annotated[User, Depends(SignedIn())]
Viewer = Annotated[Principal, Depends(Allow(Role.VIEWER, Scope.AGENTS_READ))]
Owner = Annotated[Principal, Depends(Allow(Role.OWNER))]
Auditor = Annotated[Principal, Depends(Allow(Role.EDITOR, Scope.AUDIT_READ))]

MAX_KEY_DAYS = 365


class TenantOut(BaseModel):
    id: str
    name: str
    role: Role = Field(description="The user's own.")


class TenantsOut(BaseModel):
    items: list[TenantOut]


class TenantSettingsOut(BaseModel):
    id: str
    name: str
    max_concurrent_calls: int = Field(description="Part of the plan; not to be changed here.")
    fallback_number: PhoneNumber | None
    retention_days: int
    etag: str = Field(description="To send as `If-Match` with a change.")


class TenantPatch(Body):
    """What is left out stays as it is."""

    name: Given[Line] = None
    fallback_number: PhoneNumber | None = Field(
        default=None, description="Where calls go when an agent names no fallback of its own; null: nowhere."
    )
    retention_days: Given[Annotated[int, Field(ge=1, le=3650)]] = Field(
        default=None, description="How long new calls are kept."
    )


class ApiKeyOut(BaseModel):
    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    created_by: str
    expires_at: datetime


class NewApiKeyOut(ApiKeyOut):
    key: str | None = Field(
        description="To be sent as a bearer token. Shown this once; null if the request is repeated."
    )


class CreateApiKey(Body):
    name: Line
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    expires_in_days: int = Field(default=90, ge=1, le=MAX_KEY_DAYS)


class ActorOut(BaseModel):
    kind: str = Field(description="`member`, `api_key`, `operator` or `platform`.")
    id: str
    name: str


class ChangeOut(BaseModel):
    before: Any
    after: Any


class AuditEntryOut(BaseModel):
    id: str
    at: datetime
    actor: ActorOut
    action: AuditAction
    subject: str = Field(description="What was changed, such as `agents/a1/tools/send_email`.")
    changes: dict[str, ChangeOut] = Field(description="By field; of secrets only that they were set.")


@router.get("/tenants", tags=["account"], responses=error_responses(401, 403, 422, 429, 503))
async def list_tenants(user: AnyUser, api: ApiDep) -> TenantsOut:
    """The tenants that the signed-in user is a member of."""
    return TenantsOut(items=[tenant_out(*found) for found in await api.team.tenants_of(user)])


@router.get("/tenants/{tenant_id}", tags=["account"], responses=error_responses(401, 403, 404, 422, 429, 503))
async def get_tenant(who: Viewer, api: ApiDep, response: Response) -> TenantSettingsOut:
    return _settings(who.tenant_id, await api.team.tenant(who.tenant_id), response)


@router.patch(
    "/tenants/{tenant_id}",
    tags=["account"],
    responses=error_responses(401, 403, 404, 412, 413, 422, 428, 429, 503),
)
async def change_tenant(
    who: Owner, patch: TenantPatch, if_match: IfMatch, api: ApiDep, response: Response
) -> TenantSettingsOut:
    changes = patch.model_dump(exclude_unset=True)
    tenant = await api.team.change_tenant(who.tenant_id, who.actor, changes, if_match)
    return _settings(who.tenant_id, tenant, response)


_KEYS = "/tenants/{tenant_id}/api-keys"


@router.get(_KEYS, tags=["API keys"], responses=error_responses(401, 403, 422, 429, 503))
async def list_api_keys(
    who: Owner, api: ApiDep, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[ApiKeyOut]:
    """Newest first."""
    page = await api.api_keys.list_keys(who.tenant_id, limit, cursor)
    return PageOf(items=[_key(named) for named in page.items], next_cursor=page.next_cursor)


@router.post(
    _KEYS, status_code=201, tags=["API keys"], responses=error_responses(401, 403, 409, 413, 422, 429, 503)
)
async def create_api_key(
    who: Owner,
    wanted: CreateApiKey,
    key: IdempotencyKey,
    api: ApiDep,
    request: Request,
    response: Response,
) -> NewApiKeyOut:
    """The key is in this answer and nowhere else: we keep only its hash."""
    lifetime = timedelta(days=wanted.expires_in_days)
    named = await api.api_keys.create(who.tenant_id, who.actor, wanted.name, wanted.scopes, lifetime, key)
    set_location(response, request, named.id)
    secret = named.secret.get_secret_value() if named.secret else None
    return NewApiKeyOut(**_key(named).model_dump(), key=secret)


@router.delete(
    f"{_KEYS}/{{key_id}}",
    status_code=204,
    tags=["API keys"],
    responses=error_responses(401, 403, 404, 422, 429, 503),
)
async def revoke_api_key(who: Owner, key_id: Annotated[DocumentId, Path()], api: ApiDep) -> None:
    """At once. This cannot be undone."""
    await api.api_keys.revoke(who.tenant_id, who.actor, key_id)


@router.get(
    "/tenants/{tenant_id}/audit", tags=["account"], responses=error_responses(401, 403, 422, 429, 503)
)
async def list_audit(
    who: Auditor,
    api: ApiDep,
    subject: Annotated[str | None, Query(max_length=300, description="One thing's history.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[AuditEntryOut]:
    """Who changed what, newest first."""
    page = await api.audit.list_entries(who.tenant_id, limit, cursor, subject=subject)
    items = [AuditEntryOut(id=entry_id, **entry.model_dump()) for entry_id, entry in page.items]
    return PageOf(items=items, next_cursor=page.next_cursor)


def tenant_out(tenant_id: str, tenant: Tenant, member: Member) -> TenantOut:
    return TenantOut(id=tenant_id, name=tenant.name, role=member.role)


def _settings(tenant_id: str, tenant: Tenant, response: Response) -> TenantSettingsOut:
    etag = etag_of(tenant)
    set_etag(response, etag)
    return TenantSettingsOut(id=tenant_id, etag=etag, **tenant.model_dump())


def _key(named: NamedKey) -> ApiKeyOut:
    return ApiKeyOut(id=named.id, **named.key.model_dump(exclude={"secret_sha256"}))
