"""Whether the caller is speaking, from the loudness of the line alone.

Gemini decides about turns. This only tells the worker that somebody spoke, so that it notices when the model
does not answer, and that a caller who talks for a long time is not silent.
"""

import math
from typing import Literal

import numpy as np
from livekit import rtc

LOUD = 300.0
"""RMS of 16-bit samples below which nothing counts as speech; a quiet phone line has less than 100."""
OVER_NOISE = 3.0
"""Speech is so many times louder than the line's noise."""
NOISE_GROWTH = 1.1
"""Per second: how fast the estimate of the noise follows a line that gets louder."""
STARTS_AFTER = 0.12
"""Seconds of voice."""
ENDS_AFTER = 0.7
"""Seconds without any."""


class VoiceActivity:
    def __init__(self) -> None:
        self.speaking = False
        self._noise = LOUD / OVER_NOISE
        self._voiced = 0.0
        self._quiet = 0.0

    @property
    def quiet_for(self) -> float:
        """Seconds of sound since the last that was loud enough for speech."""
        return self._quiet

    def push(self, frame: rtc.AudioFrame) -> Literal["started", "ended"] | None:
        """Take the next frame (16-bit mono, any rate); returns a change."""
        seconds = frame.duration
        samples = np.frombuffer(frame.data, dtype=np.int16).astype(np.float32)
        loudness = math.sqrt(np.dot(samples, samples) / max(samples.size, 1))
        self._noise = max(1.0, min(loudness, self._noise * NOISE_GROWTH**seconds))
        if loudness > max(LOUD, OVER_NOISE * self._noise):
            self._voiced += seconds
            self._quiet = 0.0
        else:
            self._quiet += seconds
        return self._change()

    def _change(self) -> Literal["started", "ended"] | None:
        if not self.speaking and self._voiced >= STARTS_AFTER:
            self.speaking = True
            return "started"
        if self._quiet >= ENDS_AFTER:
            self._voiced = 0.0
            if self.speaking:
                self.speaking = False
                return "ended"
        return None
