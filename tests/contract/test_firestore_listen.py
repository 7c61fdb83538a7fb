"""on_snapshot tells of documents and queries; only the synchronous client has it."""

import queue
import uuid
from collections.abc import Generator
from typing import Any

import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from tests.contract.firestore_servers import Server

pytestmark = pytest.mark.contract

_SECONDS = 60  # the emulator's first stream takes its time on a busy machine


@pytest.fixture
def things(firestore_server: Server, monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_server.address)
    client = firestore.Client(project="contract")
    yield client.collection(f"things-{uuid.uuid4().hex}")
    client.close()


def test_a_document_is_told_when_it_appears_changes_and_goes(things: Any) -> None:
    told: queue.Queue[Any] = queue.Queue()
    document = things.document("a")
    watch = document.on_snapshot(
        lambda snapshots, _changes, _time: told.put([s.to_dict() for s in snapshots])
    )
    try:
        assert told.get(timeout=_SECONDS) == []
        document.set({"n": 1})
        assert told.get(timeout=_SECONDS) == [{"n": 1}]
        document.update({"n": 2})
        assert told.get(timeout=_SECONDS) == [{"n": 2}]
        document.delete()
        assert told.get(timeout=_SECONDS) == []
    finally:
        watch.unsubscribe()


def test_a_query_is_told_what_enters_changes_place_and_leaves(things: Any) -> None:
    told: queue.Queue[Any] = queue.Queue()
    things.document("a").set({"open": True, "n": 1})
    things.document("b").set({"open": False, "n": 2})
    query = things.where(filter=FieldFilter("open", "==", True)).order_by("n")
    watch = query.on_snapshot(
        lambda snapshots, changes, _time: told.put(
            ([s.id for s in snapshots], sorted((c.type.name, c.document.id) for c in changes))
        )
    )
    try:
        assert told.get(timeout=_SECONDS) == (["a"], [("ADDED", "a")])
        things.document("b").update({"open": True})
        assert told.get(timeout=_SECONDS) == (["a", "b"], [("ADDED", "b")])
        things.document("a").update({"n": 3})
        assert told.get(timeout=_SECONDS) == (["b", "a"], [("MODIFIED", "a")])
        things.document("b").update({"open": False})
        assert told.get(timeout=_SECONDS) == (["a"], [("REMOVED", "b")])
        things.document("a").delete()
        assert told.get(timeout=_SECONDS) == ([], [("REMOVED", "a")])
    finally:
        watch.unsubscribe()


def test_a_change_elsewhere_is_not_told(things: Any) -> None:
    told: queue.Queue[Any] = queue.Queue()
    watch = things.on_snapshot(lambda snapshots, _changes, _time: told.put([s.id for s in snapshots]))
    try:
        assert told.get(timeout=_SECONDS) == []
        things.document("a").collection("below").document("x").set({})
        things.document("b").set({})
        assert told.get(timeout=_SECONDS) == ["b"]
    finally:
        watch.unsubscribe()
