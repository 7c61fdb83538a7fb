"""What tests of tools share: a context to run in, and a look at what the caller would hear."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.errors import TrunklineError
from shared.tools.base.base_tool import NoConfig, ToolContext


class FakeCall:
    """Remembers whether the tool hung up."""

    def __init__(self) -> None:
        self.hung_up = False

    async def hang_up(self) -> None:
        self.hung_up = True


class FakeCredential:
    """Hands out `token-1`, and the next one each time the last is rejected."""

    def __init__(self) -> None:
        self.number = 1

    async def access_token(self, *, rejected: str | None = None) -> str:
        if rejected == f"token-{self.number}":
            self.number += 1
        return f"token-{self.number}"


def tool_context(**changes: Any) -> ToolContext[Any]:
    """A call from +14155550123 to an agent in Berlin on Monday 23 November 2026, 10:00 local time."""
    values: dict[str, Any] = {
        "tenant_id": "harbor",
        "agent_id": "front-desk",
        "session_id": "ca1",
        "caller": "+14155550123",
        "config": NoConfig(),
        "idempotency_key": "0" * 32,
        "time_zone": ZoneInfo("Europe/Berlin"),
        "call": FakeCall(),
        "now": lambda: datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    }
    return ToolContext(**{**values, **changes})


@contextmanager
def caller_hears(*parts: str, error: type[TrunklineError] = TrunklineError) -> Generator[None]:
    """The block raises `error`, whose sentence contains all `parts`."""
    with pytest.raises(error) as raised:
        yield
    for part in parts:
        assert part in raised.value.sentence
