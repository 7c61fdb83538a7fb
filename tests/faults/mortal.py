"""A process that dies after its n-th remote call: the call has happened, its answer is lost.

`Killed` is no `Exception`, so nothing that handles errors sees it, and whatever `finally` blocks still try to
send is not sent: outside, that looks as it does after SIGKILL.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from shared.gateways.firestore import Database, Fields, Write

DATABASE_CALLS = ("get", "get_all", "query", "count", "commit")
SECRET_CALLS = (
    *("access", "access_latest", "create_secret", "add_version", "destroy_version"),
    *("delete_secret", "list_secrets", "list_versions"),
)


class Killed(BaseException):
    """The process is gone."""


class Process:
    """Lives for `calls` remote calls; None: to the end."""

    def __init__(self, calls: int | None = None) -> None:
        self.made: list[str] = []
        self._lives_for = calls
        self._dead = False

    def happened(self, name: str) -> None:
        self.made.append(name)
        if len(self.made) == self._lives_for:
            self._dead = True
            raise Killed(name)

    def check(self) -> None:
        if self._dead:
            raise Killed("dead already")

    def hold(self, gateway: Any, prefix: str, names: Iterable[str]) -> Any:
        """Make each of these methods of `gateway` a remote call of this process."""
        for name in names:
            setattr(gateway, name, self._counted(f"{prefix} {name.strip('_')}", getattr(gateway, name)))
        return gateway

    def _counted(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*args: Any, **kwargs: Any) -> Any:
            self.check()
            try:
                return await call(*args, **kwargs)
            finally:
                self.happened(name)

        return counted


class MortalDatabase(Database):
    """An update is two remote calls: the read and the commit."""

    def __init__(self, client: Any, process: Process) -> None:
        super().__init__(client)
        self._process = process
        process.hold(self, "firestore", DATABASE_CALLS)

    async def update(self, path: str, decide: Callable[[Fields], tuple[Fields, list[Write]]]) -> bool:
        self._process.check()

        def decide_after_reading(fields: Fields) -> tuple[Fields, list[Write]]:
            self._process.happened("firestore read")
            return decide(fields)

        changed = await super().update(path, decide_after_reading)
        if changed:
            self._process.happened("firestore commit")
        return changed
