"""G.711 µ-law: what a telephone line carries. 8 kHz, one byte a sample, 20 ms frames."""

import asyncio
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Pcm = npt.NDArray[np.int16]
"""Linear samples, mono, 8 kHz."""

RATE = 8000
FRAME_SECONDS = 0.02
FRAME_SAMPLES = int(RATE * FRAME_SECONDS)
MAX_LAG_SECONDS = 0.2
"""Whoever sends a frame every 20 ms catches up with at most so much after a hiccup of the machine."""

_BIAS = 0x84
_CLIP = 32635


def _decoding_table() -> Pcm:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    exponent, mantissa = (code >> 4) & 7, code & 15
    magnitude = (((mantissa << 3) + _BIAS) << exponent) - _BIAS
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.int16)


def _encoding_table() -> npt.NDArray[np.uint8]:
    """Indexed by a sample's bits read as unsigned."""
    sample = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)
    magnitude = np.minimum(np.abs(sample), _CLIP) + _BIAS
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 15
    sign = np.where(sample < 0, 0x80, 0)
    return (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)


_DECODE = _decoding_table()
_ENCODE = _encoding_table()


def encode(pcm: Pcm) -> bytes:
    return _ENCODE[pcm.view(np.uint16)].tobytes()


def decode(code: bytes) -> Pcm:
    return _DECODE[np.frombuffer(code, np.uint8)]


SILENCE = encode(np.zeros(FRAME_SAMPLES, np.int16))
"""One frame in which nothing is said."""


class Clock:
    """Tells whoever sends a frame every 20 ms when to. On a busy machine several are due at once, and then
    go together: one message of three frames costs a third of three messages."""

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        self._now = now or asyncio.get_running_loop().time
        self._due = self._now()

    async def frames_due(self) -> int:
        """Waits for the next frame's time, unless that has come; then how many are due, at least one."""
        await asyncio.sleep(max(0.0, self._due - self._now()))
        now = self._now()
        self._due = max(self._due, now - MAX_LAG_SECONDS)
        count = 1 + max(0, int((now - self._due) / FRAME_SECONDS))
        self._due += count * FRAME_SECONDS
        return count


def frames(pcm: Pcm) -> list[bytes]:
    """Cut into encoded 20 ms frames; the last is filled up with silence."""
    return split(encode(np.concatenate([pcm, np.zeros(-len(pcm) % FRAME_SAMPLES, np.int16)])))


def split(code: bytes) -> list[bytes]:
    """Whole frames that came together, one by one."""
    return [code[start : start + FRAME_SAMPLES] for start in range(0, len(code), FRAME_SAMPLES)]
