"""Adds up everybody who speaks in a room into the one voice that a telephone hears."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from local.phone import g711

_START_FRAMES = 2
"""In hand before a voice is played, against jitter: 40 ms."""
_MAX_FRAMES = 15
"""A voice further behind than this loses its oldest frames."""


@dataclass(eq=False)
class Voice:
    """One participant's 20 ms frames that were not played yet."""

    waiting: deque[g711.Pcm] = field(default_factory=lambda: deque[g711.Pcm](maxlen=_MAX_FRAMES))
    playing: bool = False

    def take(self) -> g711.Pcm | None:
        if not self.playing:
            self.playing = len(self.waiting) >= _START_FRAMES
        elif not self.waiting:
            self.playing = False
        return self.waiting.popleft() if self.playing else None


class Mixer:
    def __init__(self) -> None:
        self._voices: list[Voice] = []

    def add(self) -> Voice:
        voice = Voice()
        self._voices.append(voice)
        return voice

    def remove(self, voice: Voice) -> None:
        self._voices.remove(voice)

    def next_frame(self) -> bytes:
        """The next 20 ms, encoded; silence when nobody speaks."""
        frames = [frame for voice in self._voices if (frame := voice.take()) is not None]
        if not frames:
            return g711.SILENCE
        if len(frames) == 1:
            return g711.encode(frames[0])
        mixed = np.sum(np.stack(frames), axis=0, dtype=np.int32)
        return g711.encode(np.clip(mixed, -32768, 32767).astype(np.int16))
