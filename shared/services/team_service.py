"""A tenant's own settings, its members, and how people become members."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import SecretStr

from shared.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    NotFoundError,
    UnauthenticatedError,
)
from shared.gateways.firestore import Database, Write
from shared.models.audit import Actor, AuditAction, Change
from shared.models.base import utc_now
from shared.models.invitation import Invitation
from shared.models.member import Member, Role
from shared.models.tenant import Tenant
from shared.repositories.agents import PhoneNumberRepository
from shared.repositories.paging import Page
from shared.repositories.teams import TeamRepository
from shared.services.audit_service import AuditService, changes_between
from shared.services.etags import check_match, etag_of
from shared.services.forwarding import check_forwarding
from shared.services.identity import User
from shared.services.opaque_token import OpaqueToken
from shared.services.request_keys import CreationUndoneError, OnceCommitter, RequestKey

INVITATION_PREFIX = "tli"

INVITATION_LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class NamedMember:
    user_id: str
    member: Member

    @property
    def etag(self) -> str:
        return etag_of(self.member)


@dataclass(frozen=True)
class NamedInvitation:
    id: str
    invitation: Invitation
    token: SecretStr | None = None
    """For the invited person; only when the invitation has just been made."""


class TeamService:
    """`now` is the clock, with a time zone. All raise `UnavailableError`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._teams = TeamRepository(database)
        self._numbers = PhoneNumberRepository(database)
        self._audit = AuditService(database, now=now)
        self._once = OnceCommitter(database, now=now)
        self._now = now

    # The tenant

    async def tenants_of(self, user: User) -> list[tuple[str, Tenant, Member]]:
        return await self._teams.tenants_of(user.user_id)

    async def tenant(self, tenant_id: str) -> Tenant:
        """Raises `NotFoundError`."""
        return await self._teams.tenant(tenant_id)

    async def create_tenant(self, tenant_id: str, actor: Actor, tenant: Tenant) -> bool:
        """False: it exists already, and stays as it is."""
        changes = changes_between(None, tenant)
        entry = self._audit.entry(tenant_id, actor, AuditAction.TENANT_CREATED, "tenant", changes)
        try:
            await self._teams.create_tenant(tenant_id, tenant, entry)
        except AlreadyExistsError:
            return False
        return True

    async def change_tenant(
        self, tenant_id: str, actor: Actor, changes: Mapping[str, Any], if_match: str | None
    ) -> Tenant:
        """`changes` are valid values by field.

        Raises `PreconditionFailedError`, and `InvalidFieldsError` for a fallback number that leads back here.
        """
        await check_forwarding(self._numbers, changes.get("fallback_number"), "fallback_number")
        changed: list[Tenant] = []

        def decide(before: Tenant) -> tuple[Tenant, list[Write]]:
            check_match(if_match, before)
            changed.append(before.model_copy(update=dict(changes)))
            difference = changes_between(before, changed[-1])
            entry = self._audit.entry(tenant_id, actor, AuditAction.TENANT_CHANGED, "tenant", difference)
            return changed[-1], [entry]

        await self._teams.change_tenant(tenant_id, decide)
        return changed[-1]

    # Members

    async def list_members(self, tenant_id: str, limit: int, cursor: str | None) -> Page[NamedMember]:
        """By role. Raises `InvalidFieldsError` for a cursor of another list."""
        page = await self._teams.members(tenant_id, limit, cursor)
        return Page([NamedMember(user_id, member) for user_id, member in page.items], page.next_cursor)

    async def member(self, tenant_id: str, user_id: str) -> NamedMember:
        """Raises `NotFoundError`."""
        return NamedMember(user_id, await self._teams.member(tenant_id, user_id))

    async def change_role(
        self, tenant_id: str, actor: Actor, user_id: str, role: Role, if_match: str | None
    ) -> NamedMember:
        """Raises `NotFoundError`, `PreconditionFailedError`, and `ConflictError` for the last owner."""
        changed: list[Member] = []

        def decide(before: Member) -> tuple[Member, list[Write]]:
            check_match(if_match, before)
            changed.append(before.model_copy(update={"role": role}))
            changes = {"role": Change(before=before.role.value, after=role.value)}
            return changed[-1], [self._entry(tenant_id, actor, AuditAction.MEMBER_CHANGED, user_id, changes)]

        await self._teams.change_member(tenant_id, user_id, decide)
        return NamedMember(user_id, changed[-1])

    async def remove_member(self, tenant_id: str, actor: Actor, user_id: str, if_match: str | None) -> None:
        """At once. Raises as `change_role` does."""

        def decide(before: Member) -> tuple[None, list[Write]]:
            check_match(if_match, before)
            changes = {"email": Change(before=before.email), "role": Change(before=before.role.value)}
            return None, [self._entry(tenant_id, actor, AuditAction.MEMBER_REMOVED, user_id, changes)]

        await self._teams.change_member(tenant_id, user_id, decide)

    # Invitations

    async def list_invitations(self, tenant_id: str, limit: int, cursor: str | None) -> Page[NamedInvitation]:
        """Newest first. Raises `InvalidFieldsError` for a cursor of another list."""
        page = await self._teams.invitations(tenant_id, limit, cursor)
        return Page([NamedInvitation(each_id, each) for each_id, each in page.items], page.next_cursor)

    async def has_owner(self, tenant_id: str) -> bool:
        """Somebody owns it, or is invited to and can still accept."""
        return await self._teams.has_owner(tenant_id, self._now())

    async def owner_invitations(self, tenant_id: str) -> list[NamedInvitation]:
        """To own the tenant; also those that have expired."""
        return [
            NamedInvitation(each_id, each) for each_id, each in await self._teams.owner_invitations(tenant_id)
        ]

    async def invite(
        self, tenant_id: str, actor: Actor, email: str, role: Role, request: RequestKey | None
    ) -> NamedInvitation:
        """A request that is delivered again gets the same invitation without its token, gone by then."""
        token = OpaqueToken.issue(INVITATION_PREFIX, tenant_id)
        now = self._now()
        invitation = Invitation(
            email=email.lower(),
            role=role,
            secret_sha256=token.sha256,
            created_at=now,
            created_by=actor.name,
            expires_at=now + INVITATION_LIFETIME,
        )
        changes = {"email": Change(after=invitation.email), "role": Change(after=role.value)}
        subject = f"invitations/{token.id}"
        entry = self._audit.entry(tenant_id, actor, AuditAction.INVITATION_CREATED, subject, changes)
        writes = [self._teams.invitation_creation(tenant_id, token.id, invitation), entry]
        invitation_id = await self._once.commit(tenant_id, request, token.id, writes)
        if invitation_id == token.id:
            return NamedInvitation(invitation_id, invitation, SecretStr(token.reveal()))
        earlier = await self._teams.invitation(tenant_id, invitation_id)
        if earlier is None:
            raise CreationUndoneError(f"invitation {invitation_id} is gone")
        return NamedInvitation(invitation_id, earlier)

    async def revoke_invitation(self, tenant_id: str, actor: Actor, invitation_id: str) -> None:
        """Raises `NotFoundError`."""

        def decide(invitation: Invitation) -> list[Write]:
            changes = {"email": Change(before=invitation.email)}
            subject = f"invitations/{invitation_id}"
            return [self._audit.entry(tenant_id, actor, AuditAction.INVITATION_REVOKED, subject, changes)]

        await self._teams.remove_invitation(tenant_id, invitation_id, decide)

    async def accept_invitation(self, user: User, text: str) -> tuple[str, Tenant, Member]:
        """The tenant that the user is a member of now. An invitation can be accepted once.

        Raises `NotFoundError` (also when it has expired), `ForbiddenError` when it is another person's,
        `ConflictError` when the user is a member already.
        """
        try:
            token = OpaqueToken.parse(INVITATION_PREFIX, text)
        except UnauthenticatedError as error:
            raise NotFoundError(
                str(error), sentence="This invitation is not valid.", code="invitation_invalid"
            ) from None
        invitation = await self._teams.invitation(token.tenant_id, token.id)
        if (
            invitation is None
            or not token.proves(invitation.secret_sha256)
            or invitation.expires_at <= self._now()
        ):
            raise NotFoundError(
                "no such invitation",
                sentence="This invitation is not valid any more.",
                code="invitation_invalid",
            )
        if user.email is None or user.email.lower() != invitation.email:
            sentence = "This invitation is for another e-mail address. Sign in with the one it was sent to."
            raise ForbiddenError(
                "invited with another address", sentence=sentence, code="invitation_for_another"
            )
        member = Member(role=invitation.role, email=invitation.email, since=self._now())
        actor = Actor.of_member(user.user_id, invitation.email)
        changes = {"email": Change(after=invitation.email), "role": Change(after=invitation.role.value)}
        writes = [
            self._teams.member_creation(token.tenant_id, user.user_id, member),
            self._entry(token.tenant_id, actor, AuditAction.MEMBER_ADDED, user.user_id, changes),
        ]
        try:
            await self._teams.remove_invitation(token.tenant_id, token.id, lambda _: writes)
        except AlreadyExistsError:
            raise ConflictError(
                "a member already", sentence="You are a member already.", code="already_member"
            ) from None
        return token.tenant_id, await self._teams.tenant(token.tenant_id), member

    def _entry(
        self,
        tenant_id: str,
        actor: Actor,
        action: AuditAction,
        user_id: str,
        changes: Mapping[str, Change],
    ) -> Write:
        return self._audit.entry(tenant_id, actor, action, f"members/{user_id}", changes)
