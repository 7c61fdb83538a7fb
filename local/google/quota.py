"""So many requests of a kind a minute, as Google counts them for a project."""

from collections.abc import Callable

from local.google.rpc import Code, RpcError


class Quota:
    def __init__(self, kind: str, per_minute: int, clock: Callable[[], float]) -> None:
        """`kind` is what Google calls such requests: Read requests, Write requests."""
        self._kind = kind
        self._per_minute = per_minute
        self._clock = clock
        self._minute = 0
        self._used = 0

    def use(self) -> None:
        """Raises `RpcError` for one too many."""
        minute = int(self._clock() // 60)
        if minute != self._minute:
            self._minute, self._used = minute, 0
        self._used += 1
        if self._used > self._per_minute:
            raise RpcError(
                Code.RESOURCE_EXHAUSTED,
                f"Quota exceeded for quota metric '{self._kind}' and limit '{self._kind} per minute'.",
            )
