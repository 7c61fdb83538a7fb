"""The stand-in for Firestore answers the official client as Google's emulator does.

Every case runs against both. The emulator locks documents, where the stand-in lets the first commit win
(as the product's database does: its concurrency mode is optimistic). So cases about contention assert what
holds for either: nothing is lost, nothing half-read.
"""

import asyncio
import datetime as dt
import math
import uuid
from collections.abc import AsyncGenerator, Callable
from typing import Any

import pytest
import pytest_asyncio
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.async_query import AsyncQuery
from google.cloud.firestore_v1.base_query import And, BaseFilter, FieldFilter, Or

from tests.contract.firestore_servers import Server

pytestmark = pytest.mark.contract

ASCENDING, DESCENDING = AsyncQuery.ASCENDING, AsyncQuery.DESCENDING
JANUARY = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in range(1, 8)]


@pytest_asyncio.fixture
async def db(
    firestore_server: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[firestore.AsyncClient]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_server.address)
    client = firestore.AsyncClient(project="contract")
    yield client
    client.close()


@pytest.fixture
def things(db: firestore.AsyncClient) -> Any:
    """A collection that no other test uses."""
    return db.collection(f"things-{uuid.uuid4().hex}")


async def ids(query: Any) -> list[str]:
    return [snapshot.id async for snapshot in query.stream()]


# Documents


async def test_every_type_of_value_comes_back_as_it_was_written(things: Any) -> None:
    written = {
        "string": "x",
        "integer": 1,
        "float": 1.5,
        "boolean": True,
        "null": None,
        "bytes": b"\x00\x01",
        "time": dt.datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=dt.UTC),
        "array": [1, "a", {"k": [2]}],
        "map": {"a": {"b": 2}, "needs `quotes`.": 3},
        "place": firestore.GeoPoint(1, 2),
    }
    await things.document("a").set(written)
    snapshot = await things.document("a").get()
    assert snapshot.to_dict() == written
    assert snapshot.create_time == snapshot.update_time


async def test_a_missing_document_does_not_exist(things: Any) -> None:
    assert not (await things.document("a").get()).exists


async def test_a_mask_returns_only_the_fields_it_names(things: Any) -> None:
    await things.document("a").set({"a": 1, "m": {"x": 1, "y": 2}})
    assert (await things.document("a").get(["m.x"])).to_dict() == {"m": {"x": 1}}


async def test_get_all_tells_found_and_missing_documents_apart(
    db: firestore.AsyncClient, things: Any
) -> None:
    await things.document("a").set({})
    snapshots = [s async for s in db.get_all([things.document("a"), things.document("b")])]
    assert {s.id: s.exists for s in snapshots} == {"a": True, "b": False}


async def test_create_refuses_an_existing_document(things: Any) -> None:
    await things.document("a").create({"n": 1})
    with pytest.raises(exceptions.AlreadyExists):
        await things.document("a").create({"n": 2})
    assert (await things.document("a").get()).to_dict() == {"n": 1}


async def test_set_replaces_and_merge_keeps(things: Any) -> None:
    document = things.document("a")
    await document.set({"a": 1, "m": {"x": 1}})
    await document.set({"m": {"y": 2}}, merge=True)
    assert (await document.get()).to_dict() == {"a": 1, "m": {"x": 1, "y": 2}}
    await document.set({"b": 1})
    assert (await document.get()).to_dict() == {"b": 1}


async def test_update_changes_nested_fields_and_deletes_fields(things: Any) -> None:
    document = things.document("a")
    await document.set({"a": 1, "m": {"x": 1, "k": 2}})
    await document.update({"m.x": 5, "a": firestore.DELETE_FIELD})
    assert (await document.get()).to_dict() == {"m": {"x": 5, "k": 2}}


async def test_update_of_a_missing_document_is_not_found(things: Any) -> None:
    with pytest.raises(exceptions.NotFound):
        await things.document("a").update({"a": 1})


async def test_a_write_based_on_an_old_version_is_refused(db: firestore.AsyncClient, things: Any) -> None:
    document = things.document("a")
    first = await document.set({"n": 1})
    await document.update({"n": 2}, option=db.write_option(last_update_time=first.update_time))
    with pytest.raises(exceptions.FailedPrecondition):
        await document.update({"n": 3}, option=db.write_option(last_update_time=first.update_time))
    assert (await document.get()).to_dict() == {"n": 2}


async def test_a_write_that_changes_nothing_keeps_the_update_time(things: Any) -> None:
    first = await things.document("a").set({"n": 1})
    second = await things.document("a").set({"n": 1})
    assert second.update_time == first.update_time


async def test_transforms_compute_on_the_server(things: Any) -> None:
    document = things.document("a")
    await document.set({"n": 1, "f": 1, "list": [1, 2], "low": 5, "high": 5, "text": "x"})
    await document.update(
        {
            "n": firestore.Increment(2),
            "f": firestore.Increment(0.5),
            "new.n": firestore.Increment(7),
            "text": firestore.Increment(1),
            "list": firestore.ArrayUnion([2, 3, 3]),
            "low": firestore.Minimum(3),
            "high": firestore.Maximum(9.5),
            "at": firestore.SERVER_TIMESTAMP,
        }
    )
    await document.update({"list": firestore.ArrayRemove([1])})
    data = (await document.get()).to_dict()
    at = data.pop("at")
    assert data == {
        "n": 3,
        "f": 1.5,
        "new": {"n": 7},
        "text": 1,
        "list": [2, 3],
        "low": 3,
        "high": 9.5,
    }
    assert abs(at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


async def test_a_batch_takes_effect_wholly_or_not_at_all(db: firestore.AsyncClient, things: Any) -> None:
    await things.document("b").set({"n": 1})
    batch = db.batch()
    batch.set(things.document("a"), {"n": 1})
    batch.create(things.document("b"), {"n": 2})
    with pytest.raises(exceptions.AlreadyExists):
        await batch.commit()
    assert not (await things.document("a").get()).exists


async def test_delete_is_repeatable_unless_the_document_must_exist(
    db: firestore.AsyncClient, things: Any
) -> None:
    await things.document("a").set({})
    await things.document("a").delete()
    await things.document("a").delete()
    with pytest.raises(exceptions.NotFound):
        await things.document("a").delete(option=db.write_option(exists=True))


@pytest.mark.parametrize(
    "fields",
    [{"a": [{"b": 1}], "__reserved__": 1}, {"f" * 1501: 1}, {"big": "x" * 1_048_577}],
    ids=["reserved field name", "long field name", "too large"],
)
async def test_a_document_that_cannot_be_stored_is_refused(things: Any, fields: dict[str, Any]) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        await things.document("a").set(fields)


async def test_arrays_cannot_be_nested_directly(things: Any) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        await things.document("a").set({"a": [[1]]})


@pytest.mark.parametrize("name", ["..", "__reserved__", "x" * 1501])
async def test_an_id_that_is_not_allowed_is_refused(things: Any, name: str) -> None:
    with pytest.raises(exceptions.InvalidArgument):
        await things.document(name).set({})


async def test_a_listing_pages_and_shows_parents_that_do_not_exist(things: Any) -> None:
    for name in "abcd":
        await things.document(name).set({})
    await things.document("ghost").collection("below").document("x").set({})
    listed = [document.id async for document in things.list_documents(page_size=2)]
    assert listed == ["a", "b", "c", "d", "ghost"]
    assert [c.id async for c in things.document("ghost").collections()] == ["below"]


async def test_recursive_delete_leaves_nothing_below(db: firestore.AsyncClient, things: Any) -> None:
    await things.document("a").collection("below").document("x").set({})
    await things.document("b").set({})
    await db.recursive_delete(things)
    assert [document.id async for document in things.list_documents()] == []


# Queries


async def seed(things: Any) -> None:
    batch = things._client.batch()
    for n in range(6):
        parity = "odd" if n % 2 else "even"
        data = {
            "n": n,
            "p": parity,
            "tags": [f"t{n}", "all"],
            "m": {"k": n},
            "at": JANUARY[n],
            "half": n // 2,
        }
        batch.set(things.document(f"d{n}"), data)
    batch.set(things.document("null"), {"n": None, "p": None})
    batch.set(things.document("nan"), {"n": math.nan})
    batch.set(things.document("text"), {"n": "2"})
    await batch.commit()


Build = Callable[[Any], Any]


def where(path: str, operator: str, value: Any) -> FieldFilter:
    return FieldFilter(path, operator, value)


def filtered(*filters: BaseFilter) -> Build:
    return lambda things: things.where(filter=filters[0] if len(filters) == 1 else And(list(filters)))


ODD = where("p", "==", "odd")

QUERIES: dict[str, tuple[Build, list[str]]] = {
    "equal": (filtered(ODD), ["d1", "d3", "d5"]),
    "equal across number types": (filtered(where("n", "==", 2.0)), ["d2"]),
    "is null": (filtered(where("p", "==", None)), ["null"]),
    "is not null": (filtered(where("n", "!=", None)), ["nan", "d0", "d1", "d2", "d3", "d4", "d5", "text"]),
    "is nan": (filtered(where("n", "==", math.nan)), ["nan"]),
    "not equal leaves out null": (
        filtered(where("n", "!=", 0)),
        ["nan", "d1", "d2", "d3", "d4", "d5", "text"],
    ),
    "not in": (filtered(where("n", "not-in", [0, 1, "2"])), ["nan", "d2", "d3", "d4", "d5"]),
    "not in with null finds nothing": (filtered(where("n", "not-in", [0, None])), []),
    "in": (filtered(where("n", "in", [4, 1])), ["d1", "d4"]),
    "in never finds null or nan": (filtered(where("n", "in", [None, math.nan, 3])), ["d3"]),
    "array contains": (filtered(where("tags", "array_contains", "t3")), ["d3"]),
    "array contains any": (filtered(where("tags", "array_contains_any", ["t5", "t3"])), ["d3", "d5"]),
    "range keeps to its type": (filtered(where("n", ">=", 4)), ["d4", "d5"]),
    "range of times": (filtered(where("at", ">=", JANUARY[2]), where("at", "<", JANUARY[4])), ["d2", "d3"]),
    "range of a nested field": (filtered(where("m.k", ">", 3)), ["d4", "d5"]),
    "range on two fields": (filtered(where("n", ">", 1), where("half", "<", 2)), ["d2", "d3"]),
    "equal, ordered by another field": (
        lambda things: filtered(ODD)(things).order_by("n", direction=DESCENDING).limit(2),
        ["d5", "d3"],
    ),
    "or of and": (
        filtered(Or([where("n", "==", 0), And([ODD, where("n", ">", 3)])])),
        ["d0", "d5"],
    ),
    "order mixes types and lacks what lacks the field": (
        lambda things: things.order_by("n"),
        ["null", "nan", "d0", "d1", "d2", "d3", "d4", "d5", "text"],
    ),
    "order by two fields in two directions": (
        lambda things: things.order_by("half", direction=DESCENDING).order_by("n"),
        ["d4", "d5", "d2", "d3", "d0", "d1"],
    ),
    "ties go by name, in the last direction": (
        lambda things: things.order_by("half", direction=DESCENDING),
        ["d5", "d4", "d3", "d2", "d1", "d0"],
    ),
    "no order goes by name": (lambda things: things.limit(3), ["d0", "d1", "d2"]),
    "offset and limit": (lambda things: things.order_by("at").offset(2).limit(2), ["d2", "d3"]),
    "start after": (
        lambda things: things.order_by("at").start_after({"at": JANUARY[2]}).limit(2),
        ["d3", "d4"],
    ),
    "start at, descending": (
        lambda things: things.order_by("at", direction=DESCENDING).start_at({"at": JANUARY[2]}),
        ["d2", "d1", "d0"],
    ),
    "end before": (lambda things: things.order_by("at").end_before({"at": JANUARY[2]}), ["d0", "d1"]),
    "end at, on one of two fields": (
        lambda things: things.order_by("half").order_by("n", direction=DESCENDING).end_at({"half": 0}),
        ["d1", "d0"],
    ),
    "by name": (
        lambda things: things.order_by("__name__").start_at({"__name__": "nan"}),
        ["nan", "null", "text"],
    ),
}


@pytest.mark.parametrize("case", QUERIES)
async def test_query_finds(things: Any, case: str) -> None:
    await seed(things)
    build, expected = QUERIES[case]
    assert await ids(build(things)) == expected


async def test_a_page_starts_behind_the_last_snapshot_of_the_page_before(things: Any) -> None:
    await seed(things)
    query = things.order_by("half", direction=DESCENDING).limit(3)
    page = await query.get()
    following = await query.start_after(page[-1]).get()
    assert [s.id for s in [*page, *following]] == ["d5", "d4", "d3", "d2", "d1", "d0"]


async def test_limit_to_last_returns_the_last_in_order(things: Any) -> None:
    await seed(things)
    assert [s.id for s in await things.order_by("at").limit_to_last(2).get()] == ["d4", "d5"]


async def test_select_returns_only_the_chosen_fields(things: Any) -> None:
    await seed(things)
    found = await things.order_by("at").select(["m.k"]).limit(1).get()
    assert [s.to_dict() for s in found] == [{"m": {"k": 0}}]


async def test_a_collection_group_spans_parents_and_no_other_ids(
    db: firestore.AsyncClient, things: Any
) -> None:
    group = f"group-{uuid.uuid4().hex}"
    for parent in "ab":
        await things.document(parent).collection(group).document(f"x{parent}").set({"n": parent})
        await things.document(parent).collection("other").document("y").set({"n": parent})
    assert await ids(db.collection_group(group)) == ["xa", "xb"]
    assert await ids(db.collection_group(group).where(filter=where("n", "==", "b"))) == ["xb"]


async def test_documents_move_through_results_as_they_change(things: Any) -> None:
    """An index that was made for the first query must follow every later write."""
    query = filtered(ODD)(things).order_by("n")
    await seed(things)
    assert await ids(query) == ["d1", "d3", "d5"]
    await things.document("d1").update({"n": 9})
    await things.document("d3").delete()
    await things.document("d0").update({"p": "odd"})
    assert await ids(query) == ["d0", "d5", "d1"]


async def test_aggregations(things: Any) -> None:
    await seed(things)
    odd = filtered(ODD)(things)
    totals = (await odd.count(alias="count").sum("n", alias="sum").avg("n", alias="avg").get())[0]
    assert {total.alias: total.value for total in totals} == {"count": 3, "sum": 9, "avg": 3.0}
    none = filtered(where("n", ">", 99))(things)
    totals = (await none.sum("n", alias="sum").avg("n", alias="avg").get())[0]
    assert {total.alias: total.value for total in totals} == {
        "sum": 0,
        "avg": 0,
    }  # the client reads null as 0


REFUSED: dict[str, tuple[Build, type[Exception]]] = {
    "two negations": (filtered(where("a", "!=", 1), where("b", "!=", 1)), exceptions.InvalidArgument),
    "not-in with in": (
        filtered(where("a", "not-in", [1]), where("b", "in", [1])),
        exceptions.InvalidArgument,
    ),
    "not-in within or": (
        filtered(Or([where("a", "not-in", [1]), where("b", "==", 1)])),
        exceptions.InvalidArgument,
    ),
    "eleven values for not-in": (filtered(where("a", "not-in", list(range(11)))), exceptions.InvalidArgument),
    "no value for in": (filtered(where("a", "in", [])), exceptions.InvalidArgument),
    "31 values for in": (filtered(where("a", "in", list(range(31)))), exceptions.InvalidArgument),
    "36 disjunctions": (
        filtered(where("a", "in", list(range(6))), where("b", "in", list(range(6)))),
        exceptions.InvalidArgument,
    ),
    "two array-contains": (
        filtered(where("a", "array_contains", 1), where("b", "array_contains", 1)),
        exceptions.InvalidArgument,
    ),
    "eleven inequality fields": (
        filtered(*(where(f"f{n}", ">", 1) for n in range(11))),
        exceptions.InvalidArgument,
    ),
    "the same order twice": (
        lambda things: things.order_by("a").order_by("a", direction=DESCENDING),
        exceptions.InvalidArgument,
    ),
    "an inequality behind the name": (
        lambda things: filtered(where("a", ">", 1))(things).order_by("__name__"),
        exceptions.InvalidArgument,
    ),
    "by name, descending": (
        lambda things: things.order_by("__name__", direction=DESCENDING),
        exceptions.FailedPrecondition,
    ),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_query_is_refused(things: Any, case: str) -> None:
    build, error = REFUSED[case]
    with pytest.raises(error):
        await ids(build(things))


# Transactions


async def test_concurrent_transactions_lose_no_update(
    db: firestore.AsyncClient, things: Any, firestore_server: Server
) -> None:
    document = things.document("counter")
    await document.set({"n": 0})

    @firestore.async_transactional
    async def increment(transaction: Any) -> None:
        n = (await document.get(transaction=transaction)).get("n")
        transaction.update(document, {"n": n + 1})

    await asyncio.gather(
        *(increment(db.transaction(max_attempts=30)) for _ in range(firestore_server.contenders))
    )
    assert (await document.get()).get("n") == firestore_server.contenders


async def test_a_write_from_outside_is_not_overwritten_by_a_transaction_that_read_before_it(
    db: firestore.AsyncClient, things: Any
) -> None:
    document = things.document("a")
    await document.set({"n": 0, "outside": False})
    outside: list[asyncio.Task[Any]] = []

    @firestore.async_transactional
    async def replace(transaction: Any) -> None:
        data = (await document.get(transaction=transaction)).to_dict()
        if not outside:  # waits for a lock there, goes through here
            outside.append(asyncio.create_task(document.update({"outside": True})))
            await asyncio.wait(outside, timeout=0.3)
        transaction.set(document, {**data, "n": data["n"] + 1})

    await replace(db.transaction())
    await asyncio.gather(*outside)
    assert (await document.get()).to_dict() == {"n": 1, "outside": True}


async def test_a_transaction_that_queried_is_not_committed_upon_other_results(
    db: firestore.AsyncClient, things: Any
) -> None:
    await seed(things)
    outside: list[asyncio.Task[Any]] = []

    @firestore.async_transactional
    async def count_odd(transaction: Any) -> None:
        found = [s.id async for s in filtered(ODD)(things).stream(transaction=transaction)]
        if not outside:
            outside.append(asyncio.create_task(things.document("d7").set({"p": "odd"})))
            await asyncio.wait(outside, timeout=0.3)
        d7 = (await things.document("d7").get(transaction=transaction)).exists
        transaction.set(things.document("result"), {"found": len(found), "consistent": ("d7" in found) == d7})

    await count_odd(db.transaction())
    await asyncio.gather(*outside)
    result = (await things.document("result").get()).to_dict()
    assert result["consistent"]
    assert result["found"] in (3, 4)


async def test_an_exception_in_a_transaction_writes_nothing(db: firestore.AsyncClient, things: Any) -> None:
    document = things.document("a")
    await document.set({"n": 1})

    @firestore.async_transactional
    async def fail(transaction: Any) -> None:
        await document.get(transaction=transaction)
        transaction.update(document, {"n": 2})
        raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail(db.transaction())
    await document.update({"m": 1})  # and it holds no lock
    assert (await document.get()).to_dict() == {"n": 1, "m": 1}


async def test_a_read_only_transaction_sees_one_moment(db: firestore.AsyncClient, things: Any) -> None:
    a, b = things.document("a"), things.document("b")
    await seed(things)
    await b.set({"p": "odd"})

    @firestore.async_transactional
    async def read(transaction: Any) -> tuple[bool, bool, list[str]]:
        first = await a.get(transaction=transaction)
        await a.set({"p": "odd"})
        await b.delete()
        query = filtered(ODD)(things)
        found = [s.id async for s in query.stream(transaction=transaction)]
        return first.exists, (await b.get(transaction=transaction)).exists, found

    assert await read(db.transaction(read_only=True)) == (False, True, ["b", "d1", "d3", "d5"])
    assert await ids(filtered(ODD)(things)) == ["a", "d1", "d3", "d5"]


async def test_a_read_only_transaction_cannot_write(db: firestore.AsyncClient, things: Any) -> None:
    @firestore.async_transactional
    async def write(transaction: Any) -> None:
        transaction._write_pbs.extend(_writes_of(db, things))

    with pytest.raises(exceptions.InvalidArgument):
        await write(db.transaction(read_only=True))


def _writes_of(db: firestore.AsyncClient, things: Any) -> list[Any]:
    """The client refuses to add writes to a read-only transaction; the server must as well."""
    batch = db.batch()
    batch.set(things.document("a"), {})
    return batch._write_pbs
