"""Members of tenants who can sign in with the laptop's issuer."""

from collections.abc import Mapping

import aiohttp

from shared.gateways.firestore import Database
from shared.models.member import Member, Role
from shared.repositories.members import MemberRepository
from shared.services.identity import user_id_for


async def seed_members(database: Database, issuer: str, members: Mapping[str, Mapping[str, Role]]) -> None:
    """Tenant → e-mail → role. `issuer` is the running `local.identity`'s address, as in `USER_TOKEN_ISSUERS`.

    To be repeated when the issuer has moved to another port: a member is named by issuer and subject.
    """
    repository = MemberRepository(database)
    timeout = aiohttp.ClientTimeout(total=10)
    async with aiohttp.ClientSession(issuer, timeout=timeout, raise_for_status=True) as http:
        for tenant_id, roles in members.items():
            for email, role in roles.items():
                async with http.post("/_local/users", json={"email": email}) as answer:
                    subject = str((await answer.json())["subject"])
                member = Member(role=role, email=email)
                await repository.put(tenant_id, user_id_for(issuer, subject), member)
