"""What functions did although the model had called them off, which takes that for not done.

A function that has begun is not stopped: half done is worse than done. "If there were side-effects to those
tool calls, clients may attempt to undo the tool calls"; but only the caller knows whether to undo it.
https://ai.google.dev/api/live#bidigeneratecontenttoolcallcancellation

So the model is told at once that it runs on, while the caller is still speaking, and answers knowing that.
With a caller who has stopped by then it learns of it after its answer: a note in between would cut that off.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.errors import TrunklineError
from worker.bounded_json import bounded_json

MAX_OF_WRITE = 1500
"""Characters of JSON that the model is told of one."""


Standing = Literal["runs_on", "done", "failed"]


@dataclass(eq=False)
class Write:
    """A call of a function that changes something."""

    tool: str
    function: str
    """The name under which the model knows it."""
    arguments: dict[str, Any]
    call_id: str | None
    result: dict[str, Any] | None = None
    failure: str = "It is not known whether this was done."
    """The sentence that tells why it was not done, or may not have been."""
    told: Standing | None = None
    """How it stood when the model was told."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def standing(self) -> Standing:
        if not self.ended.is_set():
            return "runs_on"
        return "failed" if self.result is None else "done"

    @property
    def called(self) -> str:
        """In JSON, with what came of it."""
        came = {"runs_on": {}, "done": {"result": self.result}, "failed": {"message": self.failure}}
        called = {"function": self.function, "arguments": self.arguments, **came[self.standing]}
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
        except TrunklineError as error:
            write.failure = error.sentence
            raise
        finally:
            write.ended.set()
        if not self._is_called_off(write.call_id):
            self._forget_before(write)

    def _forget_before(self, write: Write) -> None:
        """It may have undone what the model knows of: when that is asked for again, it is wanted again."""
        self._writes = [
            earlier for earlier in self._writes if earlier.tool != write.tool or earlier.told != "done"
        ]

    async def done_before(self, write: Write) -> dict[str, Any] | None:
        """The result of this very write, when an earlier call of it was called off and done all the same.

        None: it has yet to be done. What the same function has done otherwise, the model is told of.
        """
        for earlier in list(self._writes):
            same = (earlier.function, earlier.arguments) == (write.function, write.arguments)
            if not same or not self._is_called_off(earlier.call_id):
                continue
            await earlier.ended.wait()
            if earlier in self._writes:  # no other call has got its result meanwhile
                self._writes.remove(earlier)
                if earlier.result is not None:
                    return earlier.result
        return None

    def untold(self) -> list[Write]:
        """What became of those that are called off, where the model does not know it; told by this.

        It takes them for not done, and so they are when they have failed before it was told anything.
        """
        news = [
            write for write in self._writes if self._is_called_off(write.call_id) and self._is_news(write)
        ]
        for write in news:
            write.told = write.standing
        return news

    def _is_news(self, write: Write) -> bool:
        if write.told is None and write.standing == "failed":
            return False
        return write.standing != write.told
