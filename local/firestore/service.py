"""google.firestore.v1.Firestore: one coroutine for each RPC that the product's clients call.

https://github.com/googleapis/googleapis/blob/master/google/firestore/v1/firestore.proto
"""

from bisect import bisect_right
from collections.abc import AsyncIterator
from typing import Any

import grpc
import grpc.aio
from google.cloud.firestore_v1 import types

from local.firestore import search
from local.firestore.aggregation import aggregate, operator_and_path
from local.firestore.errors import RequestError, invalid, unimplemented
from local.firestore.field_paths import project
from local.firestore.indexes import DEPLOYED, Indexes
from local.firestore.names import check_document_name, check_parent
from local.firestore.proto import Document, timestamp
from local.firestore.query import Query
from local.firestore.recorder import QueryRecorder, shape_of
from local.firestore.scope import StoredDocument
from local.firestore.store import Store
from local.firestore.writes import Batch

_DEFAULT_PAGE_SIZE = 300
_AT_ANOTHER_TIME = ("read_time", "transaction", "new_transaction")

BatchGetResponse: Any = types.BatchGetDocumentsResponse.pb()
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

    # Documents

    async def GetDocument(self, request: Any) -> Document:
        _refuse(request, *_AT_ANOTHER_TIME)
        stored = self._read(request.name)
        if stored is None:
            raise RequestError(grpc.StatusCode.NOT_FOUND, f"Document not found: {request.name}")
        return _masked(stored, request)

    async def BatchGetDocuments(self, request: Any) -> AsyncIterator[Any]:
        _refuse(request, *_AT_ANOTHER_TIME)
        found = [(name, self._read(name)) for name in request.documents]
        read_time = timestamp(self._store.now())
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
        _refuse(request, "transaction")
        time = self._store.next_commit_time()
        batch = Batch(self._store, time)
        results = batch.apply(request.writes)
        batch.commit()
        return CommitResponse(write_results=results, commit_time=timestamp(time))

    # Queries

    async def RunQuery(self, request: Any) -> AsyncIterator[Any]:
        _refuse(request, *_AT_ANOTHER_TIME, "explain_options")
        check_parent(request.parent)
        query = Query.of(request.parent, request.structured_query)
        self._check_indexes(request.structured_query, [])
        found = search.run(self._store, query)
        read_time = timestamp(self._store.now())
        for stored in found:
            document = stored.document if query.select is None else project(stored.document, query.select)
            yield RunQueryResponse(document=document, read_time=read_time)
        if not found:
            yield RunQueryResponse(read_time=read_time)

    async def RunAggregationQuery(self, request: Any) -> AsyncIterator[Any]:
        _refuse(request, *_AT_ANOTHER_TIME, "explain_options")
        check_parent(request.parent)
        asked = request.structured_aggregation_query
        query = Query.of(request.parent, asked.structured_query)
        aggregations = list(asked.aggregations)
        self._check_indexes(asked.structured_query, [operator_and_path(one) for one in aggregations])
        answer = aggregate(self._store, query, aggregations)
        yield RunAggregationQueryResponse(
            result={"aggregate_fields": answer}, read_time=timestamp(self._store.now())
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

    # What the above share

    def _read(self, name: str) -> StoredDocument | None:
        check_document_name(name)
        return self._store.get(name)


def _refuse(request: Any, *unsupported: str) -> None:
    present = {descriptor.name for descriptor, _ in request.ListFields()}
    for name in unsupported:
        if name in present:
            raise unimplemented(f"{type(request).__name__}.{name}")


def _masked(stored: StoredDocument, request: Any) -> Document:
    return project(stored.document, request.mask.field_paths) if request.HasField("mask") else stored.document
