"""Small tools for 8 kHz speech: is somebody speaking, when did they begin, where are the edges."""

import math
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from local.phone.g711 import FRAME_SAMPLES, FRAME_SECONDS, RATE, Pcm

VOICE_RMS = 250.0
"""A frame as loud as this is speech: -42 dBFS, far above µ-law's own noise, below any spoken word."""


def loudness(pcm: Pcm) -> float:
    """Root mean square, in sample units (0 to 32767)."""
    samples = pcm.astype(np.float64)
    return math.sqrt(float(samples @ samples) / len(samples)) if len(samples) else 0.0


def has_voice(pcm: Pcm) -> bool:
    """Whether any 20 ms frame is loud enough to be speech."""
    return bool(_voiced(pcm).any())


def trim(pcm: Pcm) -> Pcm:
    """Without the silence before the first and after the last voiced frame."""
    voiced = np.flatnonzero(_voiced(pcm))
    if not len(voiced):
        return pcm[:0]
    return pcm[voiced[0] * FRAME_SAMPLES : (voiced[-1] + 1) * FRAME_SAMPLES]


def _voiced(pcm: Pcm) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    whole = pcm[: len(pcm) - len(pcm) % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    return np.sqrt(np.mean(np.square(whole, dtype=np.float64), axis=1)) > VOICE_RMS


def tone(hertz: tuple[float, ...], seconds: float, amplitude: float = 6000) -> Pcm:
    time = np.arange(int(RATE * seconds)) / RATE
    waves = np.mean([np.sin(2 * np.pi * f * time) for f in hertz], axis=0)
    return (amplitude * waves).astype(np.int16)


@dataclass
class Speech:
    """A stretch of voice. Times are whatever clock feeds the detector, in seconds."""

    start: float
    end: float
    voiced_seconds: float = 0.0
    """Pauses left out."""


class VoiceDetector:
    """Fed with frames as they are heard, keeps when somebody spoke.

    Three voiced frames in a row begin a speech (a click does not); a pause shorter than `gap_seconds`
    belongs to it.
    """

    _FRAMES_TO_START = 3

    def __init__(self, gap_seconds: float) -> None:
        self._gap = gap_seconds
        self._voiced_since: list[float] = []
        self.speeches: list[Speech] = []

    def hear(self, pcm: Pcm, now: float) -> None:
        if loudness(pcm) <= VOICE_RMS:
            self._voiced_since.clear()
        elif self.is_speaking(now):
            self.speeches[-1].end = now
            self.speeches[-1].voiced_seconds += FRAME_SECONDS
        else:
            self._voiced_since.append(now)
            if len(self._voiced_since) == self._FRAMES_TO_START:
                self.speeches.append(
                    Speech(self._voiced_since[0], now, len(self._voiced_since) * FRAME_SECONDS)
                )
                self._voiced_since.clear()

    def is_speaking(self, now: float) -> bool:
        return bool(self.speeches) and now - self.speeches[-1].end < self._gap

    def since(self, moment: float) -> list[Speech]:
        """Speeches that began at `moment` or later."""
        return [speech for speech in self.speeches if speech.start >= moment]


def write_wav(path: Path, *channels: Pcm) -> None:
    """One 8 kHz WAV; shorter channels are filled up with silence."""
    length = max(len(channel) for channel in channels)
    columns = [np.pad(channel, (0, length - len(channel))) for channel in channels]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.stack(columns, axis=1).astype("<i2").tobytes())
