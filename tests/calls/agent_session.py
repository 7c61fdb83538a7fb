"""The spoken half of a call in one process: the real session and model classes, a caller in memory, and the
Gemini stand-in behind a real WebSocket."""

import asyncio
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any
from unittest import mock

from livekit.agents import llm

from local.gemini.conversation import Conversation as Peer
from local.gemini.mouth import Pace
from local.scenario import Scenario
from local.speech import silence, speech_for
from shared.models.agent import Agent
from shared.services import agent_prompt
from tests.contract.gemini_client import INSTRUCTION, StandIn, stand_in
from tests.memory_audio import MemoryInput, MemoryOutput
from tests.waiting import eventually
from worker.call_watch import CallWatch, Due
from worker.conversation import Conversation
from worker.gemini import PhoneModel
from worker.settings import WorkerSettings


class SpokenCall:
    """Reacts to its model as `worker.call.Call` does, without lease, log and room."""

    def __init__(
        self, peer: Peer, tls: Any, tools: list[Any], settings: WorkerSettings, speed: float, model: str
    ) -> None:
        agent = Agent(name="a", instructions="b", model=model)
        self.peer = peer
        self.turns: list[tuple[str, str, bool]] = []
        self.dues: list[Due] = []
        self.connections = 0
        self.closed_by_error: bool | None = None
        self.lost: list[str] = []
        self.unknown: list[str] = []
        self.called_off = 0
        self.watch = CallWatch(agent, time.monotonic)
        self.input, self.output = MemoryInput(), MemoryOutput(speed)
        phone_model = PhoneModel(agent, settings, tls, self.watch, self)
        self.conversation = Conversation(phone_model, INSTRUCTION, tools, self)
        self.conversation.session.input.audio = self.input
        self.conversation.session.output.audio = self.output
        self._tasks: list[asyncio.Task[None]] = []

    def greet(self, sentence: str) -> asyncio.Future[bool]:
        return self.conversation.ask(f'Greet the caller with exactly: "{sentence}"')

    def say(self, text: str, pause: float = 0.8) -> None:
        self.input.push((speech_for(text, "caller") + silence(pause)).data)

    def spoken(self, speaker: str) -> list[str]:
        return [text for who, text, _ in self.turns if who == speaker]

    async def hears(self, text: str, seconds: float = 10) -> None:
        await eventually(
            lambda: any(text in said for said in self.spoken("agent")), f"hears {text!r}", seconds=seconds
        )

    async def keep_watch(self) -> None:
        while True:
            await asyncio.sleep(0.05)
            for due in self.watch.due():
                self.dues.append(due)
                if due == "ask_model_again":
                    self.conversation.ask(agent_prompt.answer_again())
                elif due == "reconnect_model":
                    self.conversation.reconnect_model()

    async def _ask_for_the_rest(self, said: str) -> None:
        await self.conversation.played_out()
        self.conversation.ask(agent_prompt.go_on(said))

    def connected(self) -> None:
        self.connections += 1

    def functions_called_off(self) -> None:
        self.called_off += 1

    def reply_began(self) -> None: ...

    def reply_broke_off(self) -> None: ...

    def reply_lost(self, said: str) -> None:
        self.lost.append(said)
        self._tasks.append(asyncio.create_task(self._ask_for_the_rest(said)))

    def turn_added(self, speaker: str, text: str, *, interrupted: bool, at: datetime, turn: str) -> None:
        self.turns.append((speaker, text, interrupted))

    def caller_transcribed(self) -> None: ...

    def functions_answered(self, unknown: list[str]) -> None:
        self.unknown += unknown
        self.watch.reply_owed()

    def agent_speaks(self, speaking: bool) -> None:
        self.watch.agent_speaks(speaking)

    def conversation_closed(self, error: bool) -> None:
        self.closed_by_error = error


@asynccontextmanager
async def spoken_call(
    script: Scenario,
    tools: list[Any] | None = None,
    *,
    speed: float = 20.0,
    pace: Pace | None = None,
    refuse_for: float = 0.0,
    model: str = "gemini-3.8-live",
) -> AsyncGenerator[tuple[SpokenCall, StandIn]]:
    """A conversation that plays `script`; without a scripted greeting the caller's first turn is next."""
    async with stand_in(pace) as gemini:
        peer = await gemini.register(script)
        peer.greeted = not script.greeting
        gemini.gemini.refuse_for(refuse_for)
        settings = WorkerSettings.model_validate(
            {
                "google_cloud_project": "laptop",
                "livekit_url": "ws://unused",
                "livekit_api_key": "unused",
                "livekit_api_secret": "unused",
                "gemini_api_key": "a-key",
            }
        )
        url = f"https://127.0.0.1:{gemini.gemini.port}"
        with mock.patch.dict(os.environ, {"GOOGLE_GEMINI_BASE_URL": url}):
            call = SpokenCall(peer, gemini.tls(), tools or [], settings, speed, model)
            watching = asyncio.create_task(call.keep_watch())
            try:
                await call.conversation.start(None, llm.ChatContext.empty())
                yield call, gemini
            finally:
                watching.cancel()
                await call.conversation.session.aclose()
