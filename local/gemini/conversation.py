"""One call as the model sees it, across all its connections."""

import asyncio
import re
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any

from local.gemini.hearing import END_MS, speech_ms
from local.gemini.journal import Journal
from local.gemini.late_end import LateEnd
from local.gemini.line import Line
from local.gemini.performance import Performance
from local.gemini.wire import Json
from local.scenario import AgentStep, CallTool, Misbehave, Say, Scenario, Turn
from local.speech import speech_for

REST_OF_LINE_SECONDS = 2.0
"""How long to wait for the rest when the caller stopped in the middle of a line."""
_TAGS = re.compile(r"</?instructions>")
_ORDERED = re.compile(r'\s*(?:Say|Greet)\b[^"]*"(.+)"\s*(.*)', re.DOTALL)
"""A request that begins so is for these very words, and for more when there is a second group …"""
_OFFERED = re.compile(r'\bsay: "(.+)"', re.DOTALL | re.IGNORECASE)
"""… and one like this for them when there is nothing else to say."""
_INTRODUCTION = (
    "I am the laptop's stand-in for the model. I can hear that you speak, but I do not understand words. "
    "Play a scenario to see me use tools."
)
_HELLO = "Hello, how can I help you?"
_STILL_HERE = "Yes, I am here. Please go on."


class Conversation:
    """Progress belongs to the call, not to a connection: a client that reconnects finds it where it was.

    `script` None is a hand-made call: the model greets as told and says that it is a stand-in.
    """

    def __init__(
        self,
        name: str,
        script: Scenario | None,
        now: datetime,
        on_progress: Callable[["Conversation"], None] = lambda _: None,
    ) -> None:
        self.name = name
        self.script = script
        self.now = now
        self.journal = Journal(name)
        self.next_turn = 0
        self.greeted = False
        self.line: Line | None = None
        self._on_progress = on_progress
        self._handles = 0
        self._reply: Performance | None = None
        self._lost: list[AgentStep] = []
        """Steps that a broken connection cut off, and functions that were called since the handle by which it
        can be resumed: of those the model knows nothing then. Done when the client asks for a reply."""
        self._heard_ms = 0
        self._rest_timer: asyncio.TimerHandle | None = None
        self._late_end = LateEnd()
        self._tasks: set[asyncio.Task[None]] = set()

    # --- connections

    async def attach(self, line: Line) -> None:
        if self.line:
            self.journal.add("replaced_connection")
            self.detach(self.line)
        self.line = line
        self.journal.add("setup", model=line.setup.model, functions=sorted(line.setup.functions))
        await self._offer_handle()

    def detach(self, line: Line) -> None:
        if self.line is not line:
            return
        self.line = None
        if self._reply:
            self._lose(self._reply)
        self.journal.add("disconnected", lost_steps=len(self._lost))

    def _lose(self, reply: Performance) -> None:
        self._lost = [*reply.called, *reply.left]
        reply.stop()
        self._reply = None

    async def _offer_handle(self) -> None:
        if self.line and self.line.setup.resumable:
            self._handles += 1
            update = {"newHandle": f"{self.name}/{self._handles}", "resumable": True}
            await self.line.send({"sessionResumptionUpdate": update})

    # --- the client asks for a reply

    def told(self, text: str) -> None:
        """Who reads what a function returned does not call it again."""
        for step in self._lost:
            if isinstance(step, CallTool) and f'"{step.call}"' in text:
                self._lost.remove(step)
                break

    async def asked(self, request: str) -> None:
        """`request` is the text of the client's last content."""
        request = _TAGS.sub("", request)
        ordered = _ORDERED.match(request)
        phrase: list[AgentStep] = [Say(say=ordered[1])] if ordered else []
        self.journal.add("reply_asked" if self.greeted else "greeting_asked", ordered=bool(ordered))
        if self._reply and self._reply.silent:
            return
        if not self.greeted:
            scripted = self.script.greeting if self.script else []
            await self._start(scripted or phrase or [Say(say=_HELLO)], greets=True)
        elif self._reply and self._reply.tool_id:
            if ordered:
                self._reply.say_aside(ordered[1])
        elif ordered and ordered[2]:  # these words, "then" what is still to be said
            await self._start([*phrase, *self._lost])
        else:
            await self._start(phrase or self._unordered_steps(request))

    def _unordered_steps(self, request: str) -> Sequence[AgentStep]:
        """What was cut off, else what the request offers, else the turn in which the caller says nothing."""
        turn = self._turn(self.next_turn)
        if self._lost:
            return self._lost
        if offered := _OFFERED.search(request):
            return [Say(say=offered[1])]
        if turn and turn.caller is None:
            self._advance(self.next_turn + 1)
            return turn.agent
        return [Say(say=_STILL_HERE)]

    # --- the caller speaks

    async def caller_started(self) -> None:
        self.journal.add("caller_speech_start")
        if self._rest_timer:
            self._rest_timer.cancel()
        if self._late_end.begins():
            return
        reply, line = self._reply, self.line
        if not line or not line.setup.interruptible:
            return
        audible = line.mouth.audible or (reply is not None and reply.audible)
        if reply and reply.blocked:
            await reply.cancel_tool()
        elif reply and reply.tool_id:  # a NON_BLOCKING function: the reply waits on
            reply = None
        elif not audible:
            return
        if reply:
            self._cut_short(reply)
        if audible:
            await self._interrupt(line)

    async def caller_ended(self, heard_ms: int) -> None:
        """`heard_ms`: how long the caller spoke since `caller_started`."""
        if self._reply and self._reply.silent:
            return
        if self._late_end.was(heard_ms):
            self.journal.add("caller_late_end", heard_ms=heard_ms)
            return
        self._heard_ms += heard_ms
        number = self._next_spoken_turn()
        turn = self._turn(number)
        expected_ms, whole_ms = await _line_ms(turn.caller) if turn and turn.caller else (0, 0)
        self.journal.add("caller_speech_end", heard_ms=self._heard_ms, expected_ms=expected_ms, turn=number)
        if self._heard_ms < expected_ms - max(200, expected_ms * 0.15):
            loop = asyncio.get_running_loop()
            self._rest_timer = loop.call_later(REST_OF_LINE_SECONDS, self._give_up_line, number, expected_ms)
            return
        self._late_end = LateEnd(missing_ms=whole_ms - self._heard_ms)
        self._heard_ms = 0
        if turn:
            self._advance(number + 1)
            if turn.written:
                await self._transcribe(turn.caller or "")
            await self._start(turn.agent)
        elif self.script:
            self.journal.error("the caller spoke after the scenario's last turn")
        else:
            await self._transcribe("(speech)")
            await self._start([Say(say=_INTRODUCTION)])

    def _give_up_line(self, number: int, expected_ms: int) -> None:
        self.journal.error(f"turns.{number}: heard {self._heard_ms} ms of a line that lasts {expected_ms} ms")
        self._heard_ms = 0

    async def _transcribe(self, text: str) -> None:
        if not self.line or not self.line.setup.hears_caller_written:
            return
        words = text.split()
        middle = (len(words) + 1) // 2
        for part in filter(None, (words[:middle], words[middle:])):
            await self.line.send({"serverContent": {"inputTranscription": {"text": " " + " ".join(part)}}})

    # --- replies

    def tool_answered(self, response: Json) -> None:
        number = response.get("id")
        if self._reply and self._reply.tool_id and number == self._reply.tool_id:
            if response.get("scheduling") == "SILENT":
                # https://ai.google.dev/gemini-api/docs/live-tools#async-function-calling
                self.journal.add("silent_tool_result", name=response.get("name"))
                self._cut_short(self._reply)
            else:
                self._reply.take_result(response)
        else:
            self.journal.add("unexpected_tool_result", id=number, name=response.get("name"))

    async def _start(self, steps: Sequence[AgentStep], *, greets: bool = False) -> None:
        if not self.line:
            return
        if self._reply and self._reply.tool_id:
            self._reply.then(steps)
            return
        if self._reply:
            self._cut_short(self._reply)
            await self._interrupt(self.line)
        self._perform(steps, self.line, greets=greets)

    def _perform(self, steps: Sequence[AgentStep], line: Line, *, greets: bool = False) -> Performance:
        self._reply = reply = Performance(steps, line, self.journal, self.now)
        self._lost = []

        async def run() -> None:
            if await reply.run():
                self.journal.add("turn_done", next_turn=self.next_turn)
                self._reply = None
                if greets:
                    self._greeted()
                await self._offer_handle()
            elif self._reply is reply:
                self._lose(reply)

        reply.task = self._spawn(run())
        return reply

    def _cut_short(self, reply: Performance) -> None:
        """For good: whoever is interrupted does not say the rest."""
        reply.stop()
        self._reply = None
        self._greeted()
        self.journal.add("reply_cut_short", unfinished_steps=len(reply.left))

    async def _interrupt(self, line: Line) -> None:
        self.journal.add("interrupted")
        await line.mouth.interrupt(line.heard_seconds)

    async def misbehave(self, step: Misbehave) -> None:
        """At once, whatever the script says. The reply that goes on is lost with its connection."""
        self.journal.add("misbehaves", kind=step.misbehave, seconds=step.seconds)
        if step.misbehave == "stay_silent":
            await self._start([step])
        elif self.line:
            await self.line.misbehave(step)

    # --- the script

    def _turn(self, number: int) -> Turn | None:
        turns = self.script.turns if self.script else []
        return turns[number] if number < len(turns) else None

    def _next_spoken_turn(self) -> int:
        number = self.next_turn
        while (turn := self._turn(number)) and turn.caller is None:
            number += 1
        return number

    def _advance(self, number: int) -> None:
        self.next_turn = number
        self._on_progress(self)

    def _greeted(self) -> None:
        self.greeted = True
        self._on_progress(self)

    def status(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "scenario": self.script.name if self.script else None,
            "next_turn": self.next_turn,
            "turns": len(self.script.turns) if self.script else 0,
            "connected": self.line is not None,
            "speaking": self._reply is not None,
            "errors": self.journal.errors,
            "events": self.journal.events,
        }

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self.journal.error(f"the stand-in failed: {error!r}")


async def _line_ms(text: str) -> tuple[int, int]:
    """The least that has to be heard of a line, and all that can be."""
    pcm = (await asyncio.to_thread(speech_for, text, "caller")).data
    return speech_ms(pcm), speech_ms(pcm, END_MS)
