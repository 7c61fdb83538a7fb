"""The real google-genai client against the stand-in, and a caller who speaks recorded lines into it."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

from google.genai import Client, types
from google.genai.live import AsyncSession

from local.gemini import GeminiLive, Options
from local.gemini.conversation import Conversation
from local.gemini.mouth import Pace
from local.scenario import Scenario
from local.speech import Pcm, silence, speech_for
from local.tls import Certificates, ensure_certificates

CALLER = "+14155550123"
MODEL = "gemini-3.8-live"
NOW = datetime(2026, 11, 5, 9, 0, tzinfo=ZoneInfo("America/Los_Angeles"))
INSTRUCTION = f"You answer the phone. The caller's number is {CALLER}."
TOOL = types.FunctionDeclaration(
    name="google_calendar_list_events",
    description="Lists events.",
    parameters=types.Schema(
        type=types.Type.OBJECT,
        properties={"start": types.Schema(type=types.Type.STRING)},
    ),
)


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="gemini-tls-")


@cache
def _certificates() -> Certificates:
    """Shared by all tests, as is the context below: making either takes longer than most tests."""
    return ensure_certificates(Path(_folder().name))


@cache
def _tls(certificates: Certificates) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificates.bundle))


@dataclass(frozen=True)
class StandIn:
    gemini: GeminiLive
    certificates: Certificates

    def connect(self, model: str = MODEL, **config: Any) -> AbstractAsyncContextManager[AsyncSession]:
        """Connect as the worker does, with changes to the usual configuration."""
        client = Client(
            api_key="a-key", vertexai=False, http_options=http_options(self.gemini, self.certificates)
        )
        return client.aio.live.connect(model=model, config=live_config(**config))

    async def register(self, script: Scenario, caller: str = CALLER) -> Conversation:
        return await self.gemini.calls.register(caller, script, NOW)

    def tls(self) -> ssl.SSLContext:
        return _tls(self.certificates)

    def control(self, path: str) -> str:
        return f"http://127.0.0.1:{self.gemini.control_port}/_local/{path}"


@asynccontextmanager
async def stand_in(pace: Pace | None = None, state: Path | None = None) -> AsyncGenerator[StandIn]:
    """Its speech is sent at once unless `pace` says otherwise."""
    certificates = _certificates()
    options = Options(certificates.cert, certificates.key, state=state, pace=pace or Pace(speed=0))
    async with GeminiLive(options) as gemini:
        yield StandIn(gemini, certificates)


@asynccontextmanager
async def call(
    script: Scenario, pace: Pace | None = None, **config: Any
) -> AsyncGenerator[tuple[Conversation, AsyncSession]]:
    """A connection that plays `script`; with a scripted greeting it has yet to be asked for."""
    async with stand_in(pace) as peer:
        conversation = await peer.register(script)
        conversation.greeted = not script.greeting
        async with peer.connect(**config) as session:
            yield conversation, session


def http_options(gemini: GeminiLive, certificates: Certificates) -> types.HttpOptions:
    return types.HttpOptions(
        base_url=f"https://127.0.0.1:{gemini.port}",
        api_version="v1beta",
        async_client_args={"ssl": _tls(certificates)},
    )


def live_config(**changes: Any) -> types.LiveConnectConfig:
    config: dict[str, Any] = {
        "response_modalities": [types.Modality.AUDIO],
        "system_instruction": INSTRUCTION,
        "tools": [types.Tool(function_declarations=[TOOL])],
        "input_audio_transcription": types.AudioTranscriptionConfig(),
        "output_audio_transcription": types.AudioTranscriptionConfig(),
        "session_resumption": types.SessionResumptionConfig(),
        "context_window_compression": types.ContextWindowCompressionConfig(
            sliding_window=types.SlidingWindow()
        ),
    }
    return types.LiveConnectConfig(**config | changes)


class Reply:
    """What the model sent until a condition held."""

    def __init__(self) -> None:
        self.said = ""
        self.heard = ""
        self.audio = b""
        self.calls: list[types.FunctionCall] = []
        self.messages: list[types.LiveServerMessage] = []

    def add(self, message: types.LiveServerMessage) -> None:
        self.messages.append(message)
        content = message.server_content
        if content and content.output_transcription:
            self.said += content.output_transcription.text or ""
        if content and content.input_transcription:
            self.heard += content.input_transcription.text or ""
        for part in (content and content.model_turn and content.model_turn.parts) or []:
            self.audio += (part.inline_data and part.inline_data.data) or b""
        if message.tool_call:
            self.calls += message.tool_call.function_calls or []

    @property
    def handle(self) -> str | None:
        updates = [m.session_resumption_update for m in self.messages if m.session_resumption_update]
        return updates[-1].new_handle if updates else None


def turn_complete(message: types.LiveServerMessage) -> bool:
    return bool(message.server_content and message.server_content.turn_complete)


def answered(message: types.LiveServerMessage) -> bool:
    """Everything is said, if not yet heard."""
    return bool(message.server_content and message.server_content.generation_complete)


def interrupted(message: types.LiveServerMessage) -> bool:
    return bool(message.server_content and message.server_content.interrupted)


def handle_given(message: types.LiveServerMessage) -> bool:
    return message.session_resumption_update is not None


def tool_called(message: types.LiveServerMessage) -> bool:
    return message.tool_call is not None


async def read(
    session: AsyncSession, until: Callable[[types.LiveServerMessage], bool], seconds: float = 10
) -> Reply:
    """Everything up to the message for which `until` holds."""
    reply = Reply()
    async with asyncio.timeout(seconds):
        while True:
            async for message in session.receive():
                reply.add(message)
                if until(message):
                    return reply


async def ask(session: AsyncSession, text: str, *, note: str | None = None) -> None:
    """`note` comes before it."""
    parts = [types.Part(text=part) for part in (note, text) if part is not None]
    await session.send_client_content(turns=types.Content(role="user", parts=parts), turn_complete=True)


async def speak(session: AsyncSession, text: str, pause: float = 0.4) -> None:
    """A caller's line and the silence after it, faster than real time: the stand-in counts samples."""
    await play(session, speech_for(text, "caller") + silence(pause))


async def play(session: AsyncSession, pcm: Pcm) -> None:
    for at in range(0, len(pcm.data), 1600):
        blob = types.Blob(data=pcm.data[at : at + 1600], mime_type="audio/pcm;rate=16000")
        await session.send_realtime_input(audio=blob)


async def answer_tool(session: AsyncSession, call: types.FunctionCall, output: str) -> None:
    response = types.FunctionResponse(id=call.id, name=call.name, response={"output": output})
    await session.send_tool_response(function_responses=response)


def scenario(**parts: Any) -> Scenario:
    return Scenario.model_validate({"name": "test", "dials": "+14155550100", **parts})
