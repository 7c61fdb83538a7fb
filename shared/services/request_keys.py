"""`Idempotency-Key`: a request that is repeated because its answer got lost creates nothing a second time.

The key is stored in the same commit as what it created, so there is no moment at which one is there without
the other, and no answer has to be kept (some hold secrets).
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import AlreadyExistsError, ConflictError, InvalidFieldsError
from shared.gateways.firestore import Database, Write
from shared.models.base import utc_now
from shared.models.request_key import UsedRequestKey
from shared.repositories.request_keys import RequestKeyRepository

REMEMBERED_FOR = timedelta(hours=24)
"""At least: until Firestore's TTL gets round to it."""


class CreationUndoneError(ConflictError):
    """The request was delivered before, and what it created is not there any more."""

    sentence = "What this request created has been deleted since."
    code = "creation_undone"


@dataclass(frozen=True)
class RequestKey:
    """What a tenant's clients call one request."""

    operation: str
    key: str
    body: bytes

    @property
    def hash(self) -> str:
        return hashlib.sha256(f"{self.operation}\n{self.key}".encode()).hexdigest()[:40]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:40]


class OnceCommitter:
    """`now` is the clock, with a time zone."""

    def __init__(self, database: Database, *, now: Callable[[], datetime] = utc_now) -> None:
        self._database = database
        self._now = now
        self._keys = RequestKeyRepository(database)

    async def find(self, tenant_id: str, request: RequestKey | None) -> str | None:
        """Id of what an earlier delivery of this request created. Raises `InvalidFieldsError`."""
        if request is None:
            return None
        used = await self._keys.find(tenant_id, request.hash)
        if used is None:
            return None
        if used.fingerprint != request.fingerprint:
            raise InvalidFieldsError([("Idempotency-Key", "was used for another request")])
        return used.resource_id

    def claim(self, tenant_id: str, request: RequestKey | None, resource_id: str) -> list[Write]:
        """For the commit that creates `resource_id`: it fails if an earlier delivery has."""
        if request is None:
            return []
        expires_at = self._now() + REMEMBERED_FOR
        used = UsedRequestKey(fingerprint=request.fingerprint, resource_id=resource_id, expires_at=expires_at)
        return [self._keys.creation(tenant_id, request.hash, used)]

    async def commit(
        self, tenant_id: str, request: RequestKey | None, resource_id: str, writes: Iterable[Write]
    ) -> str:
        """Commit what creates `resource_id`, unless an earlier delivery did; returns the id of what exists.

        Raises `InvalidFieldsError` for a key that belongs to another request, `AlreadyExistsError`.
        """
        try:
            await self._database.commit([*writes, *self.claim(tenant_id, request, resource_id)])
        except AlreadyExistsError:
            existing = await self.find(tenant_id, request)
            if existing is None:
                raise
            return existing
        return resource_id
