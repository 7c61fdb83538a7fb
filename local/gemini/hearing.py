"""When the caller speaks: an energy detector with hysteresis above a floor that follows the line's noise.

Levels are decibels below full scale, taken every 20 ms. Telephone speech lies between -35 and -10; comfort
noise, room noise and µ-law's quantisation stay below -45. Speech begins after 80 ms of it, and ends after
`silence_ms` without, so that neither a click nor the gap between two words counts.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

RATE = 16_000
_FRAME = RATE // 50
_FRAME_MS = 20
_BEGIN_DB, _BEGIN_ABOVE_FLOOR_DB = -40.0, 12.0
_GO_ON_DB, _GO_ON_ABOVE_FLOOR_DB = -45.0, 8.0
_FLOOR_START_DB, _FLOOR_MAX_DB = -65.0, -38.0
_FLOOR_DOWN, _FLOOR_UP_DB = 0.2, 0.05
_BEGIN_MS = 80


@dataclass(frozen=True)
class Heard:
    kind: Literal["started", "ended"]
    speech_ms: int = 0
    """For `ended`: how much speech there was, from the first to the last sound, in milliseconds."""


END_MS = 300
"""So much silence ends a piece of speech."""


class Ear:
    def __init__(self, silence_ms: int = END_MS) -> None:
        self._silence_ms = silence_ms
        self._rest = np.zeros(0, np.int16)
        self._floor_db = _FLOOR_START_DB
        self._loud_ms = 0
        self._quiet_ms = 0
        self._speech_ms = 0
        self.speaking = False

    @property
    def speech_ms(self) -> int:
        """Of the speech going on, without the silence after it."""
        return self._speech_ms - self._quiet_ms

    def hear(self, pcm: bytes) -> list[Heard]:
        """Feed 16 kHz sound in pieces of any length; what began or ended within it."""
        samples = np.concatenate([self._rest, np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")])
        whole = len(samples) // _FRAME * _FRAME
        self._rest = samples[whole:]
        events = (self._frame(_level_db(frame)) for frame in samples[:whole].reshape(-1, _FRAME))
        return [event for event in events if event]

    def _frame(self, level_db: float) -> Heard | None:
        if self.speaking:
            return self._while_speaking(level_db)
        self._follow_noise(level_db)
        if level_db > max(_BEGIN_DB, self._floor_db + _BEGIN_ABOVE_FLOOR_DB):
            self._loud_ms += _FRAME_MS
        else:
            self._loud_ms = max(0, self._loud_ms - _FRAME_MS)
        if self._loud_ms < _BEGIN_MS:
            return None
        self.speaking, self._speech_ms, self._quiet_ms = True, self._loud_ms, 0
        return Heard("started")

    def _while_speaking(self, level_db: float) -> Heard | None:
        self._speech_ms += _FRAME_MS
        if level_db > max(_GO_ON_DB, self._floor_db + _GO_ON_ABOVE_FLOOR_DB):
            self._quiet_ms = 0
            return None
        self._quiet_ms += _FRAME_MS
        if self._quiet_ms < self._silence_ms:
            return None
        self.speaking, self._loud_ms = False, 0
        return Heard("ended", self.speech_ms)

    def _follow_noise(self, level_db: float) -> None:
        """Down at once, up slowly: the floor is what the line sounds like when nobody speaks."""
        if level_db < self._floor_db:
            self._floor_db += _FLOOR_DOWN * (max(level_db, _FLOOR_START_DB) - self._floor_db)
        else:
            self._floor_db = min(self._floor_db + _FLOOR_UP_DB, level_db, _FLOOR_MAX_DB)


def speech_ms(pcm: bytes, silence_ms: int = 200) -> int:
    """How much speech `Ear` hears in a whole recording, without pauses of `silence_ms` and more."""
    ear = Ear(silence_ms)
    ended = sum(event.speech_ms for event in ear.hear(pcm) if event.kind == "ended")
    return ended + (ear.speech_ms if ear.speaking else 0)


def _level_db(frame: "np.ndarray[tuple[int], np.dtype[np.int16]]") -> float:
    """RMS without the constant part, which cheap telephone hardware adds.

    As numpy's `std`, at a fifth of its time: that was most of the stand-in's work.
    """
    samples = frame.astype(np.float64)
    variance = float(samples @ samples) / len(samples) - (float(samples.sum()) / len(samples)) ** 2
    rms = math.sqrt(max(variance, 0.0)) / 32768
    return 20 * math.log10(rms) if rms > 1e-6 else -120.0
