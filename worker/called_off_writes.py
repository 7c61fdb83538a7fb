"""What functions did although the model had called them off, which takes that for not done.

A function that has begun is not stopped: half done is worse than done. "If there were side-effects to those
tool calls, clients may attempt to undo the tool calls"; but only the caller knows whether to undo it.
https://ai.google.dev/api/live#bidigeneratecontenttoolcallcancellation
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.errors import ToolError
from shared.services import agent_prompt
from worker.bounded_json import bounded_json

MAX_OF_WRITE = 1500
"""Characters of JSON that the model is told of one."""


@dataclass(eq=False)
class Write:
    """A call of a function that changes something."""

    function: str
    """The name under which the model knows it."""
    arguments: dict[str, Any]
    call_id: str | None
    result: dict[str, Any] | None = None
    """None: it is not done, or not yet."""
    told: bool = False
    """The model knows, or soon will, what was done."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def called(self) -> str:
        """In JSON, with what came of it."""
        called = {"function": self.function, "arguments": self.arguments, "result": self.result}
        return bounded_json(called, MAX_OF_WRITE)


class CalledOffWrites:
    """Of one call. `is_called_off` is asked by the ids of the model's calls."""

    def __init__(self, is_called_off: Callable[[str | None], bool]) -> None:
        self._is_called_off = is_called_off
        self._writes: list[Write] = []

    @contextmanager
    def running(self, write: Write) -> Generator[None]:
        self._writes.append(write)
        try:
            yield
        finally:
            write.ended.set()

    async def done_before(self, write: Write) -> dict[str, Any] | None:
        """The result of this very write, when an earlier call of it was called off and done all the same.

        None: it has yet to be done. Raises `ToolError`, once, when the same function has done something else.
        """
        for earlier in list(self._writes):
            if earlier.function != write.function or not self._is_called_off(earlier.call_id):
                continue
            await earlier.ended.wait()
            if earlier not in self._writes:  # another call was told of it meanwhile
                continue
            self._writes.remove(earlier)
            if earlier.result is not None and earlier.arguments == write.arguments:
                return earlier.result
            if earlier.result is not None:
                earlier.told = True
                raise ToolError(agent_prompt.done_before(earlier.called), message="done when called off")
        return None

    def untold(self) -> list[Write]:
        """What was done and the model does not know of; each is returned once."""
        late = [
            write
            for write in self._writes
            if write.result is not None and not write.told and self._is_called_off(write.call_id)
        ]
        for write in late:
            write.told = True
        return late
