"""Who may use a route: one dependency, declared in every route's signature.

The tenant in a path only says which one is meant. Whether the sender belongs to it, and with which role,
comes from the verified token and the members' collection, or from the API key's own document.
"""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Path, Request

from functions.tools_api.api import Api
from shared.errors import ForbiddenError
from shared.models.api_key import Scope
from shared.models.audit import Actor
from shared.models.base import DocumentId
from shared.models.member import Role
from shared.services import api_key_service
from shared.services.api_key_service import NamedKey
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

    @property
    def least_role(self) -> Role | None:
        """None: whoever is signed in."""
        return None

    scope: Scope | None = None
    """Of an API key; None: none will do."""


class SignedIn(Guard):
    """Any person with a valid token, of whichever tenant or none."""

    async def __call__(self, request: Request, api: ApiDep) -> User:
        token = _credential(request, api)
        if api_key_service.is_key(token):
            api.rate_limit.take_for_address(request)  # nobody has looked whether the key is one
            raise _for_people()
        return await _verified(request, api, token)


class Known(Guard):
    """Any person with a valid token, and any tenant's API key with `scope`: for what is the same for all."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request, api: ApiDep) -> str:
        """The sender's id."""
        token = _credential(request, api)
        if api_key_service.is_key(token):
            return (await _valid_key(request, api, token, self.scope)).id
        return (await _verified(request, api, token)).user_id


class Allow(Guard):
    """Members with `role` or more; API keys with `scope` (None: no key, whatever its scopes)."""

    def __init__(self, role: Role, scope: Scope | None = None) -> None:
        self._role = role
        self.scope = scope

    @property
    def least_role(self) -> Role:
        return self._role

    async def __call__(
        self, request: Request, api: ApiDep, tenant_id: Annotated[DocumentId, Path()]
    ) -> Principal:
        token = _credential(request, api)
        if api_key_service.is_key(token):
            named = await _valid_key(request, api, token, self.scope)
            if named.tenant_id != tenant_id:
                raise ForbiddenError(f"a key of {named.tenant_id} asks for {tenant_id}")
            actor = Actor(kind="api_key", id=named.id, name=named.key.name)
        else:
            user = await _verified(request, api, token)
            member = await api.members.require(user, tenant_id, self._role)
            actor = Actor.of_member(user.user_id, user.email or member.email)
        request.state.principal = {"tenant_id": tenant_id, "actor": actor.id}
        return Principal(tenant_id, actor)


def _credential(request: Request, api: Api) -> str:
    with api.rate_limit.counting_refused(request):
        return bearer_token(request.headers.get("authorization"))


async def _valid_key(request: Request, api: Api, token: str, scope: Scope | None) -> NamedKey:
    with api.rate_limit.counting_refused(request):
        named = await api.api_keys.verify(token)
    api.rate_limit.take(named.id)  # what the key may not do is counted, too
    if scope is None:
        raise _for_people()
    if scope not in named.key.scopes:
        raise ForbiddenError(
            "the key's scopes do not allow this", sentence="This key may not do that.", code="scope_missing"
        )
    return named


def _for_people() -> ForbiddenError:
    sentence = "This is for people, not for API keys."
    return ForbiddenError("API keys may not do this", sentence=sentence, code="people_only")


async def _verified(request: Request, api: Api, token: str) -> User:
    with api.rate_limit.counting_refused(request):
        user = await api.identity.verify(token)
    api.rate_limit.take(user.user_id)
    return user
