"""The process that every call's process is forked from, started before the worker itself is even imported.

Both import the same five seconds' worth of libraries; starting this one first lets them do it side by side.
Calls' processes inherit its memory and its environment as they are at this moment.
"""

import os
import signal
import ssl
from multiprocessing import forkserver, set_forkserver_preload
from types import FrameType

PRELOAD = (
    "worker.preload",
    "livekit.agents.ipc._preload",
    "livekit.agents.ipc._preload_freeze",  # last: it keeps the garbage collector off all that came before
)


def leave_when_told() -> None:
    """Until calls are served, there is nothing to leave in order. The first process of a container has to
    say so: the kernel keeps signals from it that it does not handle."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)


def start() -> None:
    # Models for turn detection that are not used here would take 214 MB a call.
    os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
    if not ssl.get_default_verify_paths().cafile:
        import certifi

        os.environ.setdefault("SSL_CERT_FILE", certifi.where())
    set_forkserver_preload(list(PRELOAD))
    forkserver.ensure_running()
