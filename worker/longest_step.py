"""How long a coroutine keeps the event loop to itself: nobody is heard in the call meanwhile."""

import time
from collections.abc import Callable, Coroutine, Generator
from functools import partial
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class LongestStep(Generic[T]):
    """Awaits `coroutine`; then `seconds` is the longest time in which it awaited nothing."""

    def __init__(
        self, coroutine: Coroutine[Any, Any, T], clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self.seconds = 0.0
        self._coroutine = coroutine
        self._clock = clock

    def __await__(self) -> Generator[Any, Any, T]:
        resume: Callable[[], Any] = partial(self._coroutine.send, None)
        while True:
            started = self._clock()
            try:
                awaited = resume()
            except StopIteration as stop:
                return stop.value
            finally:
                self.seconds = max(self.seconds, self._clock() - started)
            try:
                resume = partial(self._coroutine.send, (yield awaited))
            except BaseException as error:  # noqa: BLE001 - also a cancellation is the coroutine's
                resume = partial(self._coroutine.throw, error)
