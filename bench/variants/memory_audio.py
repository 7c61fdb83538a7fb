"""Audio in and out of an AgentSession without a room or a device."""

import asyncio
import time

from livekit import rtc
from livekit.agents.voice import io

from bench.variants.caller import CALLER_RATE, MODEL_RATE, Ear


class MemoryInput(io.AudioInput):
    def __init__(self) -> None:
        super().__init__(label="memory")
        self._frames: asyncio.Queue[rtc.AudioFrame] = asyncio.Queue()

    async def __anext__(self) -> rtc.AudioFrame:
        return await self._frames.get()

    async def hear(self, pcm: bytes) -> None:
        self._frames.put_nowait(rtc.AudioFrame(pcm, CALLER_RATE, 1, len(pcm) // 2))


class MemoryOutput(io.AudioOutput):
    """Plays in real time, so that there is something to interrupt."""

    def __init__(self, ear: Ear) -> None:
        capabilities = io.AudioOutputCapabilities(pause=False)
        super().__init__(label="memory", capabilities=capabilities, sample_rate=MODEL_RATE)
        self._ear = ear
        self._pushed = 0.0
        self._started = 0.0
        self._cut = asyncio.Event()
        self._playing: asyncio.Task[None] | None = None

    async def capture_frame(self, frame: rtc.AudioFrame) -> None:
        await super().capture_frame(frame)
        if self._playing is not None:
            await self._playing
        self._ear.frame(frame.data.cast("B"))
        if not self._pushed:
            self._started = time.monotonic()
            self.on_playback_started(created_at=time.time())
        self._pushed += frame.duration

    def flush(self) -> None:
        super().flush()
        if self._pushed:
            self._playing = asyncio.create_task(self._play())

    def clear_buffer(self) -> None:
        self._ear.cleared()
        if self._pushed:
            self._cut.set()

    async def _play(self) -> None:
        left = self._pushed - (time.monotonic() - self._started)
        try:
            async with asyncio.timeout(max(left, 0)):
                await self._cut.wait()
        except TimeoutError:
            interrupted = False
        else:
            interrupted = True
        position = min(self._pushed, time.monotonic() - self._started) if interrupted else self._pushed
        self._cut.clear()
        self._pushed = 0.0
        self.on_playback_finished(playback_position=position, interrupted=interrupted)
