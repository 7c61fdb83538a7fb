"""The stand-in for Firestore finds, orders, pages and refuses as Google's emulator does."""

import math
import uuid
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore
from google.cloud.firestore_v1.async_query import AsyncQuery
from google.cloud.firestore_v1.base_query import And, Or

from tests.contract.firestore_things import JANUARY, ODD, Build, filtered, ids, seed, where

pytestmark = pytest.mark.contract

ASCENDING, DESCENDING = AsyncQuery.ASCENDING, AsyncQuery.DESCENDING

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
