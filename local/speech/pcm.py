"""Mono 16-bit sound in memory."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class Pcm:
    samples: Samples
    rate: int
    """Samples per second."""

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @cached_property
    def data(self) -> bytes:
        """Little-endian samples, as both LiveKit and Gemini take them."""
        return self.samples.astype("<i2").tobytes()

    def at(self, rate: int) -> "Pcm":
        """The same sound at another rate."""
        if rate == self.rate:
            return self
        import av  # here, because loading FFmpeg takes a tenth of a second that many users never need

        resampler = av.AudioResampler(format="s16", layout="mono", rate=rate)
        frame = av.AudioFrame.from_ndarray(self.samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = self.rate
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        return Pcm(np.concatenate([f.to_ndarray()[0] for f in frames]), rate)

    def __add__(self, other: "Pcm") -> "Pcm":
        return Pcm(np.concatenate([self.samples, other.at(self.rate).samples]), self.rate)


def silence(seconds: float, rate: int = 16_000) -> Pcm:
    return Pcm(np.zeros(round(seconds * rate), np.int16), rate)


def tone(seconds: float, rate: int = 16_000, hertz: float = 440.0, amplitude: int = 8000) -> Pcm:
    wave = np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate) * amplitude
    return Pcm(wave.astype(np.int16), rate)
