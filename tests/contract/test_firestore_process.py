"""What the stand-in alone promises: it survives kill -9, names what it lacks, records queries."""

import json
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import pytest
from google.cloud import firestore
from google.cloud.firestore_v1.base_query import FieldFilter

from local.firestore import FirestoreServer
from tests.contract.firestore_servers import address_of, stand_in

pytestmark = pytest.mark.contract


def client_of(address: str, monkeypatch: pytest.MonkeyPatch) -> firestore.AsyncClient:
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
    return firestore.AsyncClient(project="contract")


async def test_every_confirmed_write_survives_kill_9(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand_in(tmp_path) as process:
        db = client_of(address_of(process), monkeypatch)
        things = db.collection("things")
        await things.document("gone").set({})
        for n in range(20):
            await things.document(f"d{n:02}").set({"n": n})
        await things.document("gone").delete()
        before = await things.document("d07").get()
        process.kill()
        db.close()
    with stand_in(tmp_path) as process:
        db = client_of(address_of(process), monkeypatch)
        things = db.collection("things")
        assert [s.get("n") async for s in things.order_by("n").stream()] == list(range(20))
        after = await things.document("d07").get()
        assert (after.create_time, after.update_time) == (before.create_time, before.update_time)
        assert not (await things.document("gone").get()).exists
        db.close()


async def test_what_is_not_implemented_is_named() -> None:
    async with FirestoreServer() as server, grpc.aio.insecure_channel(server.address) as channel:
        call: Any = channel.unary_stream("/google.firestore.v1.Firestore/ExecutePipeline")
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await call(b"").read()
        assert refusal.value.code() is grpc.StatusCode.UNIMPLEMENTED
        assert "ExecutePipeline" in (refusal.value.details() or "")


async def test_each_shape_of_query_is_recorded_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "queries.jsonl"
    async with FirestoreServer(record_queries=record) as server:
        db = client_of(server.address, monkeypatch)
        for value in ("a", "b"):
            query = db.collection("calls").where(filter=FieldFilter("state", "==", value))
            await query.order_by("started_at", direction=firestore.AsyncQuery.DESCENDING).get()
            await query.count().get()
        db.close()
        assert len(server.recorder.shapes) == 2
    assert [json.loads(line) for line in record.read_text().splitlines()] == [
        {
            "collection": "calls",
            "scope": "COLLECTION",
            "filters": [["state", "EQUAL"]],
            "orders": [["started_at", "DESCENDING"]],
            "aggregations": [],
        },
        {
            "collection": "calls",
            "scope": "COLLECTION",
            "filters": [["state", "EQUAL"]],
            "orders": [],
            "aggregations": [["count", ""]],
        },
    ]
