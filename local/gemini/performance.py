"""One reply of the model: its steps in order, until they are done or somebody stops it."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime
from itertools import count

from local.gemini.journal import Journal
from local.gemini.line import Line
from local.gemini.mouth import RATE
from local.gemini.text_to_speech import UNSPEAKABLE
from local.gemini.wire import Json, strings
from local.scenario import AgentStep, CallTool, Misbehave, Say, fill_dates
from local.speech import MissingSpeech, speech_for

TOOL_RESULT_SECONDS = 60.0
_NOT_RESUMABLE = {"sessionResumptionUpdate": {"resumable": False}}
"""Sent while the model speaks or waits for a function: https://ai.google.dev/api/live#sessionresumptionupdate"""
_numbers = count(1)


class Performance:
    def __init__(self, steps: Sequence[AgentStep], line: Line, journal: Journal, now: datetime) -> None:
        self.left = list(steps)
        """The steps that are not finished; the first is going on."""
        self.called: list[CallTool] = []
        """Functions whose results have come."""
        self.tool_id: str | None = None
        """Of the function call whose result is awaited."""
        self.task: asyncio.Task[None] | None = None
        self._line = line
        self._journal = journal
        self._now = now
        self.silent = False
        """Deaf and mute, because the scenario says so."""
        self._sending = False
        self._result: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._aside: asyncio.Task[None] | None = None

    @property
    def audible(self) -> bool:
        return self._sending or self._line.mouth.audible

    @property
    def blocked(self) -> bool:
        """Waiting for a BLOCKING function, which the caller's next words cancel."""
        return self.tool_id is not None and self._line.setup.functions[self._called.call]

    async def run(self) -> bool:
        """Whether it got to the end; not when the model fell silent or its connection broke."""
        try:
            if self._line.setup.resumable:
                await self._line.send(_NOT_RESUMABLE)
            while self.left:
                if not await self._do(self.left[0]):
                    return False
                self.left.pop(0)
            await self._line.mouth.finish(self._line.heard_seconds)
        except ConnectionError:  # the client left in mid-sentence; its connection reports the end
            return False
        return True

    def stop(self) -> None:
        for task in (self.task, self._aside):
            if task:
                task.cancel()

    def then(self, steps: Sequence[AgentStep]) -> None:
        self.left += steps

    async def _do(self, step: AgentStep) -> bool:
        """Whether the reply goes on."""
        if isinstance(step, Say):
            await self._speak(step.say)
        elif isinstance(step, CallTool):
            await self._call(step)
        else:
            return await self._misbehave(step)
        return True

    # --- speaking

    async def _speak(self, text: str) -> None:
        try:
            pcm = await asyncio.to_thread(speech_for, text, "agent", RATE)
        except MissingSpeech as error:
            self._journal.error(str(error))
            text = UNSPEAKABLE
            pcm = await asyncio.to_thread(speech_for, text, "agent", RATE)
        self._journal.add("first_audio", text=text, seconds=round(pcm.seconds, 3))
        self._sending = True
        try:
            await self._line.mouth.say(text, pcm)
        finally:
            self._sending = False

    def say_aside(self, text: str) -> None:
        """A filler while a function runs; the reply goes on once it has been heard."""

        async def aside() -> None:
            await self._speak(text)
            await self._line.mouth.finish(self._line.heard_seconds)

        self._aside = asyncio.create_task(aside())

    # --- functions

    @property
    def _called(self) -> CallTool:
        step = self.left[0]
        assert isinstance(step, CallTool)
        return step

    async def _call(self, step: CallTool) -> None:
        declared = self._line.setup.functions
        if step.call not in declared:
            names = ", ".join(sorted(declared)) or "none"
            self._journal.error(f"function {step.call} is not declared (declared: {names})")
            return
        self.tool_id = f"function-call-{time.time_ns() // 1_000_000}-{next(_numbers)}"
        call = {"id": self.tool_id, "name": step.call, "args": fill_dates(step.arguments, self._now)}
        self._journal.add("tool_call", **call)
        await self._line.send({"toolCall": {"functionCalls": [call]}})
        try:
            response = await asyncio.wait_for(self._result, TOOL_RESULT_SECONDS)
        except TimeoutError:
            self._journal.error(f"no result of {step.call} within {TOOL_RESULT_SECONDS:.0f} s")
            return
        finally:
            self.tool_id = None
            self._result = asyncio.get_running_loop().create_future()
        self.called.append(step)
        self._check(step, response)
        if self._aside:
            await asyncio.wait({self._aside})

    def take_result(self, response: Json) -> None:
        """The result of the function call that is awaited."""
        if not self._result.done():
            self._result.set_result(response)

    def _check(self, step: CallTool, response: Json) -> None:
        answer = response.get("response") or {}
        text = "\n".join(strings(answer))
        self._journal.add("tool_result", name=step.call, text=text, is_error="error" in answer)
        for expected in fill_dates(step.expect, self._now):
            if expected not in text:
                self._journal.error(f"expected text not in the result of {step.call}: {expected!r}")

    async def cancel_tool(self) -> None:
        self._journal.add("tool_call_cancelled", id=self.tool_id)
        await self._line.send({"toolCallCancellation": {"ids": [self.tool_id]}})

    # --- bad days

    async def _misbehave(self, step: Misbehave) -> bool:
        self._journal.add("misbehaves", kind=step.misbehave, seconds=step.seconds)
        if step.misbehave == "stay_silent":
            self.silent = True
            await asyncio.sleep(step.seconds)
            self.silent = False
            goes_on = step.seconds > 0
        else:
            goes_on = await self._line.misbehave(step)
        if not goes_on:
            self.left.pop(0)
        return goes_on
