"""What a signed-in person may do in a tenant."""

from shared.errors import ForbiddenError
from shared.gateways.firestore import Database
from shared.models.member import Member, Role
from shared.repositories.members import MemberRepository
from shared.services.identity import User


class MemberService:
    def __init__(self, database: Database) -> None:
        self._members = MemberRepository(database)

    async def require(self, user: User, tenant_id: str, role: Role) -> Member:
        """The member, if the role is `role` or more. Raises `ForbiddenError`, which says the same for a
        tenant of others and for one that does not exist."""
        return await self.require_id(user.user_id, tenant_id, role)

    async def require_id(self, user_id: str, tenant_id: str, role: Role) -> Member:
        """For work that a member began earlier, whose id was kept."""
        member = await self._members.find(tenant_id, user_id)
        if member is None:
            raise ForbiddenError(f"{user_id} is no member of {tenant_id}")
        if not member.role.includes(role):
            raise ForbiddenError(f"{user_id} is {member.role} of {tenant_id}, not {role}")
        return member
