"""Run a program that ends with the process that started it: PYTHON -I -S local/tied.py PARENT SIGNAL PROGRAM…

A program of its own rather than `preexec_fn`: Python code between fork and exec may wait for ever for a lock
that another thread held at the fork, and gRPC's and LiveKit's libraries run many threads
(https://docs.python.org/3.11/library/subprocess.html#subprocess.Popen). Imports little: it delays each part.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def tied(program: str, *arguments: str, by: signal.Signals = signal.SIGTERM) -> list[str]:
    """The command that runs `program`, which gets the signal `by` when this process dies."""
    return [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(int(by)), program, *arguments]


def die_with_parent(by: signal.Signals = signal.SIGTERM, *, parent: int | None = None) -> None:
    """Ask the kernel to send a signal when the parent dies. Elsewhere than on Linux this does nothing."""
    if sys.platform == "linux":
        parent = parent or os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, by)
        if os.getppid() != parent:  # it died in between
            os.kill(os.getpid(), by)


if __name__ == "__main__":
    _, given_parent, given_signal, *command = sys.argv
    die_with_parent(signal.Signals(int(given_signal)), parent=int(given_parent))
    try:
        os.execvp(command[0], command)  # noqa: S606 - no shell is wanted
    except OSError as error:
        sys.exit(f"{command[0]}: {error.strerror}")
