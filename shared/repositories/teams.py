"""`tenants/{t}`, its `members` and `invitations`, as people manage them."""

import contextlib
from collections.abc import Callable
from datetime import datetime

from shared.errors import ConflictError, NotFoundError
from shared.gateways.firestore import UPDATE_ATTEMPTS, Create, Database, Fields, Put, Remove, Write
from shared.models.invitation import Invitation
from shared.models.member import Member, Role
from shared.models.tenant import Tenant
from shared.repositories.members import member_fields, member_path
from shared.repositories.paging import Page, decode_cursor, page_of
from shared.repositories.tenants import tenant_of

OWNERS_GENERATION = "owners_generation"
"""A field of the tenant's document that changes whenever an owner may have gone."""


class _OwnersChangedError(Exception):
    """What was decided stands on who was a member before."""


class TeamRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    # Tenants

    async def tenant(self, tenant_id: str) -> Tenant:
        """Raises `NotFoundError`."""
        fields = await self._database.get(_tenant(tenant_id))
        if fields is None:
            raise NotFoundError(f"no tenant {tenant_id}")
        return Tenant.from_firestore(fields)

    async def create_tenant(self, tenant_id: str, tenant: Tenant, audit: Write) -> None:
        """Raises `AlreadyExistsError`."""
        await self._database.commit([Create(_tenant(tenant_id), tenant.to_firestore()), audit])

    async def tenants_of(self, user_id: str) -> list[tuple[str, Tenant, Member]]:
        """Every tenant that the user is a member of; two round trips."""
        found = await self._database.group("members", ("user_id", "==", user_id))
        memberships = [(tenant_of(path), Member.from_firestore(fields)) for path, fields in found]
        if not memberships:
            return []
        tenants = await self._database.get_all(*(_tenant(tenant_id) for tenant_id, _ in memberships))
        return [
            (tenant_id, Tenant.from_firestore(fields), member)
            for (tenant_id, member), fields in zip(memberships, tenants, strict=True)
            if fields is not None
        ]

    async def change_tenant(
        self, tenant_id: str, decide: Callable[[Tenant], tuple[Tenant, list[Write]]]
    ) -> None:
        """Nothing is written when `decide` changes nothing. Raises `NotFoundError`."""

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            before = Tenant.from_firestore(fields)
            after, writes = decide(before)
            return ({} if after == before else after.to_firestore()), writes

        await self._database.update(_tenant(tenant_id), change)

    # Members

    async def members(self, tenant_id: str, limit: int, cursor: str | None) -> Page[tuple[str, Member]]:
        """By role, with ids. Raises `InvalidFieldsError`."""
        documents = await self._database.page(
            f"{_tenant(tenant_id)}/members",
            order=("role", "ASCENDING"),
            limit=limit + 1,
            after=decode_cursor(cursor, str),
        )
        members = [(user_id, Member.from_firestore(fields)) for user_id, fields in documents]
        return page_of([((member.role.value, uid), (uid, member)) for uid, member in members], limit)

    async def member(self, tenant_id: str, user_id: str) -> Member:
        """Raises `NotFoundError`."""
        fields = await self._database.get(member_path(tenant_id, user_id))
        if fields is None:
            raise NotFoundError(f"{user_id} is no member of {tenant_id}")
        return Member.from_firestore(fields)

    async def change_member(
        self,
        tenant_id: str,
        user_id: str,
        decide: Callable[[Member], tuple[Member | None, list[Write]]],
    ) -> None:
        """Replace the member by what `decide` makes of it; None: remove it; the same: nothing is written.

        There is always an owner left. `decide` may run several times. Raises `NotFoundError`, and
        `ConflictError` for the last owner.
        """
        for _ in range(UPDATE_ATTEMPTS):
            with contextlib.suppress(_OwnersChangedError):
                await self._change_member(tenant_id, user_id, decide)
                return
        raise ConflictError(
            "members changed again and again",
            sentence="Somebody changes members too. Try again.",
            code="members_changed",
        )

    async def _change_member(
        self,
        tenant_id: str,
        user_id: str,
        decide: Callable[[Member], tuple[Member | None, list[Write]]],
    ) -> None:
        """Raises `_OwnersChangedError` when others change members meanwhile."""
        tenant = await self._database.get(_tenant(tenant_id)) or {}
        generation = tenant.get(OWNERS_GENERATION, 0)
        # In this order: whoever takes an owner away after this read makes the generation another one.
        owners = await self._database.query(f"{_tenant(tenant_id)}/members", ("role", "==", Role.OWNER))
        before = await self.member(tenant_id, user_id)
        after, writes = decide(before)
        if after == before:
            return
        ceases = before.role is Role.OWNER and (after is None or after.role is not Role.OWNER)
        if ceases and all(owner_id == user_id for owner_id, _ in owners):
            raise ConflictError(
                "the last owner",
                sentence="A tenant needs an owner: make another one first.",
                code="last_owner",
            )
        path = member_path(tenant_id, user_id)
        write = Remove(path) if after is None else Put(path, member_fields(user_id, after))

        def count(fields: Fields) -> tuple[Fields, list[Write]]:
            if fields.get(OWNERS_GENERATION, 0) != generation:
                raise _OwnersChangedError
            return {OWNERS_GENERATION: generation + 1}, [write, *writes]

        await self._database.update(_tenant(tenant_id), count)

    # Invitations

    async def invitations(
        self, tenant_id: str, limit: int, cursor: str | None
    ) -> Page[tuple[str, Invitation]]:
        """Newest first, with ids. Raises `InvalidFieldsError`."""
        documents = await self._database.page(
            f"{_tenant(tenant_id)}/invitations",
            order=("created_at", "DESCENDING"),
            limit=limit + 1,
            after=decode_cursor(cursor, datetime),
        )
        found = [(each_id, Invitation.from_firestore(fields)) for each_id, fields in documents]
        return page_of([((each.created_at, each_id), (each_id, each)) for each_id, each in found], limit)

    async def invitation(self, tenant_id: str, invitation_id: str) -> Invitation | None:
        fields = await self._database.get(_invitation(tenant_id, invitation_id))
        return None if fields is None else Invitation.from_firestore(fields)

    async def has_owner(self, tenant_id: str, now: datetime) -> bool:
        """Somebody owns it, or is invited to and can still accept."""
        if await self._database.query(f"{_tenant(tenant_id)}/members", ("role", "==", Role.OWNER)):
            return True
        return any(each.expires_at > now for _, each in await self.owner_invitations(tenant_id))

    async def owner_invitations(self, tenant_id: str) -> list[tuple[str, Invitation]]:
        """To own the tenant, with ids; also those that have expired."""
        found = await self._database.query(f"{_tenant(tenant_id)}/invitations", ("role", "==", Role.OWNER))
        return [(each_id, Invitation.from_firestore(fields)) for each_id, fields in found]

    def invitation_creation(self, tenant_id: str, invitation_id: str, invitation: Invitation) -> Write:
        return Create(_invitation(tenant_id, invitation_id), invitation.to_firestore())

    def member_creation(self, tenant_id: str, user_id: str, member: Member) -> Write:
        return Create(member_path(tenant_id, user_id), member_fields(user_id, member))

    async def remove_invitation(
        self, tenant_id: str, invitation_id: str, decide: Callable[[Invitation], list[Write]]
    ) -> None:
        """`decide` returns what is written along: that happens once. Raises `NotFoundError`,
        `AlreadyExistsError`."""
        await self._database.remove(
            _invitation(tenant_id, invitation_id), lambda fields: decide(Invitation.from_firestore(fields))
        )


def _tenant(tenant_id: str) -> str:
    return f"tenants/{tenant_id}"


def _invitation(tenant_id: str, invitation_id: str) -> str:
    return f"{_tenant(tenant_id)}/invitations/{invitation_id}"
