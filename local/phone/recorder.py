"""A stereo recording of a call: the caller left, what the caller hears right, both on one clock."""

from pathlib import Path
from typing import Literal

import numpy as np

from local.phone import g711
from local.phone.audio import write_wav

_JITTER_SECONDS = 0.06
"""Frames that come earlier or later than this by the clock are still one stream."""

Channel = Literal["caller", "heard"]


class Recorder:
    def __init__(self, start: float) -> None:
        self._start = start
        self._placed: dict[Channel, list[tuple[int, bytes]]] = {"caller": [], "heard": []}
        self._cursor: dict[Channel, int] = {"caller": 0, "heard": 0}

    def put(self, channel: Channel, frame: bytes, now: float) -> None:
        """`now` is when it was said or heard, on the clock of `start`."""
        position = max(0, round((now - self._start) * g711.RATE))
        if abs(position - self._cursor[channel]) <= _JITTER_SECONDS * g711.RATE:
            position = self._cursor[channel]
        position = max(position, self._cursor[channel])
        self._placed[channel].append((position, frame))
        self._cursor[channel] = position + len(frame)

    def samples(self, channel: Channel) -> g711.Pcm:
        pcm = np.zeros(self._cursor[channel], np.int16)
        for position, frame in self._placed[channel]:
            pcm[position : position + len(frame)] = g711.decode(frame)
        return pcm

    def write(self, path: Path) -> None:
        write_wav(path, self.samples("caller"), self.samples("heard"))
