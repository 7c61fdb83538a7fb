"""LiveKit's native library keeps its log lines to itself."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.unit

MAKE_A_ROOM_S_PARTS = """
import livekit.rtc._ffi_client as ffi
from shared.livekit_native import keep_logs_native

if {quiet}:
    keep_logs_native()
    keep_logs_native()
native = []
load = ffi.ctypes.CDLL


class Recording(load):
    def __getattr__(self, name):
        function = super().__getattr__(name)
        if name != "livekit_ffi_initialize":
            return function

        def initialize(*arguments):
            native.append(arguments[1])
            function(*arguments)

        initialize.__name__ = name
        setattr(self, name, initialize)
        return initialize


ffi.ctypes.CDLL = Recording
ffi.FfiClient.instance
print(native)
"""


@pytest.mark.parametrize(("quiet", "captures"), [(False, "[True]"), (True, "[False]")])
def test_its_lines_are_captured_unless_it_is_told_not_to(quiet: bool, captures: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MAKE_A_ROOM_S_PARTS.format(quiet=quiet)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == captures
