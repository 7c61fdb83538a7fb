"""The stand-in for Firestore answers the official client as Google's emulator does: documents.

Every case runs against both.
"""

import datetime as dt
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore

from shared.errors import NotFoundError
from shared.gateways.firestore import Database, Exists, Put

pytestmark = pytest.mark.contract


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


async def test_a_commit_that_needs_a_document_happens_with_it_alone(
    db: firestore.AsyncClient, things: Any
) -> None:
    database, path = Database(db), things.id
    await things.document("c").set({"n": 1})
    with pytest.raises(NotFoundError):
        await database.commit([Put(f"{path}/b", {}), Exists(f"{path}/a")])
    with pytest.raises(NotFoundError):
        await database.update(f"{path}/c", lambda _: ({"n": 2}, [Exists(f"{path}/a")]))
    assert [document.id async for document in things.stream()] == ["c"]
    await things.document("a").set({"n": 1})
    await database.commit([Put(f"{path}/b", {}), Exists(f"{path}/a")])
    await database.update(f"{path}/c", lambda _: ({"n": 2}, [Exists(f"{path}/a")]))
    assert (await things.document("a").get()).get("n") == 1
    assert (await things.document("c").get()).to_dict() == {"n": 2}
    assert (await things.document("b").get()).exists


async def test_who_removes_a_document_looks_again_when_a_commit_needed_it_meanwhile(
    db: firestore.AsyncClient, things: Any
) -> None:
    database, path = Database(db), things.id
    await things.document("a").set({"n": 1})
    looked = list[int]()

    async def check() -> None:
        looked.append(await database.count(path))
        if looked == [1]:
            await database.commit([Put(f"{path}/b", {}), Exists(f"{path}/a")])

    await database.remove(f"{path}/a", lambda _: [], check=check)
    assert looked == [1, 2]
    assert [document.id async for document in things.stream()] == ["b"]


async def test_a_write_based_on_an_old_version_is_refused(db: firestore.AsyncClient, things: Any) -> None:
    document = things.document("a")
    first = await document.set({"n": 1})
    await document.update({"n": 2}, option=db.write_option(last_update_time=first.update_time))
    with pytest.raises(exceptions.FailedPrecondition):
        await document.update({"n": 3}, option=db.write_option(last_update_time=first.update_time))
    assert (await document.get()).to_dict() == {"n": 2}
    await document.delete()
    with pytest.raises(exceptions.FailedPrecondition):
        await document.update({"n": 3}, option=db.write_option(last_update_time=first.update_time))
    assert not (await document.get()).exists


async def test_a_conditional_update_reads_no_more_than_the_fields_it_is_decided_by(
    db: firestore.AsyncClient, things: Any
) -> None:
    document = things.document("session")
    await document.set({"snapshot": "long"})
    read: list[Any] = []

    def renew(fields: Any) -> Any:
        read.append(fields)
        return {"lease": {"owner": f"agent {len(read)}"}}, []

    for _ in range(2):
        assert await Database(db).update(document.path, renew, reading=["lease"])
    assert read == [{}, {"lease": {"owner": "agent 1"}}]
    assert (await document.get()).to_dict() == {"snapshot": "long", "lease": {"owner": "agent 2"}}


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
