"""The end of a line that is being answered already, because a busy machine carried it late.

Enough of the line was heard to know it, then came a gap, then the rest: that interrupts nothing and is no
turn of its own.
"""

import time

WITHIN_SECONDS = 2.0
UNHEARD_MS = 150
"""Less than that is missing from any line: the ear cuts it at both ends."""
STRETCH = 2.5
"""What comes late has small gaps in it, too."""


class LateEnd:
    """`missing_ms` is how much of the line has not been heard."""

    def __init__(self, missing_ms: int = 0) -> None:
        self._missing_ms = missing_ms
        self._until = time.monotonic() + WITHIN_SECONDS
        self._going_on = False

    def begins(self) -> bool:
        """Whether speech that starts now may be it."""
        self._going_on = self._missing_ms > UNHEARD_MS and time.monotonic() < self._until
        return self._going_on

    def was(self, heard_ms: int) -> bool:
        """Whether the speech that started last, which was so long, was it."""
        if not self._going_on or heard_ms > self._missing_ms * STRETCH + UNHEARD_MS:
            return False
        self._missing_ms -= heard_ms
        return True
