"""`platform/releases`: the one document of the platform as a whole."""

import logging
from collections.abc import Callable

from pydantic import ValidationError

from shared.errors import AlreadyExistsError, NotFoundError
from shared.gateways.firestore import Create, Database, Fields, Write
from shared.models.releases import Releases

log = logging.getLogger(__name__)

RELEASES_PATH = "platform/releases"


class ReleaseRepository:
    """`default` is the release that takes all calls while there is no document."""

    def __init__(self, database: Database, default: str) -> None:
        self._database = database
        self._default = default

    async def get(self) -> Releases:
        return releases_of(await self._database.get(RELEASES_PATH), self._default)

    async def change(self, decide: Callable[[Releases], Releases]) -> Releases:
        """Atomically replace the document by what `decide` makes of it; `decide` may run several times."""
        decided: list[Releases] = []

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            decided.append(decide(releases_of(fields, self._default)))
            return decided[-1].to_firestore(), []

        try:
            await self._database.update(RELEASES_PATH, change)
        except NotFoundError:
            first = decide(Releases.only(self._default))
            try:
                await self._database.commit([Create(RELEASES_PATH, first.to_firestore())])
            except AlreadyExistsError:  # somebody was faster
                await self._database.update(RELEASES_PATH, change)
            else:
                return first
        return decided[-1]


def releases_of(fields: Fields | None, default: str) -> Releases:
    """A document that cannot be read must not keep callers waiting: they get the default release."""
    if fields is None:
        return Releases.only(default)
    try:
        return Releases.from_firestore(fields)
    except ValidationError as error:
        log.error("%s cannot be read: all calls go to %s: %s", RELEASES_PATH, default, error)
        return Releases.only(default)
