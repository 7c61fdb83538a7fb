"""The stand-in for Gemini Live, driven by livekit-plugins-google's RealtimeModel as an agent session does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from google.genai import types
from livekit import rtc
from livekit.agents import llm
from livekit.plugins.google.realtime import RealtimeModel
from livekit.plugins.google.realtime.realtime_api import RealtimeSession

from local.gemini.conversation import Conversation
from local.gemini.mouth import Pace
from local.scenario import Scenario
from local.speech import silence, speech_for
from tests.contract.gemini_client import INSTRUCTION, MODEL, http_options, scenario, stand_in
from tests.waiting import eventually

pytestmark = pytest.mark.contract

HELLO = "Hello, how can I help you?"
QUESTION = "What is on my calendar tomorrow?"
ANSWER = "No, we are closed on Saturday."
LONG_ANSWER = "We are open from Monday to Friday, next to the ferry terminal."
THANKS = "Thank you, goodbye."
WELCOME = "You are welcome. Goodbye."
LOOK_UP = {"call": "look_up", "arguments": {"day": "{tomorrow}"}, "expect": ["Team meeting"]}


class Caller:
    """Both ends of one plugin session: what is pushed in, and the replies that came out."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.replies: asyncio.Queue[llm.GenerationCreatedEvent] = asyncio.Queue()
        self.transcript = ""
        self.interruptions = 0
        self.metrics: list[Any] = []
        session.on("generation_created", self.replies.put_nowait)
        session.on("input_audio_transcription_completed", self._transcribed)
        session.on("input_speech_started", self._interrupted)
        session.on("metrics_collected", self.metrics.append)

    def _transcribed(self, event: llm.InputTranscriptionCompleted) -> None:
        if event.is_final:
            self.transcript = event.transcript

    def _interrupted(self, _: object) -> None:
        self.interruptions += 1

    def say(self, text: str) -> None:
        pcm = speech_for(text, "caller") + silence(0.4)
        for at in range(0, len(pcm.data), 320):
            data = pcm.data[at : at + 320]
            self.session.push_audio(rtc.AudioFrame(data, pcm.rate, 1, len(data) // 2))

    async def reply(self) -> tuple[str, float, list[llm.FunctionCall]]:
        """Words, seconds of sound and function calls of the next reply."""
        async with asyncio.timeout(10):
            return await _all_of(await self.replies.get())


async def _all_of(event: llm.GenerationCreatedEvent) -> tuple[str, float, list[llm.FunctionCall]]:
    text, seconds = "", 0.0
    async for message in event.message_stream:
        text += "".join([str(piece) async for piece in message.text_stream])
        seconds += sum([frame.duration async for frame in message.audio_stream])
    return text, seconds, [call async for call in event.function_stream]


@asynccontextmanager
async def plugin(script: Scenario, pace: Pace | None = None) -> AsyncGenerator[tuple[Conversation, Caller]]:
    @llm.function_tool(
        raw_schema={
            "name": "look_up",
            "description": "Looks up a day.",
            "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
        }
    )
    async def look_up(raw_arguments: dict[str, object]) -> str:
        raise AssertionError("the session calls functions, not the model")

    async with stand_in(pace) as peer:
        conversation = await peer.register(script)
        conversation.greeted = not script.greeting
        model = RealtimeModel(
            model=MODEL,
            api_key="a-key",
            instructions=INSTRUCTION,
            http_options=http_options(peer.gemini, peer.certificates),
            context_window_compression=types.ContextWindowCompressionConfig(
                sliding_window=types.SlidingWindow()
            ),
        )
        session = model.session()
        try:
            await session.update_tools([look_up])
            await eventually(lambda: conversation.line and "look_up" in conversation.line.setup.functions)
            yield conversation, Caller(session)
        finally:
            await session.aclose()


async def test_a_greeting_is_asked_for_with_instructions():
    async with plugin(scenario(greeting=[{"say": HELLO}])) as (_, caller):
        await caller.session.generate_reply(instructions=f'Greet the caller with exactly: "{HELLO}"')
        text, seconds, calls = await caller.reply()
    assert text == HELLO
    assert seconds == pytest.approx(speech_for(HELLO, "agent").seconds, abs=0.01)
    assert calls == []


async def test_the_callers_words_lead_to_a_function_and_its_result_to_the_answer():
    script = scenario(turns=[{"caller": QUESTION, "agent": [LOOK_UP, {"say": ANSWER}]}])
    async with plugin(script) as (conversation, caller):
        caller.say(QUESTION)
        _, _, (called,) = await caller.reply()
        chat = caller.session.chat_ctx.copy()
        chat.items += [
            called,
            llm.FunctionCallOutput(
                call_id=called.call_id, name=called.name, output="Team meeting at 9:30", is_error=False
            ),
        ]
        await caller.session.update_chat_ctx(chat)
        text, seconds, _ = await caller.reply()
        # The reply that only called the function has its figures, too, and may have them first.
        await eventually(lambda: any(figures.output_tokens > 20 for figures in caller.metrics))
    assert caller.transcript == QUESTION
    assert called.arguments == '{"day": "2026-11-06"}'
    assert text == ANSWER
    assert seconds > 1
    assert conversation.journal.errors == []


async def test_the_caller_interrupts_and_gets_the_next_answer():
    script = scenario(
        turns=[
            {"caller": QUESTION, "agent": [{"say": LONG_ANSWER}]},
            {"caller": "And on Saturday?", "agent": [{"say": ANSWER}]},
        ]
    )
    async with plugin(script, Pace(speed=1)) as (conversation, caller):
        caller.say(QUESTION)
        async with asyncio.timeout(10):
            first = await caller.replies.get()
        await eventually(lambda: any(e["event"] == "first_audio" for e in conversation.journal.events))
        before = caller.interruptions
        caller.say("And on Saturday?")
        cut, seconds, _ = await _all_of(first)
        text, _, _ = await caller.reply()
    assert len(cut) < len(LONG_ANSWER)
    assert seconds < speech_for(LONG_ANSWER, "agent").seconds - 1
    assert caller.interruptions > before
    assert text == ANSWER


async def test_after_go_away_the_session_resumes_by_its_handle():
    script = scenario(
        turns=[
            {"caller": QUESTION, "agent": [{"say": ANSWER}, {"misbehave": "go_away", "seconds": 5}]},
            {"caller": THANKS, "agent": [{"say": WELCOME}]},
        ]
    )
    async with plugin(script) as (conversation, caller):
        caller.say(QUESTION)
        await caller.reply()
        before = len(_setups(conversation))
        await eventually(lambda: len(_setups(conversation)) > before)
        assert conversation.line
        assert conversation.line.setup.handle
        caller.say(THANKS)
        text, _, _ = await caller.reply()
    assert text == WELCOME
    assert conversation.journal.errors == []


def _setups(conversation: Conversation) -> list[dict[str, Any]]:
    return [event for event in conversation.journal.events if event["event"] == "setup"]
