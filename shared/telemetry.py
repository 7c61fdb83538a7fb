"""Structured logs: one JSON object a line, in the fields that Cloud Logging understands.

Ids of the call and tenant are bound once per request or job and appear on every line after that.
"""

import json
import logging
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

_bound: ContextVar[dict[str, str]] = ContextVar("bound", default={})  # noqa: B039 - replaced, never mutated

# What `logging` puts on every record; all else on a record was passed as `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

TALKATIVE = ("aiohttp", "botocore", "google", "google_genai", "httpcore", "httpx", "urllib3", "websockets")
"""Libraries that at DEBUG write out whole requests: API keys in headers, e-mails, what was said in a call."""


@contextmanager
def bind(**ids: str) -> Generator[None]:
    """Add ids (`tenant_id`, `session_id`, …) to every log line of this task and of those it starts."""
    token = _bound.set({**_bound.get(), **ids})
    try:
        yield
    finally:
        _bound.reset(token)


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "severity": record.levelname,
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "logger": record.name,
            "message": record.getMessage(),
            **_bound.get(),
            **{key: value for key, value in vars(record).items() if key not in _STANDARD},
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure_logging(level: str = "INFO") -> None:
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLogger().level))
