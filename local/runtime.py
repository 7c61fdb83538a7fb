"""How a part of the laptop cloud runs as a process of its own.

A part ends on SIGTERM or SIGINT, and with its parent: whatever kills the supervisor leaves no orphan.
"""

import asyncio
import logging
import os
import signal
from contextlib import AbstractAsyncContextManager

from local.tied import die_with_parent


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
