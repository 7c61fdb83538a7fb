"""The caller's end of a call as the exchange sees it: a telephone on a WebSocket, or nobody at all.

A telephone sends and receives µ-law frames of 20 ms as binary messages. JSON text messages go beside
them: moments of the call to the telephone; `{"press": "5"}` and `{"hang_up": true}` from it.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Protocol

import numpy as np
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from local.phone import g711
from local.phone.audio import VoiceDetector, tone
from local.phone.timeline import Moment
from local.twilio.voices import spoken

_SENDER_FRAMES = 100
"""A telephone that does not read for two seconds loses frames."""


class RecordLimits(BaseModel):
    max_seconds: float
    silence_seconds: float
    """Stop after so much silence; 0: never."""
    finish_keys: str


class Recorded(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    pcm: g711.Pcm
    digits: str
    """The key that ended it, if one did."""


class Line(Protocol):
    def tell(self, moment: Moment) -> None:
        """Let the caller's end know what happened."""
        ...

    def send(self, frame: bytes) -> None:
        """20 ms for the caller to hear."""
        ...

    def connect(self, hear: Callable[[bytes], None], press: Callable[[str], None]) -> None:
        """From now on the caller's frames and keys go there."""
        ...

    def disconnect(self) -> None:
        """The caller's frames and keys go nowhere."""
        ...

    async def play(self, pcm: g711.Pcm) -> None:
        """Returns when the caller has heard it."""
        ...

    async def say(self, text: str) -> None:
        """The same for words."""
        ...

    async def pause(self, seconds: float) -> None: ...

    async def record(self, limits: RecordLimits) -> Recorded:
        """What the caller says until a limit. Cancelled, `recorded_so_far` has what there was."""
        ...

    recorded_so_far: g711.Pcm

    async def close(self) -> None: ...


async def in_real_time(frames: list[bytes], send: Callable[[bytes], None]) -> None:
    """One frame every 20 ms; returns when the last has had its time."""
    clock = g711.Clock()
    sent = 0
    while sent < len(frames):
        due = await clock.frames_due()
        send(b"".join(frames[sent : sent + due]))
        sent += due
    await clock.frames_due()


_NOTHING: g711.Pcm = np.zeros(0, np.int16)


class PhoneLine:
    """A telephone connected by WebSocket. `serve` reads it until it hangs up."""

    def __init__(self, socket: web.WebSocketResponse) -> None:
        self._socket = socket
        self._out: asyncio.Queue[bytes | str | None] = asyncio.Queue()
        self._hear: Callable[[bytes], None] = _ignore
        self._press: Callable[[str], None] = _ignore
        self.recorded_so_far = _NOTHING

    async def serve(self, hang_up: Callable[[], None]) -> None:
        """Returns after `close`, when the telephone has been told how the call ended, or when it vanished.

        `hang_up` is called when the caller hangs up, or vanishes.
        """
        sender = asyncio.create_task(self._send_all())
        try:
            async for message in self._socket:
                if message.type == web.WSMsgType.BINARY:
                    for frame in g711.split(message.data):
                        self._hear(frame)
                elif message.type == web.WSMsgType.TEXT:
                    signal = json.loads(message.data)
                    if "press" in signal:
                        self._press(signal["press"])
                    if signal.get("hang_up"):
                        hang_up()
        finally:
            hang_up()
            self._out.put_nowait(None)
            await sender

    def tell(self, moment: Moment) -> None:
        self._out.put_nowait(json.dumps(moment.as_json()))

    def send(self, frame: bytes) -> None:
        if self._out.qsize() < _SENDER_FRAMES:
            self._out.put_nowait(frame)

    def connect(self, hear: Callable[[bytes], None], press: Callable[[str], None]) -> None:
        self._hear, self._press = hear, press

    def disconnect(self) -> None:
        self._hear = self._press = _ignore

    async def play(self, pcm: g711.Pcm) -> None:
        await in_real_time(g711.frames(pcm), self.send)

    async def say(self, text: str) -> None:
        await self.play(await spoken(text))

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def record(self, limits: RecordLimits) -> Recorded:
        loop = asyncio.get_running_loop()
        detector = VoiceDetector(gap_seconds=0.5)
        frames: list[bytes] = []
        pressed: asyncio.Future[str] = loop.create_future()
        started = loop.time()

        def hear(frame: bytes) -> None:
            frames.append(frame)
            detector.hear(g711.decode(frame), loop.time())

        def press(digit: str) -> None:
            if digit in limits.finish_keys and not pressed.done():
                pressed.set_result(digit)

        self.connect(hear, press)
        deadline = started + limits.max_seconds
        try:
            while not pressed.done() and loop.time() < deadline:
                await asyncio.wait({pressed}, timeout=min(0.1, deadline - loop.time()))
                quiet_since = detector.speeches[-1].end if detector.speeches else started
                if limits.silence_seconds and loop.time() - quiet_since >= limits.silence_seconds:
                    break
        finally:
            self.disconnect()
            self.recorded_so_far = g711.decode(b"".join(frames))
        return Recorded(pcm=self.recorded_so_far, digits=pressed.result() if pressed.done() else "")

    async def close(self) -> None:
        """Send what is queued, then end the connection."""
        self._out.put_nowait(None)

    async def _send_all(self) -> None:
        while (message := await self._out.get()) is not None:
            try:
                if isinstance(message, bytes):
                    await self._socket.send_bytes(message)
                else:
                    await self._socket.send_str(message)
            except ConnectionError:
                return
        await self._socket.close()


class Nobody(BaseModel):
    """What a call without a telephone does: TwiML is followed, and nothing takes time."""

    model_config = ConfigDict(extra="forbid")

    dial: str = Field(default="completed", pattern="^(completed|busy|no-answer|failed)$")
    """What every `<Dial>` results in."""
    dial_seconds: float = Field(default=0, ge=0)
    """How long a completed one lasts."""
    message_seconds: float = Field(default=1, ge=0)
    """How long the caller speaks into a `<Record>`."""


class NoLine:
    """The line of a call that has no telephone."""

    def __init__(self, nobody: Nobody) -> None:
        self.nobody = nobody
        self.recorded_so_far = _NOTHING

    def tell(self, moment: Moment) -> None: ...

    def send(self, frame: bytes) -> None: ...

    def connect(self, hear: Callable[[bytes], None], press: Callable[[str], None]) -> None: ...

    def disconnect(self) -> None: ...

    async def play(self, pcm: g711.Pcm) -> None: ...

    async def say(self, text: str) -> None: ...

    async def pause(self, seconds: float) -> None: ...

    async def record(self, limits: RecordLimits) -> Recorded:
        return Recorded(pcm=tone((440.0,), min(self.nobody.message_seconds, limits.max_seconds)), digits="")

    async def close(self) -> None: ...


def _ignore(_: object) -> None:
    return None
