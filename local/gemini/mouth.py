"""How the model speaks: sound in chunks, faster than it is heard, with the words along with it."""

import asyncio
import struct
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from local.gemini.wire import Json, audio
from local.speech import Pcm

RATE = 24_000
_TOKENS_PER_SECOND = 25

Send = Callable[[Json], Awaitable[None]]


@dataclass(frozen=True)
class Pace:
    chunk_ms: int = 100
    speed: float = 3.0
    """Times real time; 0: at once. The first chunk never waits."""
    stamped: bool = False
    """Overwrite each chunk's first eight bytes with CLOCK_MONOTONIC in nanoseconds (little-endian), so
    that a peer on this machine can measure how long the sound took. The caller does the same in each
    frame of 20 ms, with a byte a sample: whoever listens for speech on the way must not hear it."""


class Mouth:
    """One connection's voice."""

    def __init__(self, send: Send, pace: Pace, *, transcribes: bool) -> None:
        self._send = send
        self._pace = pace
        self._transcribes = transcribes
        self._heard_until = 0.0
        self._seconds = 0.0
        self._talking = asyncio.Lock()

    @property
    def audible(self) -> bool:
        """Whether a listener still hears something, given that everything is played as it arrives."""
        return time.monotonic() < self._heard_until

    async def say(self, text: str, pcm: Pcm) -> None:
        """Send a sentence; returns when it is sent, which is before it has been heard."""
        async with self._talking:
            size = RATE * self._pace.chunk_ms // 1000 * 2
            chunks = [pcm.data[at : at + size] for at in range(0, len(pcm.data), size)]
            words = _spread(text, len(chunks))
            started = time.monotonic()
            for number, (chunk, piece) in enumerate(zip(chunks, words, strict=True)):
                if self._pace.speed:
                    due = started + number * self._pace.chunk_ms / 1000 / self._pace.speed
                    await asyncio.sleep(due - time.monotonic())
                await self._send(audio(self._stamped(chunk), RATE))
                seconds = len(chunk) / 2 / RATE
                self._seconds += seconds
                self._heard_until = max(self._heard_until, time.monotonic()) + seconds
                if piece and self._transcribes:
                    await self._send({"serverContent": {"outputTranscription": {"text": piece}}})

    async def finish(self, heard_seconds: float) -> None:
        """End the model's turn: at once that nothing more comes, and once it has been heard, the turn."""
        await self._send({"serverContent": {"generationComplete": True}})
        await asyncio.sleep(self._heard_until - time.monotonic())
        await self._complete(heard_seconds)

    async def interrupt(self, heard_seconds: float) -> None:
        """The caller cut in: the client must drop what it has not played."""
        self._heard_until = 0.0
        await self._send({"serverContent": {"interrupted": True}})
        await self._complete(heard_seconds)

    async def _complete(self, heard_seconds: float) -> None:
        heard, spoken = (round(s * _TOKENS_PER_SECOND) for s in (heard_seconds, self._seconds))
        self._seconds = 0.0
        usage = {
            "promptTokenCount": heard,
            "responseTokenCount": spoken,
            "totalTokenCount": heard + spoken,
            "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": heard}],
            "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": spoken}],
        }
        await self._send({"serverContent": {"turnComplete": True}, "usageMetadata": usage})

    def _stamped(self, chunk: bytes) -> bytes:
        if not self._pace.stamped or len(chunk) < 8:
            return chunk
        return struct.pack("<q", time.monotonic_ns()) + chunk[8:]


def _spread(text: str, pieces: int) -> list[str]:
    """The words in as many pieces as there are chunks, in step with the sound; some may be empty."""
    words = [f"{word} " for word in text.split()]
    if words:
        words[-1] = words[-1].rstrip()
    ends = [round(len(words) * (n + 1) / pieces) for n in range(pieces)]
    starts = [0, *ends]
    return ["".join(words[start:end]) for start, end in zip(starts, ends, strict=False)]
