"""A caller in memory: speaks a script in frames of 20 ms, and notes when what it hears was sent.

All times are CLOCK_MONOTONIC in nanoseconds, which processes on one machine share. Sound carries the time at
which it was sent, as `stamped` in local/gemini/mouth.py tells.
"""

import asyncio
import struct
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

CALLER_RATE, MODEL_RATE = 16_000, 24_000
FRAME_SECONDS = 0.02
FRAME_BYTES = int(CALLER_RATE * FRAME_SECONDS) * 2
SILENT_FRAME = bytes(FRAME_BYTES)
PAUSE_FRAMES = 25
INTERRUPTS_AFTER = 1.5
"""Seconds of the agent's long reply that the caller listens to."""
PATIENCE = 15.0
"""Seconds without the reply that is due after which the measurement has failed."""

_MODELS_STAMP = struct.Struct("<q")
_CALLERS_STAMP = struct.Struct("<8h")

Hear = Callable[[bytes], Awaitable[None]]
"""Takes the caller's next frame (16-bit mono, 16 kHz)."""


@dataclass
class Times:
    """What one call measured."""

    started: int = 0
    first_frame: int = 0
    """Of the greeting."""
    replies: list[int] = field(default_factory=list[int])
    """How long the first sound of each reply was under way from the model."""
    tool_started: list[int] = field(default_factory=list[int])
    tool_returned: list[int] = field(default_factory=list[int])
    cleared: list[int] = field(default_factory=list[int])

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Ear:
    """What the caller hears. A variant tells it of each frame in the moment in which it could be played."""

    def __init__(self) -> None:
        self.times = Times(started=time.monotonic_ns())
        self._audible_until = 0.0
        self._news = asyncio.Event()

    def frame(self, pcm: bytes | memoryview) -> None:
        """16-bit mono, 24 kHz."""
        now = time.monotonic_ns()
        if time.monotonic() > self._audible_until:
            self.times.first_frame = self.times.first_frame or now
            self.times.replies.append(now - _MODELS_STAMP.unpack_from(pcm)[0])
            self._news.set()
        seconds = memoryview(pcm).nbytes / 2 / MODEL_RATE
        self._audible_until = max(self._audible_until, time.monotonic()) + seconds

    def cleared(self) -> None:
        """What was not played yet is dropped."""
        if time.monotonic() < self._audible_until:
            self.times.cleared.append(time.monotonic_ns())
            self._audible_until = 0.0
            self._news.set()

    def look_up(self, day: str) -> str:
        """The tool that the model calls."""
        self.times.tool_started.append(time.monotonic_ns())
        answer = f"Nothing is planned on {day}."
        self.times.tool_returned.append(time.monotonic_ns())
        return answer

    async def hears(self, count: Callable[[Times], int], expected: int) -> None:
        """Until there are so many of something. Raises `TimeoutError`."""
        async with asyncio.timeout(PATIENCE):
            while count(self.times) < expected:
                self._news.clear()
                await self._news.wait()

    async def is_quiet(self) -> None:
        """The reply comes faster than it is heard, so what is left grows at first."""
        while (left := self._audible_until - time.monotonic()) > 0:  # noqa: ASYNC110 - it is time that passes
            await asyncio.sleep(left)


class Mouth:
    """A telephone line: a frame every 20 ms, speech or silence, and a late one at once.

    Speech is stamped, and so is the silence by which the model knows that it is over.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._speech: deque[bytes] = deque()

    def say(self, pcm: bytes) -> None:
        frames = [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES, FRAME_BYTES)]
        self._speech.extend([*frames, *[SILENT_FRAME] * PAUSE_FRAMES])

    async def speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            await self._hear(_stamped(self._speech.popleft()) if self._speech else SILENT_FRAME)
            due += FRAME_SECONDS
            await asyncio.sleep(max(due - loop.time(), 0))


def _stamped(frame: bytes) -> bytes:
    stamp = _CALLERS_STAMP.pack(*time.monotonic_ns().to_bytes(8, "little"))
    return stamp + frame[len(stamp) :]


@asynccontextmanager
async def speaking(mouth: Mouth) -> AsyncGenerator[None]:
    task = asyncio.create_task(mouth.speak())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def converse(ear: Ear, mouth: Mouth, question: bytes, laps: int) -> None:
    """After the greeting, the script that `bench.voice_peer` gives the model.

    Each lap is a reply after tool calls, and a long one that the caller interrupts with the next question.
    """
    for lap in range(laps):
        if not lap:
            await ear.is_quiet()
            mouth.say(question)
        await ear.hears(lambda times: len(times.replies), 2 + 2 * lap)
        await ear.is_quiet()
        mouth.say(question)
        await ear.hears(lambda times: len(times.replies), 3 + 2 * lap)
        await asyncio.sleep(INTERRUPTS_AFTER)
        mouth.say(question)
        await ear.hears(lambda times: len(times.cleared), 1 + lap)


def question_in(folder: Path) -> bytes:
    return (folder / "question.pcm").read_bytes()
