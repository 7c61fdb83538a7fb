"""Recordings lie at Twilio, where Firestore's TTL does not reach: they are deleted when their call expires.

Firestore removes an expired call at a time of its own, and runs no code of ours when it does. So each
recording has a document that is not removed like that, and a scheduled request deletes what is overdue.
"""

import logging
from collections.abc import Callable
from datetime import datetime

from shared.errors import UnavailableError
from shared.gateways.firestore import Database
from shared.gateways.twilio import TwilioGateway
from shared.models.base import utc_now
from shared.repositories.recordings import RecordingRepository
from shared.repositories.tenants import TenantRepository

log = logging.getLogger(__name__)

DELETED_AT_ONCE = 200
"""Of one tenant in one run; what is left is deleted by the next."""


class RecordingRetention:
    """`now` is the clock, with a time zone."""

    def __init__(
        self, database: Database, twilio: TwilioGateway, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._twilio = twilio
        self._now = now
        self._tenants = TenantRepository(database)
        self._recordings = RecordingRepository(database)

    async def delete_overdue(self) -> int:
        """How many recordings were deleted. One that cannot be deleted does not keep the others.

        Raises `UnavailableError` when any is left for that reason: ask again.
        """
        deleted, left = 0, 0
        for tenant_id in await self._tenants.list_ids():
            for sid, _ in await self._recordings.overdue(tenant_id, self._now(), DELETED_AT_ONCE):
                try:
                    # Twilio first: as long as this document is there, somebody will try again.
                    await self._twilio.delete_recording(sid)
                    await self._database.commit([self._recordings.removal(tenant_id, sid)])
                    deleted += 1
                except UnavailableError as error:
                    left += 1
                    details = {"tenant_id": tenant_id, "recording": sid, "reason": str(error)}
                    log.warning("a recording could not be deleted", extra=details)
        if left:
            raise UnavailableError(f"{left} overdue recordings are still there, {deleted} were deleted")
        return deleted
