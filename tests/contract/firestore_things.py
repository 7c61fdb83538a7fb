"""The documents that queries and transactions are tried on, and words to ask for them."""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

from google.cloud.firestore_v1.base_query import And, BaseFilter, FieldFilter

Build = Callable[[Any], Any]
"""A collection → a query on it."""

JANUARY = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in range(1, 8)]


async def ids(query: Any) -> list[str]:
    return [snapshot.id async for snapshot in query.stream()]


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


def where(path: str, operator: str, value: Any) -> FieldFilter:
    return FieldFilter(path, operator, value)


def filtered(*filters: BaseFilter) -> Build:
    return lambda things: things.where(filter=filters[0] if len(filters) == 1 else And(list(filters)))


ODD = where("p", "==", "odd")
