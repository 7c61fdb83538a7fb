"""How long Firestore may take; what it answers is tested in contract/."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any, cast

import pytest

from shared.errors import UnavailableError
from shared.gateways import firestore
from shared.gateways.firestore import Database

pytestmark = pytest.mark.unit

DOCUMENTS = 30


class SlowCollection:
    """Of many documents, each a moment after the one before; and a client that has no other."""

    id = "some"

    def __init__(self, hangs_after: int = DOCUMENTS) -> None:
        self._hangs_after = hangs_after

    def collection(self, name: str) -> "SlowCollection":
        return self

    async def list_documents(self) -> "AsyncGenerator[SlowCollection]":
        for number in range(DOCUMENTS):
            await asyncio.sleep(0.02 if number < self._hangs_after else 60)
            yield self


@pytest.fixture(autouse=True)
def short_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firestore, "TIMEOUT_SECONDS", 0.5)


async def test_a_list_may_take_as_long_as_it_has_documents() -> None:
    """A tenant of many calls could not be deleted: listing them took longer than one operation may."""
    assert len(await Database(cast("Any", SlowCollection())).ids("calls")) == DOCUMENTS


async def test_a_list_that_does_not_go_on_fails() -> None:
    with pytest.raises(UnavailableError):
        await Database(cast("Any", SlowCollection(hangs_after=2))).ids("calls")
