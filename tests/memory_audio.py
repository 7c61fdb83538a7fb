"""A caller in memory: audio in and out of an AgentSession without a room or a device."""

import asyncio
import time
from collections.abc import Callable

from livekit import rtc
from livekit.agents.voice import io

RATE = 16_000
FRAME_BYTES = RATE // 50 * 2
"""20 ms."""


class MemoryInput(io.AudioInput):
    def __init__(self) -> None:
        super().__init__(label="memory")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()
        self._attached = True

    async def __anext__(self) -> rtc.AudioFrame:
        while True:
            frame = await self._frames.get()
            if self._attached:
                return frame

    def on_attached(self) -> None:
        self._attached = True

    def on_detached(self) -> None:
        self._attached = False

    def push(self, pcm: bytes) -> None:
        """16-bit mono at 16 kHz, delivered at once in frames of 20 ms."""
        for at in range(0, len(pcm), FRAME_BYTES):
            data = pcm[at : at + FRAME_BYTES]
            self._frames.put_nowait(rtc.AudioFrame(data, RATE, 1, len(data) // 2))


class MemoryOutput(io.AudioOutput):
    """Plays `speed` times as fast as a loudspeaker; what is being played can be interrupted.

    `on_frame` and `on_clear` are told of each frame that comes, and when what was pushed is cut.
    """

    def __init__(
        self,
        speed: float = 1.0,
        *,
        on_frame: Callable[[rtc.AudioFrame], None] = lambda _: None,
        on_clear: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(
            label="memory", capabilities=io.AudioOutputCapabilities(pause=False), sample_rate=24_000
        )
        self._speed = speed
        self._on_frame = on_frame
        self._on_clear = on_clear
        self._pushed = 0.0
        self._started = 0.0
        self._cut = asyncio.Event()
        self._playing: asyncio.Task[None] | None = None
        self.first_frame = asyncio.Event()
        self.interruptions = 0

    def played(self) -> float:
        """Seconds of what is being played that have been heard."""
        return min(self._pushed, (time.monotonic() - self._started) * self._speed)

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._playing is not None:
            await self._playing
        self._on_frame(frame)
        if not self._pushed:
            self._started = time.monotonic()
            self.on_playback_started(created_at=time.time())
            self.first_frame.set()
        self._pushed += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._pushed:
            self._playing = asyncio.create_task(self._play())

    def clear_buffer(self) -> None:
        self._on_clear()
        if self._pushed:
            self._cut.set()

    async def _play(self) -> None:
        left = self._pushed / self._speed - (time.monotonic() - self._started)
        try:
            async with asyncio.timeout(max(left, 0)):
                await self._cut.wait()
        except TimeoutError:
            interrupted = False
        else:
            interrupted = True
            self.interruptions += 1
        played = self.played()
        self._cut.clear()
        position, self._pushed = (played if interrupted else self._pushed), 0.0
        self.on_playback_finished(playback_position=position, interrupted=interrupted)
