"""How a part of the laptop cloud runs as a process of its own.

A part ends on SIGTERM or SIGINT, and with its parent: whatever kills the supervisor leaves no orphan.
"""

import asyncio
import ctypes
import logging
import os
import signal
import sys
from contextlib import AbstractAsyncContextManager

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(by: signal.Signals = signal.SIGTERM) -> None:
    """Ask the kernel to send a signal when the parent dies. Elsewhere than on Linux this does nothing."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), by)


def serve(part: AbstractAsyncContextManager[object]) -> None:
    """Run `part` until a signal: entering the context starts it, leaving it stops it."""
    logging.basicConfig(
        level=os.environ.get("LOG_LEVEL") or "INFO", format="%(asctime)s %(name)s %(message)s"
    )
    die_with_parent()

    async def main() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        async with part:
            await stop.wait()

    asyncio.run(main())
