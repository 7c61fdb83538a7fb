"""google.firestore.v1.Firestore: one coroutine for each RPC that the product's clients call.

https://github.com/googleapis/googleapis/blob/master/google/firestore/v1/firestore.proto
"""

from bisect import bisect_right
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
from google.cloud.firestore_v1 import types
from google.protobuf.empty_pb2 import Empty

from local.firestore import search
from local.firestore.aggregation import aggregate, operator_and_path
from local.firestore.errors import RequestError, invalid, unimplemented
from local.firestore.field_paths import project
from local.firestore.indexes import DEPLOYED, Indexes
from local.firestore.listen import ListenStream
from local.firestore.names import check_document_name, check_parent
from local.firestore.proto import Document, ListenResponse, timestamp
from local.firestore.query import Query
from local.firestore.recorder import QueryRecorder, shape_of
from local.firestore.scope import StoredDocument
from local.firestore.store import Store
from local.firestore.transactions import Transactions
from local.firestore.writes import Batch, target_of

_DEFAULT_PAGE_SIZE = 300

BatchGetResponse: Any = types.BatchGetDocumentsResponse.pb()
BatchWriteResponse: Any = types.BatchWriteResponse.pb()
BeginTransactionResponse: Any = types.BeginTransactionResponse.pb()
CommitResponse: Any = types.CommitResponse.pb()
ListCollectionIdsResponse: Any = types.ListCollectionIdsResponse.pb()
ListDocumentsResponse: Any = types.ListDocumentsResponse.pb()
RunAggregationQueryResponse: Any = types.RunAggregationQueryResponse.pb()
RunQueryResponse: Any = types.RunQueryResponse.pb()


class FirestoreService:
    """The RPCs. Every one that takes a request and answers it does so without an await: it is atomic."""

    def __init__(self, store: Store, recorder: QueryRecorder, indexes: Indexes | None) -> None:
        self._store = store
        self._recorder = recorder
        self._indexes = indexes
        self._served: set[str] = set()
        """Shapes of queries that have their index."""
        self._transactions = Transactions(store)

    # Documents

    async def GetDocument(self, request: Any) -> Document:
        _refuse(request, "read_time")
        stored = self._read(request.name, request.transaction)
        if stored is None:
            raise RequestError(grpc.StatusCode.NOT_FOUND, f"Document not found: {request.name}")
        return _masked(stored, request)

    async def BatchGetDocuments(self, request: Any) -> AsyncIterator[Any]:
        _refuse(request, "read_time")
        transaction, is_new = self._transaction(request)
        found = [(name, self._read(name, transaction)) for name in request.documents]
        read_time = timestamp(self._read_time(transaction))
        if is_new:
            yield BatchGetResponse(transaction=transaction)
        for name, stored in found:
            if stored is None:
                yield BatchGetResponse(missing=name, read_time=read_time)
            else:
                yield BatchGetResponse(found=_masked(stored, request), read_time=read_time)

    async def ListDocuments(self, request: Any) -> Any:
        _refuse(request, "read_time", "transaction", "order_by")
        check_parent(request.parent)
        if not request.collection_id:
            raise unimplemented("ListDocuments without a collection_id")
        collection = f"{request.parent}/{request.collection_id}"
        ids = self._store.children(collection)
        names = [f"{collection}/{document_id}" for document_id in ids]
        if not request.show_missing:
            names = [name for name in names if self._store.get(name)]
        if request.page_size < 0:
            raise invalid("Page size must be nonnegative.")
        if request.page_token and not request.page_token.startswith(collection + "/"):
            raise invalid("invalid page token")
        first = bisect_right(names, request.page_token)
        page = names[first : first + (request.page_size or _DEFAULT_PAGE_SIZE)]
        more = first + len(page) < len(names)
        return ListDocumentsResponse(
            documents=[
                _masked(stored, request) if (stored := self._store.get(name)) else Document(name=name)
                for name in page
            ],
            next_page_token=page[-1] if more else "",
        )

    async def ListCollectionIds(self, request: Any) -> Any:
        _refuse(request, "read_time")
        check_parent(request.parent)
        ids = self._store.children(request.parent)
        first = bisect_right(ids, request.page_token)
        page = ids[first : first + request.page_size] if request.page_size else ids[first:]
        more = first + len(page) < len(ids)
        return ListCollectionIdsResponse(collection_ids=page, next_page_token=page[-1] if more else "")

    # Writes

    async def Commit(self, request: Any) -> Any:
        if request.transaction:
            self._transactions.finish(request.transaction, writes=bool(request.writes))
        time = self._store.next_commit_time()
        batch = Batch(self._store, time)
        results = batch.apply(request.writes)
        batch.commit()
        return CommitResponse(write_results=results, commit_time=timestamp(time))

    async def BatchWrite(self, request: Any) -> Any:
        """Each write for itself: one that fails stops no other."""
        targets = [target_of(write) for write in request.writes]
        if len(set(targets)) < len(targets):
            raise invalid("the same document cannot be written more than once in a single request")
        response = BatchWriteResponse()
        for write in request.writes:
            batch = Batch(self._store, self._store.next_commit_time())
            try:
                response.write_results.extend(batch.apply([write]))
            except RequestError as error:
                response.write_results.add()
                response.status.add(code=error.code.value[0], message=error.message)
            else:
                batch.commit()
                response.status.add()
        return response

    # Transactions

    async def BeginTransaction(self, request: Any) -> Any:
        return BeginTransactionResponse(transaction=self._transactions.begin(request.options))

    async def Rollback(self, request: Any) -> Any:
        self._transactions.rollback(request.transaction)
        return Empty()

    # Queries

    async def RunQuery(self, request: Any) -> AsyncIterator[Any]:
        _refuse(request, "read_time", "explain_options")
        check_parent(request.parent)
        query = Query.of(request.parent, request.structured_query)
        self._check_indexes(request.structured_query, [])
        transaction, is_new = self._transaction(request)
        found = search.run(self._store, query, self._snapshot(transaction))
        if transaction:
            self._transactions.note_query(transaction, found, lambda: search.run(self._store, query))
        read_time = timestamp(self._read_time(transaction))
        if is_new:
            yield RunQueryResponse(transaction=transaction)
        for stored in found:
            document = stored.document if query.select is None else project(stored.document, query.select)
            yield RunQueryResponse(document=document, read_time=read_time)
        if not found:
            yield RunQueryResponse(read_time=read_time)

    async def RunAggregationQuery(self, request: Any) -> AsyncIterator[Any]:
        _refuse(request, "read_time", "explain_options")
        check_parent(request.parent)
        asked = request.structured_aggregation_query
        query = Query.of(request.parent, asked.structured_query)
        aggregations = list(asked.aggregations)
        self._check_indexes(asked.structured_query, [operator_and_path(one) for one in aggregations])
        transaction, is_new = self._transaction(request)
        answer = aggregate(self._store, query, aggregations, self._snapshot(transaction))
        if transaction:
            self._transactions.note_query(
                transaction, answer, lambda: aggregate(self._store, query, aggregations, None)
            )
        yield RunAggregationQueryResponse(
            result={"aggregate_fields": answer},
            read_time=timestamp(self._read_time(transaction)),
            transaction=transaction if is_new else b"",
        )

    def _check_indexes(self, query: Any, aggregations: list[tuple[str, str]]) -> None:
        """Raises FAILED_PRECONDITION, as Firestore does, for a query that the deployment has no index for."""
        shape = shape_of(query, aggregations)
        line = self._recorder.record(shape)
        if self._indexes is None or line in self._served:
            return
        if self._indexes.serving(shape) is None:
            message = f"The query requires an index. That index is not in {DEPLOYED.name}: {line}"
            raise RequestError(grpc.StatusCode.FAILED_PRECONDITION, message)
        self._served.add(line)

    # Listening

    async def Listen(self, requests: AsyncIterator[Any]) -> AsyncIterator[ListenResponse]:
        async for response in ListenStream(self._store).responses(requests):
            yield response

    # What the above share

    def _transaction(self, request: Any) -> tuple[bytes, bool]:
        """The transaction that a request reads in (b"" for none), and whether it begins with the request."""
        if request.HasField("new_transaction"):
            return self._transactions.begin(request.new_transaction), True
        return request.transaction, False

    def _snapshot(self, transaction: bytes) -> int | None:
        return self._transactions.snapshot(transaction) if transaction else None

    def _read_time(self, transaction: bytes) -> int:
        return self._transactions.snapshot(transaction) if transaction else self._store.now()

    def _read(self, name: str, transaction: bytes) -> StoredDocument | None:
        check_document_name(name)
        stored = self._store.get(name, self._snapshot(transaction))
        if transaction:
            self._transactions.note_document(transaction, name, stored)
        return stored


def _refuse(request: Any, *unsupported: str) -> None:
    present = {descriptor.name for descriptor, _ in request.ListFields()}
    for name in unsupported:
        if name in present:
            raise unimplemented(f"{type(request).__name__}.{name}")


def _masked(stored: StoredDocument, request: Any) -> Document:
    return project(stored.document, request.mask.field_paths) if request.HasField("mask") else stored.document
