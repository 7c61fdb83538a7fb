"""A connection, as a conversation needs it."""

from typing import Protocol

from local.gemini.mouth import Mouth
from local.gemini.setup import Setup
from local.gemini.wire import Json
from local.scenario import Misbehave


class Line(Protocol):
    setup: Setup
    mouth: Mouth
    heard_seconds: float
    """How much sound arrived so far."""

    async def send(self, message: Json) -> None:
        """Raises `ConnectionError` when the client is gone."""
        ...

    async def misbehave(self, step: Misbehave) -> bool:
        """Whether the connection is still of use afterwards."""
        ...
