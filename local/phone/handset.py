"""The telephone in the caller's hand: a connection to the exchange that carries voice, keys and moments."""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Self

import aiohttp

from local.phone import g711
from local.phone.audio import VoiceDetector
from local.phone.recorder import Recorder
from local.phone.timeline import Moment

_CONNECT_SECONDS = 10.0
_LEAVE_SECONDS = 15.0
"""For the exchange to say how the call ended, which it does at once unless the machine is very busy."""
_KEY_SECONDS = 0.2
_SPEECH_GAP_SECONDS = 0.4
"""Pauses between words; a longer one separates what the far end says."""


class NoConnection(Exception):
    """The exchange cannot be reached, or has no such number."""


class CallOver(Exception):
    """The call ended while the caller was waiting or speaking."""


class Handset:
    """One call. Entering the context dials, leaving it hangs up."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        exchange_url: str,
        caller: str,
        called: str,
        on_moment: Callable[[Moment], None] = lambda _: None,
    ) -> None:
        self._http = http
        self._url = f"{exchange_url}/_local/phone"
        self._numbers = {"from": caller, "to": called}
        self._loop = asyncio.get_running_loop()
        self._to_say: deque[bytes] = deque()
        self._tick = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._rings_in_band = False
        self._tell = on_moment
        self.moments: list[Moment] = []
        self.heard = VoiceDetector(_SPEECH_GAP_SECONDS)
        self.recorder = Recorder(self._loop.time())
        self.answered = False
        self.over = False

    async def __aenter__(self) -> Self:
        self.note("dialed", number=self._numbers["to"])
        try:
            async with asyncio.timeout(_CONNECT_SECONDS):
                self._socket = await self._http.ws_connect(self._url, params=self._numbers, compress=0)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NoConnection(f"{self._numbers['to']} cannot be dialled: {error or 'no answer'}") from error
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._speak())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.over:
            self.note("hung_up")
            await self._signal({"hang_up": True})
        await asyncio.wait(self._tasks[:1], timeout=_LEAVE_SECONDS)  # the exchange says how the call ended
        await self._socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def now(self) -> float:
        return self._loop.time()

    def note(self, name: str, **data: object) -> None:
        self._keep(Moment.now(name, **data))

    def _keep(self, moment: Moment) -> None:
        self.moments.append(moment)
        self._tell(moment)

    async def say(self, pcm: g711.Pcm) -> None:
        """Returns when the last frame was sent; raises `CallOver`."""
        self._to_say.extend(g711.frames(pcm))
        await self.until(lambda: not self._to_say, float("inf"))

    async def press(self, keys: str) -> None:
        for key in keys:
            await self._signal({"press": key})
            await self.wait(_KEY_SECONDS)

    async def wait(self, seconds: float) -> None:
        await self.until(lambda: False, seconds)

    async def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Whether `condition` became true in time, looked at every 20 ms; raises `CallOver`."""
        deadline = self.now + seconds
        while not condition():
            if self.over:
                raise CallOver
            if self.now >= deadline:
                return False
            await self._tick.wait()
        return True

    async def _signal(self, signal: dict[str, object]) -> None:
        try:
            await self._socket.send_str(json.dumps(signal))
        except ConnectionError:
            self._end()

    async def _listen(self) -> None:
        async for message in self._socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                self.recorder.put("heard", message.data, self.now)
                if not self._rings_in_band:
                    for frame in g711.split(message.data):
                        self.heard.hear(g711.decode(frame), self.now)
            elif message.type == aiohttp.WSMsgType.TEXT:
                self._on_moment(Moment(**json.loads(message.data)))
        self._end()

    def _on_moment(self, moment: Moment) -> None:
        self._keep(moment)
        match moment.name:
            case "answered":
                self.answered = True
            case "ringback":
                self._rings_in_band = True
            case "dial_answered" | "dial_failed" | "redirected":
                self._rings_in_band = False
            case "ended":
                self._end()
            case _:
                pass

    async def _speak(self) -> None:
        """One frame every 20 ms from the answer on, of speech or of silence; each time is a tick."""
        clock = g711.Clock()
        while not self.over:
            due = await clock.frames_due()
            if self.answered:
                frames = [self._to_say.popleft() if self._to_say else g711.SILENCE for _ in range(due)]
                sound = b"".join(frames)
                try:
                    await self._socket.send_bytes(sound)
                except ConnectionError:
                    self._end()
                self.recorder.put("caller", sound, self.now)
            self._wake()

    def _end(self) -> None:
        self.over = True
        self._wake()

    def _wake(self) -> None:
        self._tick.set()
        self._tick = asyncio.Event()
