"""What happened in one call, for whoever checks it afterwards."""

import logging
import time
from typing import Any

log = logging.getLogger(__name__)

# One offset for the process: events are ordered by the monotonic clock and read as wall-clock time.
_WALL_OFFSET_NS = time.time_ns() - time.monotonic_ns()


class Journal:
    def __init__(self, name: str) -> None:
        self._name = name
        self.events: list[dict[str, Any]] = []
        self.errors: list[str] = []

    def add(self, event: str, **data: Any) -> None:
        now = time.monotonic_ns()
        at_ms = round((now + _WALL_OFFSET_NS) / 1e6, 3)
        self.events.append({"at_ms": at_ms, "monotonic_ns": now, "event": event, **data})
        log.info("%s %s", self._name, event)  # without the data, which holds spoken words

    def error(self, text: str, **data: Any) -> None:
        self.errors.append(text)
        self.add("error", text=text, **data)
