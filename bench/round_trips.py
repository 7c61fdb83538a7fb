"""Sequential round trips at the gateways: how often one has to wait for an outside system, in turn."""

import inspect
from typing import Any, TypeVar

T = TypeVar("T")

WEIGHTS = {"update": 2, "remove": 2}
"""`Database.update` and `remove` read, then commit."""


class RoundTrips:
    """Requests under way at the same time are one wave; a request that starts after one ended is the next."""

    def __init__(self) -> None:
        self.waves: list[list[str]] = []
        """The names of each wave's requests."""
        self._ended = 0

    @property
    def sequential(self) -> int:
        return len(self.waves)

    def watch(self, gateway: T) -> T:
        """`gateway`, with its coroutine methods counted."""
        watched: Any = _Watched(gateway, self)
        return watched

    def begin(self, name: str) -> int:
        wave = self._ended + WEIGHTS.get(name, 1)
        while len(self.waves) < wave:
            self.waves.append([])
        self.waves[wave - 1].append(name)
        return wave

    def end(self, wave: int) -> None:
        self._ended = max(self._ended, wave)


class _Watched:
    def __init__(self, gateway: object, trips: RoundTrips) -> None:
        self._gateway = gateway
        self._trips = trips

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._gateway, name)
        if not inspect.iscoroutinefunction(attribute):
            return attribute

        async def counted(*args: Any, **kwargs: Any) -> Any:
            wave = self._trips.begin(name)
            try:
                return await attribute(*args, **kwargs)
            finally:
                self._trips.end(wave)

        return counted
