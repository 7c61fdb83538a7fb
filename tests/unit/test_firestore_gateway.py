"""How long Firestore may take; what it answers is tested in contract/."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, cast

import pytest

from shared.errors import UnavailableError
from shared.gateways import firestore
from shared.gateways.firestore import Database
from tests.waiting import passing

pytestmark = pytest.mark.unit

DOCUMENTS = 30


class SlowCollection:
    """Of many documents, each after `wait` for it; and a client that has no other."""

    id = "some"

    def __init__(self, wait: Callable[[int], Awaitable[object]]) -> None:
        self._wait = wait

    def collection(self, name: str) -> "SlowCollection":
        return self

    async def list_documents(self) -> "AsyncGenerator[SlowCollection]":
        for number in range(DOCUMENTS):
            await self._wait(number)
            yield self


async def test_a_list_may_take_as_long_as_it_has_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant of many calls could not be deleted: listing them took longer than one operation may."""
    seconds_pass = passing(monkeypatch)

    async def a_second(_: int) -> None:
        seconds_pass(1)
        await asyncio.sleep(0)

    assert DOCUMENTS > 2 * firestore.TIMEOUT_SECONDS
    assert len(await Database(cast("Any", SlowCollection(a_second))).ids("calls")) == DOCUMENTS


async def test_a_list_that_does_not_go_on_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firestore, "TIMEOUT_SECONDS", 0.05)

    async def hangs_after_two(number: int) -> None:
        if number == 2:
            await asyncio.Event().wait()

    with pytest.raises(UnavailableError):
        await Database(cast("Any", SlowCollection(hangs_after_two))).ids("calls")
