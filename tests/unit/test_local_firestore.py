"""Properties of the local Firestore that examples alone would not establish.

Values order as the client library orders them; a query answered from an index finds what a look at every
document finds, now and as of an earlier snapshot; interleaved transactions lose no update.
"""

import datetime as dt
from functools import cmp_to_key
from typing import Any

import pytest
from google.cloud.firestore_v1 import GeoPoint
from google.cloud.firestore_v1._helpers import encode_value
from google.cloud.firestore_v1.order import Order as ClientOrder
from hypothesis import given, settings
from hypothesis import strategies as st

from local.firestore import search
from local.firestore.errors import RequestError
from local.firestore.proto import Document, StructuredQuery, TransactionOptions, Value, Write
from local.firestore.query import Query
from local.firestore.store import Store
from local.firestore.transactions import Transactions
from local.firestore.values import sort_key
from local.firestore.writes import Batch

pytestmark = pytest.mark.unit

examples = settings(max_examples=400)

ROOT = "projects/p/databases/(default)/documents"

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.datetimes(dt.datetime(1, 1, 1), dt.datetime(9999, 1, 1), timezones=st.just(dt.UTC)),  # noqa: DTZ001 - bounds have no zone
    st.text(),
    st.binary(max_size=4),
    st.builds(GeoPoint, st.floats(-90, 90), st.floats(-180, 180)),
)
names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3).filter(lambda name: "__" not in name)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner.filter(lambda value: not isinstance(value, list)), max_size=3)
        | st.dictionaries(names, inner, max_size=3)
    ),
    max_leaves=6,
)


def value_of(python: Any) -> Value:
    return encode_value(python)._pb


@examples
@given(values, values)
def test_values_order_as_the_client_library_orders_them(a: Any, b: Any) -> None:
    first, second = sort_key(value_of(a)), sort_key(value_of(b))
    ours = (first > second) - (first < second)
    assert ours == ClientOrder.compare(encode_value(a), encode_value(b))


# Few values and fields, so that most filters and cursors meet documents on both sides.
few = st.sampled_from([1, 2, 2.0, 3, None, float("nan"), "a", [1], [1, "a"]])
fields = st.fixed_dictionaries({"a": few}, optional={"b": few})
paths = st.sampled_from(["a", "a", "b"])
operators = st.sampled_from(
    ["EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL", "GREATER_THAN", "GREATER_THAN_OR_EQUAL", "ARRAY_CONTAINS"]
)
edits = st.lists(st.tuples(st.sampled_from("pqrstuv"), fields | fields | st.none()), min_size=8, max_size=12)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    filters = [
        {"field_filter": {"field": {"field_path": draw(paths)}, "op": operator, "value": value_of(draw(few))}}
        for operator in draw(st.lists(operators, max_size=2, unique=True))
    ]
    orders = draw(st.sampled_from([[], ["a"], ["a"], ["b"], ["a", "b"]]))
    first = draw(st.sampled_from([1, 2]))
    directions = st.sampled_from([first, first, 3 - first])  # an index has them in order if all are alike
    request = StructuredQuery(
        from_=[{"collection_id": "things", "all_descendants": draw(st.booleans())}],
        where={"composite_filter": {"op": "AND", "filters": filters}},
        order_by=[{"field": {"field_path": path}, "direction": draw(directions)} for path in orders],
        offset=draw(st.sampled_from([0, 0, 1])),
    )
    for cursor in ("start_at", "end_at"):
        if orders and draw(st.booleans()):
            bound = {"values": [value_of(draw(few))], "before": draw(st.booleans())}
            getattr(request, cursor).MergeFrom(type(request.start_at)(**bound))
    if draw(st.booleans()):
        request.limit.value = draw(st.integers(0, 4))
    return Query.of(ROOT, request)


def edit(store: Store, changes: list[tuple[str, dict[str, Any] | None]]) -> None:
    for name, data in changes:
        write(store, f"{ROOT}/things/{name}", data)


def write(store: Store, name: str, data: dict[str, Any] | None) -> None:
    batch = Batch(store, store.next_commit_time())
    if data is None:
        batch.apply([Write(delete=name)])
    else:
        document = Document(name=name, fields={key: value_of(value) for key, value in data.items()})
        batch.apply([Write(update=document)])
    batch.commit()


def names_found(store: Store, query: Query, at: int | None = None) -> list[str]:
    return [stored.name for stored in search.run(store, query, at)]


def names_by_looking_at_everything(documents: dict[str, Any], query: Query) -> list[str]:
    def compare(a: Any, b: Any) -> int:
        for order in query.orders:
            first, second = order.present_key(a), order.present_key(b)
            if first != second:
                return -1 if (first < second) != order.descending else 1
        return 0

    found = sorted(filter(query.accepts, documents.values()), key=cmp_to_key(compare))
    stop = None if query.limit is None else query.offset + query.limit
    return [stored.name for stored in found[query.offset : stop]]


def everything(store: Store) -> dict[str, Any]:
    return dict(store.scope(ROOT, "things", descendants=False).documents)


@examples
@given(edits, edits, queries())
def test_an_index_finds_what_a_look_at_every_document_finds(
    before: list[Any], after: list[Any], query: Query
) -> None:
    store = Store(None)
    edit(store, before)
    names_found(store, query)  # makes the index, which the later edits must keep right
    snapshot, documents = store.pin(), everything(store)
    edit(store, after)
    assert names_found(store, query) == names_by_looking_at_everything(everything(store), query)
    assert search.count(store, query) == len(names_found(store, query))
    assert names_found(store, query, snapshot) == names_by_looking_at_everything(documents, query)
    assert search.count(store, query, snapshot) == len(names_found(store, query, snapshot))


@examples
@given(st.lists(st.integers(0, 2), min_size=1, max_size=30))
def test_interleaved_transactions_lose_no_update(schedule: list[int]) -> None:
    """Each of three workers reads, then commits the number plus one; the schedule says whose turn it is."""
    store = Store(None)
    transactions = Transactions(store)
    name = f"{ROOT}/things/counter"
    write(store, name, {"n": 0})
    read: dict[int, tuple[bytes, int]] = {}
    committed = 0
    for worker in schedule:
        if worker not in read:
            token = transactions.begin(TransactionOptions())
            stored = store.get(name, transactions.snapshot(token))
            assert stored is not None
            transactions.note_document(token, name, stored)
            read[worker] = token, stored.document.fields["n"].integer_value
            continue
        token, n = read.pop(worker)
        try:
            transactions.finish(token, writes=True)
        except RequestError:
            continue
        write(store, name, {"n": n + 1})
        committed += 1
    counter = store.get(name)
    assert counter is not None
    assert counter.document.fields["n"].integer_value == committed


def test_a_transaction_that_lost_is_told_to_try_again() -> None:
    store = Store(None)
    transactions = Transactions(store)
    name = f"{ROOT}/things/a"
    token = transactions.begin(TransactionOptions())
    transactions.note_document(token, name, store.get(name, transactions.snapshot(token)))
    write(store, name, {"n": 1})
    with pytest.raises(RequestError, match="try again") as lost:
        transactions.finish(token, writes=True)
    assert lost.value.code.name == "ABORTED"
