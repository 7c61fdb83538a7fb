"""What ends the laptop cloud from outside: Ctrl-C, SIGTERM, a terminal that is closed."""

import asyncio
import errno
import os
import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager

LOOKED_AT_SECONDS = 1.0
GONE = -1


@contextmanager
def until_interrupted(on_interrupt: Callable[[], None]) -> Generator[None]:
    """Ctrl-C, SIGTERM and a terminal that is closed end what is inside, at any moment, and only once: it is
    then stopped in order. `on_interrupt` is called at once."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        if not interrupted:
            interrupted = True
            on_interrupt()
            task.cancel()

    ending = [signal.SIGINT, signal.SIGTERM]
    terminal = None
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        ending.append(signal.SIGHUP)
        terminal = asyncio.create_task(_when_terminal_closes(interrupt))
    for number in ending:
        loop.add_signal_handler(number, interrupt)
    try:
        yield
    except asyncio.CancelledError:
        if not interrupted:
            raise
        task.uncancel()
    finally:
        if terminal:
            terminal.cancel()
        for number in ending:
            loop.remove_signal_handler(number)


async def _when_terminal_closes(then: Callable[[], None]) -> None:
    """A shell hangs up its jobs. Where the terminal runs make itself, as in `ssh -t host make up`, the kernel
    tells make alone, and make waits for us."""
    in_front = True
    while (groups := {_group_in_front(file) for file in (0, 1, 2)}) != {None}:
        if in_front and GONE in groups:
            then()
            return
        # What was put into the background, and disowned, is meant to stay.
        in_front = os.getpgrp() in groups
        await asyncio.sleep(LOOKED_AT_SECONDS)


def _group_in_front(file: int) -> int | None:
    """Of the terminal that `file` is; `GONE` when that was closed; None: `file` is no terminal of ours."""
    try:
        return os.tcgetpgrp(file)
    except OSError as error:
        return GONE if error.errno == errno.EIO else None
