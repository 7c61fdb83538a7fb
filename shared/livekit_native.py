"""LiveKit's native library, as livekit-rtc loads it.

It hands every log line of its own, down to the finest, to Python, which then throws nearly all of them away:
some 2,600 for one connection, half of what joining a room costs. Told not to, it writes errors to stderr; the
environment variable RUST_LOG ("livekit=debug") has it write more.
https://github.com/livekit/rust-sdks/blob/main/livekit-ffi/src/server/logger.rs
"""

import ctypes
from typing import Any

from livekit.rtc import _ffi_client

_load = _ffi_client.get_ffi_lib


def keep_logs_native() -> None:
    """Must come before the first room is made. Calling it again changes nothing."""
    _ffi_client.get_ffi_lib = _load_quiet


def _load_quiet() -> ctypes.CDLL:
    library = _load()
    native = library.livekit_ffi_initialize

    def initialize(callback: Any, _capture_logs: bool, sdk: bytes, version: bytes) -> None:
        native(callback, False, sdk, version)

    setattr(library, native.__name__, initialize)
    return library
