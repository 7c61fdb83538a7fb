"""When what happened in a call. Both ends of the line write moments; the phone merges them."""

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Moment:
    name: str
    at: float
    """Wall clock, seconds since the epoch."""
    monotonic: float
    """`time.monotonic()`: one clock for all processes of a machine."""
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def now(cls, name: str, **data: Any) -> Self:
        return cls(name, time.time(), time.monotonic(), data)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
