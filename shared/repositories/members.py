"""`tenants/{t}/members/{uid}`."""

from shared.gateways.firestore import Database, Fields, Put
from shared.models.member import Member


class MemberRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: str, user_id: str) -> Member | None:
        fields = await self._database.get(member_path(tenant_id, user_id))
        return None if fields is None else Member.from_firestore(fields)

    async def put(self, tenant_id: str, user_id: str, member: Member) -> None:
        await self._database.commit([Put(member_path(tenant_id, user_id), member_fields(user_id, member))])


def member_path(tenant_id: str, user_id: str) -> str:
    return f"tenants/{tenant_id}/members/{user_id}"


def member_fields(user_id: str, member: Member) -> Fields:
    """With the id, by which all tenants of a user are found."""
    return {**member.to_firestore(), "user_id": user_id}
