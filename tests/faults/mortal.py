"""A real process that is killed, with SIGKILL, right after its n-th remote call: the call has happened, and
nothing that would come after it does.

Lives are forked from a server that has imported everything and opened nothing (gRPC does not survive a fork),
so that a hundred of them take seconds. While one lives, it tells of each remote call, and asks for what a
person with a browser does.
"""

import asyncio
import multiprocessing
import os
import signal
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

from shared.gateways.firestore import Database, Fields, Write

DATABASE_CALLS = ("get", "get_all", "query", "count", "commit")
SECRET_CALLS = (
    *("access", "access_latest", "create_secret", "add_version", "destroy_version"),
    *("delete_secret", "list_secrets", "list_versions"),
)


class Process:
    """The one that this runs in. It lives for `calls` remote calls; None: to the end."""

    def __init__(self, calls: int | None = None, pipe: Connection | None = None) -> None:
        self._left = calls
        self._pipe = pipe

    def happened(self, name: str) -> None:
        if self._pipe is not None:
            self._pipe.send(("call", name))
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def ask(self, what: str) -> Any:
        """Of whoever watches this life."""
        assert self._pipe is not None
        self._pipe.send(("ask", what))
        return self._pipe.recv()

    def hold(self, gateway: Any, prefix: str, names: Iterable[str]) -> Any:
        """Make each of these methods of `gateway` a remote call of this process."""
        for name in names:
            setattr(gateway, name, self._counted(f"{prefix} {name.strip('_')}", getattr(gateway, name)))
        return gateway

    def _counted(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def counted(*args: Any, **kwargs: Any) -> Any:
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

    async def update(
        self,
        path: str,
        decide: Callable[[Fields], tuple[Fields, list[Write]]],
        *,
        reading: Sequence[str] | None = None,
    ) -> bool:
        def decide_after_reading(fields: Fields) -> tuple[Fields, list[Write]]:
            self._process.happened("firestore read")
            return decide(fields)

        changed = await super().update(path, decide_after_reading, reading=reading)
        if changed:
            self._process.happened("firestore commit")
        return changed


@dataclass(frozen=True)
class Life:
    calls: list[str]
    """Remote calls that were made, in order."""
    killed: bool


async def live(
    module: str,
    work: Callable[[Process, Any], Awaitable[None]],
    given: Any,
    calls: int | None,
    environment: Mapping[str, str],
    answer: Callable[[str], Awaitable[Any]],
) -> Life:
    """Have a process of its own do `work` with what is `given` (both picklable) until it dies.

    `module` is what the server imports beforehand; `answer` is told what the process asks for.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([module])
    ours, theirs = context.Pipe()
    process = context.Process(target=_begin, args=(work, given, calls, dict(environment), theirs))
    await asyncio.to_thread(process.start)
    theirs.close()
    made: list[str] = []
    broke = ""
    while (said := await asyncio.to_thread(_said, ours)) is not None:
        kind, text = said
        if kind == "call":
            made.append(text)
        elif kind == "broke":
            broke = text
        else:
            ours.send(await answer(text))
    await asyncio.to_thread(process.join)
    ours.close()
    assert process.exitcode in (0, -signal.SIGKILL), f"it ended with {process.exitcode}\n{broke}"
    return Life(made, process.exitcode != 0)


def _said(pipe: Connection) -> tuple[str, str] | None:
    """None: it is dead."""
    try:
        return pipe.recv()
    except (EOFError, ConnectionResetError):
        return None


def _begin(
    work: Callable[[Process, Any], Awaitable[None]],
    given: Any,
    calls: int | None,
    environment: dict[str, str],
    pipe: Connection,
) -> None:
    os.environ.clear()
    os.environ.update(environment)
    try:
        asyncio.run(work(Process(calls, pipe), given))  # pyright: ignore[reportArgumentType] - a coroutine function
    except BaseException:
        pipe.send(("broke", traceback.format_exc()))
        raise
