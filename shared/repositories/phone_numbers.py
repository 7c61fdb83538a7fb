"""`phone_numbers/{e164}` as a tenant sees it: its own, and those that nobody holds."""

from collections.abc import Callable, Sequence

from shared.errors import NotFoundError
from shared.gateways.firestore import Create, Database, Fields, Write
from shared.models.phone_number import PhoneNumberDocument

Holding = tuple[str, PhoneNumberDocument | None]
"""A number, and how the tenant holds it; None: nobody does."""


class TenantNumberRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def visible(self, tenant_id: str, numbers: Sequence[str]) -> list[Holding]:
        """Of `numbers`, those that no other tenant holds; one round trip."""
        found = await self._database.get_all(*(_path(number) for number in numbers))
        holdings = [
            (number, None if fields is None else PhoneNumberDocument.from_firestore(fields))
            for number, fields in zip(numbers, found, strict=True)
        ]
        return [(n, held) for n, held in holdings if held is None or held.tenant_id == tenant_id]

    async def find(self, tenant_id: str, number: str) -> PhoneNumberDocument | None:
        """None when nobody holds it. Raises `NotFoundError` when another tenant does."""
        visible = await self.visible(tenant_id, [number])
        if not visible:
            raise NotFoundError(f"{number} is not of tenant {tenant_id}")
        return visible[0][1]

    async def create(self, number: str, document: PhoneNumberDocument, along: Sequence[Write]) -> None:
        """Raises `AlreadyExistsError` when anybody holds it, and what is written along may raise
        `NotFoundError`."""
        await self._database.commit([Create(_path(number), document.to_firestore()), *along])

    async def change(
        self,
        tenant_id: str,
        number: str,
        decide: Callable[[PhoneNumberDocument], tuple[PhoneNumberDocument, list[Write]]],
    ) -> None:
        """Nothing happens when `decide` neither changes nor writes anything.

        Raises `NotFoundError`, also when another tenant holds it.
        """

        def change(fields: Fields) -> tuple[Fields, list[Write]]:
            before = _own(tenant_id, number, fields)
            after, writes = decide(before)
            return ({} if after == before and not writes else after.to_firestore()), writes

        await self._database.update(_path(number), change)

    async def remove(
        self, tenant_id: str, number: str, decide: Callable[[PhoneNumberDocument], list[Write]]
    ) -> None:
        """Raises `NotFoundError`, also when another tenant holds it."""
        await self._database.remove(_path(number), lambda fields: decide(_own(tenant_id, number, fields)))


class PlatformNumberRepository:
    """For the platform's own housekeeping, which goes through the numbers of all tenants."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def all(self) -> list[tuple[str, PhoneNumberDocument]]:
        documents = await self._database.query("phone_numbers")
        return [(number, PhoneNumberDocument.from_firestore(fields)) for number, fields in documents]


def _own(tenant_id: str, number: str, fields: Fields) -> PhoneNumberDocument:
    document = PhoneNumberDocument.from_firestore(fields)
    if document.tenant_id != tenant_id:
        raise NotFoundError(f"{number} is not of tenant {tenant_id}")
    return document


def _path(number: str) -> str:
    return f"phone_numbers/{number}"
