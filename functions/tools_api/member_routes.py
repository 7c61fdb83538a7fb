"""Members and invitations. For people alone: a key that could make owners would be one."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, Field

from functions.tools_api.access import Allow, ApiDep, Principal, SignedIn
from functions.tools_api.account_routes import TenantOut, tenant_out
from functions.tools_api.http import (
    Body,
    Cursor,
    IdempotencyKey,
    IfMatch,
    Limit,
    OptionalIfMatch,
    PageOf,
    set_etag,
    set_location,
)
from functions.tools_api.problems import error_responses
from shared.models.base import DocumentId
from shared.models.member import Role
from shared.services.identity import User
from shared.services.team_service import NamedInvitation, NamedMember
from shared.tools.base.fields import EmailAddress

router = APIRouter(tags=["members"])

Viewer = Annotated[Principal, Depends(Allow(Role.VIEWER))]
Owner = Annotated[Principal, Depends(Allow(Role.OWNER))]
AnyUser = Annotated[User, Depends(SignedIn())]
UserId = Annotated[DocumentId, Path()]

_MEMBERS = "/tenants/{tenant_id}/members"
_INVITATIONS = "/tenants/{tenant_id}/invitations"


class MemberOut(BaseModel):
    id: str
    email: str | None
    role: Role
    since: datetime | None
    etag: str = Field(description="To send as `If-Match` with a change.")


class MemberPatch(Body):
    role: Role


class InvitationOut(BaseModel):
    id: str
    email: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime


class NewInvitationOut(InvitationOut):
    token: str | None = Field(
        description="For the invited person, who accepts with it. Shown this once; null if the request is "
        "repeated."
    )


class Invite(Body):
    email: EmailAddress
    role: Role


class AcceptInvitation(Body):
    token: str = Field(max_length=500)


@router.get(_MEMBERS, responses=error_responses(401, 403, 422, 429, 503))
async def list_members(
    who: Viewer, api: ApiDep, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[MemberOut]:
    """By role."""
    page = await api.team.list_members(who.tenant_id, limit, cursor)
    return PageOf(items=[_member(named) for named in page.items], next_cursor=page.next_cursor)


@router.get(f"{_MEMBERS}/{{user_id}}", responses=error_responses(401, 403, 404, 422, 429, 503))
async def get_member(who: Viewer, user_id: UserId, api: ApiDep, response: Response) -> MemberOut:
    named = await api.team.member(who.tenant_id, user_id)
    set_etag(response, named.etag)
    return _member(named)


@router.patch(
    f"{_MEMBERS}/{{user_id}}", responses=error_responses(401, 403, 404, 409, 412, 413, 422, 428, 429, 503)
)
async def change_member(
    who: Owner, user_id: UserId, patch: MemberPatch, if_match: IfMatch, api: ApiDep, response: Response
) -> MemberOut:
    """Another role, from the next request on. The last owner stays one."""
    named = await api.team.change_role(who.tenant_id, who.actor, user_id, patch.role, if_match)
    set_etag(response, named.etag)
    return _member(named)


@router.delete(
    f"{_MEMBERS}/{{user_id}}",
    status_code=204,
    responses=error_responses(401, 403, 404, 409, 412, 422, 429, 503),
)
async def remove_member(who: Owner, user_id: UserId, api: ApiDep, if_match: OptionalIfMatch = None) -> None:
    """From the next request on they may do nothing here. The last owner stays."""
    await api.team.remove_member(who.tenant_id, who.actor, user_id, if_match)


@router.get(_INVITATIONS, responses=error_responses(401, 403, 422, 429, 503))
async def list_invitations(
    who: Owner, api: ApiDep, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[InvitationOut]:
    """Newest first."""
    page = await api.team.list_invitations(who.tenant_id, limit, cursor)
    return PageOf(items=[_invitation(named) for named in page.items], next_cursor=page.next_cursor)


@router.post(_INVITATIONS, status_code=201, responses=error_responses(401, 403, 409, 413, 422, 429, 503))
async def invite(
    who: Owner, wanted: Invite, key: IdempotencyKey, api: ApiDep, request: Request, response: Response
) -> NewInvitationOut:
    """Whoever has a verified account with this address can become a member with the token, for a week."""
    named = await api.team.invite(who.tenant_id, who.actor, wanted.email, wanted.role, key)
    set_location(response, request, named.id)
    token = named.token.get_secret_value() if named.token else None
    return NewInvitationOut(**_invitation(named).model_dump(), token=token)


@router.delete(
    f"{_INVITATIONS}/{{invitation_id}}",
    status_code=204,
    responses=error_responses(401, 403, 404, 422, 429, 503),
)
async def revoke_invitation(who: Owner, invitation_id: Annotated[DocumentId, Path()], api: ApiDep) -> None:
    await api.team.revoke_invitation(who.tenant_id, who.actor, invitation_id)


@router.post("/invitations/accept", responses=error_responses(401, 403, 404, 409, 413, 422, 429, 503))
async def accept_invitation(user: AnyUser, wanted: AcceptInvitation, api: ApiDep) -> TenantOut:
    """Become a member. The account's verified address has to be the invited one."""
    return tenant_out(*await api.team.accept_invitation(user, wanted.token))


def _member(named: NamedMember) -> MemberOut:
    return MemberOut(id=named.user_id, etag=named.etag, **named.member.model_dump())


def _invitation(named: NamedInvitation) -> InvitationOut:
    return InvitationOut(id=named.id, **named.invitation.model_dump(exclude={"secret_sha256"}))
