"""Transactions on the stand-in for Firestore, and on Google's emulator.

The emulator locks documents, where the stand-in lets the first commit win (as the product's database does:
its concurrency mode is optimistic). So the cases assert what holds for either: nothing is lost, nothing
half-read.
"""

import asyncio
from typing import Any

import pytest
from google.api_core import exceptions
from google.cloud import firestore

from tests.contract.firestore_servers import Server
from tests.contract.firestore_things import ODD, filtered, ids, seed

pytestmark = pytest.mark.contract


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
