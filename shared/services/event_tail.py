"""Where a reader of a call's events has got to, although events are written by several parts, in batches.

An event may be stored some seconds after it happened, behind ones that the reader has seen. So a position
keeps what was seen of the last seconds, and the reader looks at those again.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Self

from shared.errors import InvalidFieldsError
from shared.models.base import in_our_time
from shared.repositories.calls import NamedEvent

OVERLAP = timedelta(seconds=15)
"""Events that are stored later than this after they happened, a tail does not show; the whole list does."""

MAX_SEEN = 400
"""That makes a position of 11,800 characters at most; the API takes 12,000."""


@dataclass(frozen=True)
class TailPosition:
    newest: datetime | None = None
    """None: nothing was seen yet."""
    seen: dict[str, datetime] = field(default_factory=dict[str, datetime])
    """Short hashes of the events of the last seconds."""

    @property
    def since(self) -> datetime | None:
        if self.newest is None:
            return None
        since = self.newest - OVERLAP
        # What came before those that are remembered would be taken for new again and again.
        return since if len(self.seen) < MAX_SEEN else max(since, min(self.seen.values()))

    def news(self, events: Sequence[NamedEvent]) -> list[NamedEvent]:
        return [(event_id, event) for event_id, event in events if _short(event_id) not in self.seen]

    def after(self, news: Iterable[NamedEvent]) -> Self:
        seen = self.seen | {_short(event_id): event.at for event_id, event in news}
        if not seen:
            return self
        newest = max(seen.values()) if self.newest is None else max(self.newest, *seen.values())
        recent = [(name, at) for name, at in seen.items() if at >= newest - OVERLAP]
        return type(self)(newest, dict(sorted(recent, key=itemgetter(1))[-MAX_SEEN:]))

    def encode(self) -> str:
        if self.newest is None:
            return "0"
        seen = [[name, (self.newest - at) // timedelta(microseconds=1)] for name, at in self.seen.items()]
        text = json.dumps([self.newest.isoformat(), seen], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str | None) -> Self:
        """Raises `InvalidFieldsError`."""
        if text in (None, "0"):
            return cls()
        try:
            return cls._decoded(text)
        except (ValueError, TypeError, OverflowError, RecursionError):
            raise InvalidFieldsError([("after", "is not a position that this call gave out")]) from None

    @classmethod
    def _decoded(cls, text: str) -> Self:
        at, seen = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), b"-_", validate=True))
        newest = in_our_time(datetime.fromisoformat(at))
        if newest.tzinfo is None or len(seen) > MAX_SEEN:
            raise ValueError("not a position")
        return cls(newest, {str(name): newest - timedelta(microseconds=int(ago)) for name, ago in seen})


def _short(event_id: str) -> str:
    return hashlib.sha256(event_id.encode()).hexdigest()[:8]
