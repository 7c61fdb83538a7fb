"""Who may use a route: one dependency, declared in every route's signature.

The tenant in a path only says which one is meant. Whether the sender belongs to it, and with which role,
comes from the verified token and the members' collection, or from the API key's own document.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from functions.tools_api.api import Api
from shared.errors import ForbiddenError, UnauthenticatedError
from shared.models.api_key import Scope
from shared.models.audit import Actor
from shared.models.base import DocumentId
from shared.models.member import Role
from shared.services import api_key_service
from shared.services.id_tokens import bearer_token
from shared.services.identity import User


@dataclass(frozen=True)
class Principal:
    """Somebody who may do what the route does, in this tenant."""

    tenant_id: str
    actor: Actor


def api_of(request: Request) -> Api:
    api: Api = request.app.state.api
    return api


ApiDep = Annotated[Api, Depends(api_of)]


class Guard:
    """What all routes' dependencies have in common; the test that looks for unguarded routes finds it."""

    role: Role | None = None
    scope: Scope | None = None


class SignedIn(Guard):
    """Any person with a valid token, of whichever tenant or none."""

    async def __call__(self, request: Request, api: ApiDep) -> User:
        token = _credential(request, api)
        if api_key_service.is_key(token):
            raise ForbiddenError("API keys may not do this", sentence="This is for people, not for API keys.")
        user = await _verified(request, api, token)
        api.rate_limit.take(user.user_id)
        return user


class Allow(Guard):
    """Members with `role` or more; API keys with `scope` (None: no key, whatever its scopes)."""

    def __init__(self, role: Role, scope: Scope | None = None) -> None:
        self.role = role
        self.scope = scope

    async def __call__(
        self, request: Request, api: ApiDep, tenant_id: Annotated[DocumentId, Path()]
    ) -> Principal:
        token = _credential(request, api)
        if api_key_service.is_key(token):
            actor = await self._key(request, api, tenant_id, token)
        else:
            user = await _verified(request, api, token)
            member = await api.members.require(user, tenant_id, self._role())
            actor = Actor(kind="member", id=user.user_id, name=user.email or member.email or "a member")
        api.rate_limit.take(actor.id)
        request.state.principal = {"tenant_id": tenant_id, "actor": actor.id}
        return Principal(tenant_id, actor)

    def _role(self) -> Role:
        assert self.role is not None
        return self.role

    async def _key(self, request: Request, api: Api, tenant_id: str, token: str) -> Actor:
        try:
            named = await api.api_keys.verify(token)
        except UnauthenticatedError:
            api.rate_limit.take(_address(request))
            raise
        if named.tenant_id != tenant_id:
            raise ForbiddenError(f"a key of {named.tenant_id} asks for {tenant_id}")
        if self.scope is None or self.scope not in named.key.scopes:
            raise ForbiddenError("the key's scopes do not allow this", sentence="This key may not do that.")
        return Actor(kind="api_key", id=named.id, name=named.key.name)


def _credential(request: Request, api: Api) -> str:
    try:
        return bearer_token(request.headers.get("authorization"))
    except UnauthenticatedError:
        api.rate_limit.take(_address(request))
        raise


async def _verified(request: Request, api: Api, token: str) -> User:
    try:
        return await api.identity.verify(token)
    except UnauthenticatedError:
        api.rate_limit.take(_address(request))
        raise


def _address(request: Request) -> str:
    """The last address is the one that Google's front end saw; those before it are the sender's claim."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "unknown")
