"""The other end of a `<Dial>`: a SIP call, another telephone, or a result that a test has chosen."""

import asyncio
from collections.abc import Callable
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from local.phone import g711
from local.phone.sip_bridge import CallRefused
from local.twilio.lines import Nobody, in_real_time
from local.twilio.voices import spoken


class Leg(Protocol):
    hear: Callable[[bytes], None]
    """Where the far end's frames go once it has answered."""

    async def ring(self) -> None:
        """Returns when answered; raises `CallRefused`."""
        ...

    def send(self, frame: bytes) -> None:
        """20 ms of the caller's voice."""
        ...

    def press(self, digit: str) -> None: ...

    async def ended(self) -> None:
        """Waits until the far end hangs up."""
        ...

    async def hang_up(self) -> None: ...


class SecondPhone(BaseModel):
    """How the telephone behind a number reacts when a call is forwarded to it."""

    model_config = ConfigDict(extra="forbid")

    does: Literal["answer", "busy", "no_answer"] = "answer"
    after_seconds: float = Field(default=0.5, ge=0)
    says: str = "Yes, I am here. Please go on."
    hangs_up_after_seconds: float | None = None
    """Counted from the end of what it says; None: stays until the caller hangs up."""


class SecondPhoneLeg:
    def __init__(self, phone: SecondPhone) -> None:
        self._phone = phone
        self._talk: asyncio.Task[None] | None = None
        self._ended = asyncio.Event()
        self.hear: Callable[[bytes], None] = lambda _: None

    async def ring(self) -> None:
        await asyncio.sleep(self._phone.after_seconds)
        if self._phone.does == "busy":
            raise CallRefused(486, "Busy Here")
        if self._phone.does == "no_answer":
            await asyncio.Event().wait()
        self._talk = asyncio.create_task(self._say())

    def send(self, frame: bytes) -> None: ...

    def press(self, digit: str) -> None: ...

    async def ended(self) -> None:
        await self._ended.wait()

    async def hang_up(self) -> None:
        if self._talk:
            self._talk.cancel()
            await asyncio.gather(self._talk, return_exceptions=True)
        self._ended.set()

    async def _say(self) -> None:
        await in_real_time(g711.frames(await spoken(self._phone.says)), lambda frame: self.hear(frame))
        if self._phone.hangs_up_after_seconds is not None:
            await asyncio.sleep(self._phone.hangs_up_after_seconds)
            self._ended.set()


_REFUSALS = {
    "busy": (486, "Busy Here"),
    "no-answer": (408, "Request Timeout"),
    "failed": (503, "Unavailable"),
}


class ChosenLeg:
    """For calls without a telephone: the result of dialling is part of the test."""

    def __init__(self, nobody: Nobody) -> None:
        self._nobody = nobody
        self.hear: Callable[[bytes], None] = lambda _: None

    async def ring(self) -> None:
        if self._nobody.dial in _REFUSALS:
            raise CallRefused(*_REFUSALS[self._nobody.dial])

    def send(self, frame: bytes) -> None: ...

    def press(self, digit: str) -> None: ...

    async def ended(self) -> None:
        await asyncio.sleep(self._nobody.dial_seconds)

    async def hang_up(self) -> None: ...
