"""`tenants/{t}/members/{uid}`."""

from shared.gateways.firestore import Database, Put
from shared.models.member import Member


class MemberRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, tenant_id: str, user_id: str) -> Member | None:
        fields = await self._database.get(f"tenants/{tenant_id}/members/{user_id}")
        return None if fields is None else Member.from_firestore(fields)

    async def put(self, tenant_id: str, user_id: str, member: Member) -> None:
        await self._database.commit([Put(f"tenants/{tenant_id}/members/{user_id}", member.to_firestore())])
