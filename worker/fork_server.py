"""The process that every call's process is forked from: a fork of the worker, taken before anything runs.

multiprocessing would start it as a program of its own, which imports the same two seconds' worth of libraries
once more and keeps them in memory a second time. Forked from the worker when that has imported everything and
done nothing yet, it costs neither. Calls' processes inherit its memory and its environment.
"""

# What multiprocessing keeps of its fork server is private: Lib/multiprocessing/forkserver.py, ensure_running.
# pyright: reportPrivateUsage=false

import importlib
import os
import signal
import socket
import ssl
import uuid
from multiprocessing import connection, forkserver, resource_tracker, util
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

_connection: Any = connection


def leave_when_told() -> None:
    """Until calls are served, there is nothing to leave in order. The first process of a container has to
    say so: the kernel keeps signals from it that it does not handle."""
    signal.signal(signal.SIGTERM, _leave)


def _leave(number: int, _: FrameType | None) -> None:
    os._exit(128 + number)


def start() -> None:
    """Import everything, then fork. Nothing that is imported may start a thread or open a channel."""
    os.environ["WORKER_ID"] = uuid.uuid4().hex
    # Models for turn detection that are not used here would take 214 MB a call.
    os.environ.setdefault("LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE", "0")
    # The watch for a blocked event loop wakes every process a hundred times a second, idle ones too. To look
    # for such a block, set from how many milliseconds on it is told.
    os.environ.setdefault("LIVEKIT_AGENTS_LOOP_BLOCK_WARN_MS", "0")
    if not ssl.get_default_verify_paths().cafile:
        import certifi

        os.environ.setdefault("SSL_CERT_FILE", certifi.where())
    importlib.import_module("worker.preload")
    importlib.import_module("livekit.agents.ipc._preload")
    # Last: it keeps the garbage collector off all that came before.
    importlib.import_module("livekit.agents.ipc._preload_freeze")
    _fork()


def _fork() -> None:
    """As multiprocessing's `ensure_running`, which from now on finds a fork server running."""
    resource_tracker.ensure_running()
    with socket.socket(socket.AF_UNIX) as listener:
        address: str = _connection.arbitrary_address("AF_UNIX")
        listener.bind(address)
        if not util.is_abstract_socket_namespace(address):
            Path(address).chmod(0o600)
        listener.listen()
        # The fork server ends when nobody holds the other end of this pipe any more.
        alive_r, alive_w = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(alive_w)
            _serve(listener, alive_r)
        os.close(alive_r)
    server: Any = forkserver._forkserver
    server._forkserver_address = address
    server._forkserver_alive_fd = alive_w
    server._forkserver_pid = pid


def _serve(listener: socket.socket, alive_r: int) -> NoReturn:
    # Who stops the whole process group must not take this one from under calls that are being handed over.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        forkserver.main(listener.detach(), alive_r, [])
    finally:
        os._exit(0)
