"""Firestore: one client per event loop, a bound on every call, one typed error out.

`Database` is the whole of Firestore that the product uses, with plain paths and dicts; queries are written
in `shared/repositories` only. The client itself reads FIRESTORE_EMULATOR_HOST and
GOOGLE_APPLICATION_CREDENTIALS.
"""

# The client library's annotations are partial; this module is where its values get their types.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

from google.api_core.exceptions import (
    Aborted,
    AlreadyExists,
    FailedPrecondition,
    GoogleAPICallError,
    NotFound,
    RetryError,
)
from google.cloud.firestore import SERVER_TIMESTAMP, AsyncClient, AsyncQuery
from google.cloud.firestore_v1.base_query import FieldFilter

from shared.errors import AlreadyExistsError, NotFoundError, UnavailableError
from shared.gateways.google_cloud import CredentialsFoundLater

TIMEOUT_SECONDS = 5.0
"""For one operation, the library's own retries of UNAVAILABLE included."""

UPDATE_ATTEMPTS = 10
"""How often a conditional update starts again because somebody else changed the document meanwhile."""

Fields = dict[str, Any]
"""Field → value, as the client takes and gives them."""

Filter = tuple[str, Literal["==", "<", "<=", ">", ">="], Any]
"""Field, operator, value."""

Order = tuple[str, Literal["ASCENDING", "DESCENDING"]]
"""Field, direction."""


@dataclass(frozen=True)
class Create:
    """Write a document that must be new."""

    path: str
    fields: Fields


@dataclass(frozen=True)
class Put:
    """Write a whole document, whether or not it exists."""

    path: str
    fields: Fields


@dataclass(frozen=True)
class Remove:
    """Delete a document; one that does not exist counts as deleted."""

    path: str


@dataclass(frozen=True)
class Exists:
    """A condition of a commit: without this document nothing of it happens. Whoever changes or removes the
    document at the same time starts again, and sees what the commit has made."""

    path: str


Write = Create | Put | Remove | Exists

_NEEDED_AT = "needed_at"
"""A field that no model reads: that it was written is all."""

_clients: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, AsyncClient]] = WeakKeyDictionary()


def firestore_client(project: str) -> AsyncClient:
    """The running loop's client for `project`.

    A gRPC channel belongs to the loop that made it and does not survive a fork, so none is made at import.
    """
    clients = _clients.setdefault(asyncio.get_running_loop(), {})
    if project not in clients:
        clients[project] = AsyncClient(project=project, credentials=CredentialsFoundLater())
    return clients[project]


class Database:
    """Documents by path ("tenants/acme/calls/ca1").

    Every method raises `UnavailableError` when Firestore fails or takes longer than `TIMEOUT_SECONDS`.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    async def get(self, path: str) -> Fields | None:
        async with _firestore_call(f"read {path}"):
            return (await self._client.document(path).get()).to_dict()

    async def get_all(self, *paths: str) -> list[Fields | None]:
        """In the order of `paths`; one round trip."""
        found: dict[str, Fields | None] = {}
        async with _firestore_call(f"read {', '.join(paths)}"):
            async for document in self._client.get_all([self._client.document(path) for path in paths]):
                found[document.reference.path] = document.to_dict()
        return [found.get(path) for path in paths]

    async def query(
        self, collection: str, *filters: Filter, order_by: str | None = None
    ) -> list[tuple[str, Fields]]:
        """(document id, fields) of the documents that pass all filters; equals are ordered by id."""
        async with _firestore_call(f"query {collection}"):
            documents = await self._query(collection, filters, order_by).get()
            return [(document.id, document.to_dict() or {}) for document in documents]

    async def ids(self, collection: str) -> list[str]:
        """Of all documents of a collection, those included that are gone and have others below them.

        They come in pages, and each may take as long as an operation: there is no telling how many there are.
        """
        found: list[str] = []
        documents = self._client.collection(collection).list_documents()
        while True:
            async with _firestore_call(f"list {collection}"):
                document = await anext(documents, None)
            if document is None:
                return found
            found.append(document.id)

    async def group(
        self, collection_id: str, *filters: Filter, order: Order | None = None, limit: int | None = None
    ) -> list[tuple[str, Fields]]:
        """(path, fields) of documents in all collections of that name, whoever they belong to."""
        query: Any = self._client.collection_group(collection_id)
        for field, operator, value in filters:
            query = query.where(filter=FieldFilter(field, operator, value))
        if order is not None:
            query = query.order_by(order[0], direction=order[1])
        if limit is not None:
            query = query.limit(limit)
        async with _firestore_call(f"query all {collection_id}"):
            documents = await query.get()
            return [(document.reference.path, document.to_dict() or {}) for document in documents]

    async def page(
        self,
        collection: str,
        *filters: Filter,
        order: Order,
        limit: int,
        after: tuple[Any, str] | None = None,
    ) -> list[tuple[str, Fields]]:
        """At most `limit` (document id, fields) behind `after`: the order's value and the id of a document.

        Equals are ordered by id, so no document is met twice or left out while others come and go.
        """
        field, direction = order
        query: Any = self._query(collection, filters, None)
        query = query.order_by(field, direction=direction).order_by("__name__", direction=direction)
        if after is not None:
            value, document_id = after
            query = query.start_after([value, self._client.collection(collection).document(document_id)])
        async with _firestore_call(f"page of {collection}"):
            documents = await query.limit(limit).get()
            return [(document.id, document.to_dict() or {}) for document in documents]

    async def totals(
        self, collection: str, *filters: Filter, sums: Sequence[str] = ()
    ) -> tuple[int, list[float]]:
        """How many documents pass the filters, and the sum of each field; counted by Firestore."""
        query: Any = self._query(collection, filters, None).count(alias="count")
        for number, field in enumerate(sums):
            query = query.sum(field, alias=f"sum{number}")
        async with _firestore_call(f"totals of {collection}"):
            (results,) = await query.get()
            values = {result.alias: result.value for result in results}
            return int(values["count"]), [float(values[f"sum{number}"]) for number in range(len(sums))]

    async def count(self, collection: str, *filters: Filter) -> int:
        async with _firestore_call(f"count {collection}"):
            result = await self._query(collection, filters, None).count().get()
            return int(result[0][0].value)

    async def commit(self, writes: Iterable[Write]) -> None:
        """All or nothing. Raises `AlreadyExistsError` for a `Create` of a document that exists, and
        `NotFoundError` for an `Exists` of one that does not."""
        batch, wanted = self._client.batch(), list(writes)
        for write in wanted:
            self._add(batch, write)
        async with _firestore_call("commit"):
            await _commit(batch, wanted)

    async def update(
        self,
        path: str,
        decide: Callable[[Fields], tuple[Fields, list[Write]]],
        *,
        reading: Sequence[str] | None = None,
    ) -> bool:
        """Read a document, let `decide` name the changes, commit them only if it stayed as it was read.

        `decide` gets the current fields, all or those of `reading`, and returns the fields to update (none:
        nothing happens and the answer is False) and what to write along with them. It runs again after a
        conflict, and what it raises reaches the caller. Raises `NotFoundError`, also for an `Exists` among
        what is written along.

        The condition is the document's update time rather than a transaction: two round trips instead of
        three, no lock held by a process that may die, no rollback (the client awaits it even when cancelled).
        """
        reference = self._client.document(path)

        def add(batch: Any, fields: Fields, unchanged: Any) -> list[Write] | None:
            changes, writes = decide(fields)
            if changes:
                batch.update(reference, changes, option=unchanged)
            return writes if changes else None

        return await self._conditionally(path, add, reading)

    async def remove(
        self,
        path: str,
        decide: Callable[[Fields], list[Write]],
        *,
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Delete a document only as it was read: `decide` is as in `update` and returns what to write along.

        `check` looks for what needs the document and was committed with `Exists`: it runs after each reading,
        and what it raises reaches the caller. Raises `NotFoundError`.
        """
        reference = self._client.document(path)

        def add(batch: Any, fields: Fields, unchanged: Any) -> list[Write]:
            batch.delete(reference, option=unchanged)
            return decide(fields)

        await self._conditionally(path, add, check=check)

    async def _conditionally(
        self,
        path: str,
        add: Callable[[Any, Fields, Any], list[Write] | None],
        reading: Sequence[str] | None = None,
        check: Callable[[], Awaitable[None]] | None = None,
    ) -> bool:
        """`add` puts its write into the batch and returns those that go along; None: nothing happens."""
        reference = self._client.document(path)
        async with _firestore_call(f"update {path}"):
            for _ in range(UPDATE_ATTEMPTS):
                snapshot = await reference.get(reading)
                fields = snapshot.to_dict()
                if fields is None:
                    raise NotFoundError(f"no document {path}")
                if check is not None:
                    await check()
                batch = self._client.batch()
                unchanged = self._client.write_option(last_update_time=snapshot.update_time)
                writes = add(batch, fields, unchanged)
                if writes is None:
                    return False
                for write in writes:
                    self._add(batch, write)
                try:
                    await _commit(batch, writes)
                except (FailedPrecondition, Aborted):
                    continue
                return True
        raise UnavailableError(f"Firestore: update {path}: {UPDATE_ATTEMPTS} conflicts in a row")

    def _query(self, collection: str, filters: Iterable[Filter], order_by: str | None) -> AsyncQuery:
        query: Any = self._client.collection(collection)
        for field, operator, value in filters:
            query = query.where(filter=FieldFilter(field, operator, value))
        return query.order_by(order_by) if order_by else query

    def _add(self, batch: Any, write: Write) -> None:
        reference = self._client.document(write.path)
        match write:
            case Create():
                batch.create(reference, write.fields)
            case Put():
                batch.set(reference, write.fields)
            case Remove():
                batch.delete(reference)
            case Exists():
                batch.update(reference, {_NEEDED_AT: SERVER_TIMESTAMP})


async def _commit(batch: Any, writes: Sequence[Write]) -> None:
    try:
        await batch.commit()
    except NotFound as error:
        wanted = [write.path for write in writes if isinstance(write, Exists)]
        if not wanted:
            raise
        raise NotFoundError(f"no document {' or '.join(wanted)}") from error


@asynccontextmanager
async def _firestore_call(what: str) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except AlreadyExists as error:
        raise AlreadyExistsError(f"Firestore: {what}: exists already") from error
    except (GoogleAPICallError, RetryError, TimeoutError) as error:
        raise UnavailableError(f"Firestore: {what}: {type(error).__name__}: {error}") from error
