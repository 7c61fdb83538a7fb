"""API keys: made by an owner, shown once, recognised by their hash."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from shared.errors import UnauthenticatedError
from shared.gateways.firestore import Database, Write
from shared.models.api_key import ApiKey, Scope
from shared.models.audit import Actor, AuditAction, Change
from shared.models.base import utc_now
from shared.repositories.api_keys import ApiKeyRepository
from shared.repositories.paging import Page
from shared.services.audit_service import AuditService
from shared.services.opaque_token import OpaqueToken
from shared.services.request_keys import CreationUndoneError, OnceCommitter, RequestKey

PREFIX = "tlk"


def is_key(token: str) -> bool:
    """Else it is somebody's ID token: those have three parts, and begin otherwise."""
    return token.startswith(f"{PREFIX}.")


@dataclass(frozen=True)
class NamedKey:
    tenant_id: str
    id: str
    key: ApiKey
    secret: SecretStr | None = None
    """The whole key; only when it has just been made."""


class ApiKeyService:
    """`now` is the clock, with a time zone. All raise `UnavailableError`."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._keys = ApiKeyRepository(database)
        self._audit = AuditService(database, now=now)
        self._once = OnceCommitter(database, now=now)
        self._now = now

    async def verify(self, text: str) -> NamedKey:
        """One round trip. Raises `UnauthenticatedError`."""
        token = OpaqueToken.parse(PREFIX, text)
        key = await self._keys.find(token.tenant_id, token.id)
        if key is None or not token.proves(key.secret_sha256):
            raise UnauthenticatedError("no such API key")
        if key.expires_at <= self._now():
            raise UnauthenticatedError(f"API key {token.id} has expired")
        return NamedKey(token.tenant_id, token.id, key)

    async def list_keys(self, tenant_id: str, limit: int, cursor: str | None) -> Page[NamedKey]:
        """Newest first; expired ones until they are deleted. Raises `InvalidFieldsError`."""
        page = await self._keys.page(tenant_id, limit, cursor)
        return Page([NamedKey(tenant_id, key_id, key) for key_id, key in page.items], page.next_cursor)

    async def create(
        self,
        tenant_id: str,
        actor: Actor,
        name: str,
        scopes: list[Scope],
        lifetime: timedelta,
        request: RequestKey | None,
    ) -> NamedKey:
        """A request that is delivered again gets the same key without its secret, which is gone by then."""
        token = OpaqueToken.issue(PREFIX, tenant_id)
        now = self._now()
        key = ApiKey(
            name=name,
            scopes=sorted(set(scopes)),
            secret_sha256=token.sha256,
            created_at=now,
            created_by=actor.name,
            expires_at=now + lifetime,
        )
        changes = {
            "name": Change(after=name),
            "scopes": Change(after=[scope.value for scope in key.scopes]),
            "expires_at": Change(after=key.expires_at.isoformat()),
        }
        subject = f"api-keys/{token.id}"
        entry = self._audit.entry(tenant_id, actor, AuditAction.API_KEY_CREATED, subject, changes)
        writes = [self._keys.creation(tenant_id, token.id, key), entry]
        key_id = await self._once.commit(tenant_id, request, token.id, writes)
        if key_id == token.id:
            return NamedKey(tenant_id, key_id, key, SecretStr(token.reveal()))
        earlier = await self._keys.find(tenant_id, key_id)
        if earlier is None:
            raise CreationUndoneError(f"API key {key_id} is gone")
        return NamedKey(tenant_id, key_id, earlier)

    async def revoke(self, tenant_id: str, actor: Actor, key_id: str) -> None:
        """At once, and for good. Raises `NotFoundError`."""

        def decide(key: ApiKey) -> list[Write]:
            changes = {"name": Change(before=key.name)}
            subject = f"api-keys/{key_id}"
            return [self._audit.entry(tenant_id, actor, AuditAction.API_KEY_REVOKED, subject, changes)]

        await self._keys.remove(tenant_id, key_id, decide)
