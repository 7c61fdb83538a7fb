"""Messages go past the client's conversions; what arrives at either end is what they would make of it."""

import asyncio
import base64
import functools
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from google.genai import Client, errors, types
from google.genai.live import AsyncSession
from pydantic import ValidationError
from websockets.client import ClientProtocol
from websockets.exceptions import ConnectionClosedError
from websockets.frames import Close, Frame
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.uri import parse_uri

from tests.waiting import eventually
from worker import model_line
from worker.model_line import ModelLine

pytestmark = pytest.mark.unit

RAW, MIME_TYPE = bytes(range(256)) * 2 + b"\xfb\xff\xfe", "audio/pcm;rate=16000"


class FakeSocket:
    def __init__(self, state: State = State.OPEN) -> None:
        self.protocol = ClientProtocol(parse_uri("ws://gemini.test"), state=state)
        self.written = b""
        self.sent: list[Any] = []
        self.received: list[bytes] = []

    async def send(self, text: str) -> None:
        self.sent.append(json.loads(text))

    def send_data(self) -> None:
        self.written += b"".join(self.protocol.data_to_send())

    async def recv(self, decode: bool = True) -> bytes:
        if not self.received:
            raise ConnectionClosedError(Close(1011, "internal"), None)
        return self.received.pop(0)


@functools.cache
def client(vertex_ai: bool) -> Client:
    return Client(api_key="a-key", vertexai=vertex_ai)


def session_on(socket: FakeSocket, vertex_ai: bool = False) -> AsyncSession:
    return AsyncSession(client(vertex_ai)._api_client, socket)  # pyright: ignore[reportArgumentType]


LINES: tuple[Callable[[AsyncSession], AsyncSession], ...] = (lambda session: session, ModelLine)
"""The client's own, and ours."""


@pytest.mark.parametrize("vertex_ai", [False, True])
async def test_the_line_sends_sound_as_the_client_does(vertex_ai: bool) -> None:
    theirs, ours = FakeSocket(), FakeSocket()
    session, line = session_on(theirs, vertex_ai), ModelLine(session_on(ours, vertex_ai))
    await session.send_realtime_input(audio=types.Blob(data=RAW, mime_type=MIME_TYPE))
    assert line.send_sound(RAW, MIME_TYPE)
    assert [json.loads(text) for text in texts_in(ours.written)] == theirs.sent


@pytest.mark.parametrize("vertex_ai", [False, True])
async def test_the_line_sends_results_of_functions_as_the_client_does(vertex_ai: bool) -> None:
    results = [
        types.FunctionResponse(
            id="1", name="look_up", response={"output": '{"status": "ok", "ü": [1, null]}'}
        ),
        types.FunctionResponse(
            id="2", name="note", response={"error": "no"}, scheduling=types.FunctionResponseScheduling.SILENT
        ),
    ]
    sent: list[Any] = []
    for line_on in LINES:
        socket = FakeSocket()
        line = line_on(session_on(socket, vertex_ai))
        await line.send_tool_response(function_responses=results)
        sent.append(socket.sent)
    assert sent[0] == sent[1]


async def test_a_result_of_a_call_without_an_id_goes_out_without_one() -> None:
    socket = FakeSocket()
    line = ModelLine(session_on(socket))
    await line.send_tool_response(
        function_responses=[types.FunctionResponse(name="f", response={"output": "x"})]
    )
    response = {"name": "f", "response": {"output": "x"}}
    assert socket.sent == [{"tool_response": {"functionResponses": [response]}}]


async def test_a_line_that_is_being_closed_takes_no_sound() -> None:
    socket = FakeSocket(State.CLOSING)
    line = ModelLine(session_on(socket))
    assert not line.send_sound(RAW, MIME_TYPE)
    assert not socket.written


def texts_in(written: bytes) -> list[bytes]:
    """As the server at the other end reads them."""
    server = ServerProtocol(state=State.OPEN)
    server.receive_data(written)
    return [bytes(frame.data) for frame in server.events_received() if isinstance(frame, Frame)]


def speech(sound: bytes, **more: Any) -> dict[str, Any]:
    data = base64.b64encode(sound).decode()
    part = {"inlineData": {"data": data, "mimeType": "audio/pcm;rate=24000"}}
    return {"serverContent": {"modelTurn": {"parts": [part]}, **more}}


WITH_A_ROLE = speech(b"xyz")
WITH_A_ROLE["serverContent"]["modelTurn"]["role"] = "model"
A_THOUGHT = speech(b"xyz")
A_THOUGHT["serverContent"]["modelTurn"]["parts"][0]["thought"] = True
TWO_PARTS = speech(b"xyz")
TWO_PARTS["serverContent"]["modelTurn"]["parts"] *= 2


@pytest.mark.parametrize("vertex_ai", [False, True])
@pytest.mark.parametrize(
    "message",
    [
        speech(RAW),
        speech(b"x"),
        speech(b"xy"),
        speech(b""),
        WITH_A_ROLE,
        A_THOUGHT,
        TWO_PARTS,
        speech(b"xyz", interrupted=True),
        speech(b"xyz", outputTranscription={"text": "hello"}),
        {"serverContent": {"turnComplete": True}},
        {"serverContent": {"modelTurn": {"parts": [{"text": "hello"}]}}},
        {"toolCall": {"functionCalls": [{"id": "1", "name": "f", "args": {"day": "today"}}]}},
        {"usageMetadata": {"totalTokenCount": 3}, **speech(b"xyz")},
        {"goAway": {"timeLeft": "2.5s"}},
        {"serverContent": {"interrupted": True}},
        {"sessionResumptionUpdate": {"newHandle": "h", "resumable": True}},
        {"usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 2, "totalTokenCount": 3}},
        {"voiceActivity": {"type": "ACTIVITY_START", "audioOffset": "1s"}},
        {"serverContent": {"turnComplete": True, "notYetInvented": {"a": 1}}},
        {},
    ],
    ids=str,
)
async def test_the_line_makes_of_a_message_what_the_client_makes_of_it(
    message: dict[str, Any], vertex_ai: bool
) -> None:
    made: list[types.LiveServerMessage] = []
    for line_on in LINES:
        socket = FakeSocket()
        socket.received = [json.dumps(message).encode()]
        line = line_on(session_on(socket, vertex_ai))
        made.append(await line._receive())
        with pytest.raises(errors.APIError, match="internal") as closed:
            await line._receive()
        assert closed.value.code == 1011
    theirs, ours = made
    assert ours == theirs
    assert ours.model_dump(exclude_none=True) == theirs.model_dump(exclude_none=True)


@pytest.mark.parametrize("vertex_ai", [False, True])
@pytest.mark.parametrize("received", [b'{"error": {"code": 429, "message": "slow down"}}', b"no JSON"])
async def test_what_is_no_message_is_the_same_error(received: bytes, vertex_ai: bool) -> None:
    raised: list[Exception] = []
    for line_on in LINES:
        socket = FakeSocket()
        socket.received = [received]
        line = line_on(session_on(socket, vertex_ai))
        with pytest.raises(Exception) as error:
            await line._receive()
        raised.append(error.value)
    theirs, ours = raised
    assert (type(ours), str(ours)) == (type(theirs), str(theirs))
    assert not isinstance(ours.__context__, ValidationError)


@pytest.mark.parametrize("interrupted", [True, False])
async def test_the_voice_falls_silent_before_more_than_the_interruption_is_read(
    monkeypatch: pytest.MonkeyPatch, interrupted: bool
) -> None:
    silence, waits = asyncio.Event(), list[float]()

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        await silence.wait()

    monkeypatch.setattr(model_line, "asyncio", SimpleNamespace(sleep=sleep))
    socket = FakeSocket()
    for content in (
        {"interrupted": True} if interrupted else {"generationComplete": True},
        {"turnComplete": True},
    ):
        socket.received.append(json.dumps({"serverContent": content}).encode())
    line = ModelLine(session_on(socket))
    await line._receive()
    reading = asyncio.create_task(line._receive())
    if interrupted:
        await eventually(lambda: waits, "the rest waits", pause=0)
    silence.set()
    assert (await reading).server_content == types.LiveServerContent(turn_complete=True)
    assert waits == ([model_line.FALLS_SILENT_IN] if interrupted else [])
