"""One WebSocket: its setup, then whatever the client sends until either side ends it."""

import asyncio
import json
import struct
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web

from local.gemini.calls import Calls
from local.gemini.conversation import Conversation
from local.gemini.hearing import RATE, Ear
from local.gemini.mouth import Mouth, Pace
from local.gemini.setup import INVALID_ARGUMENT, Refused, Setup, parse_setup
from local.gemini.wire import Json, camel, decode_bytes, texts
from local.scenario import Misbehave

SILENCE_MS = 300
_STAMP = struct.Struct("<q")
_STALE_NS = 5_000_000_000


class Connection:
    setup: Setup
    mouth: Mouth

    def __init__(
        self,
        socket: web.WebSocketResponse,
        request: web.Request,
        calls: Calls,
        pace: Pace,
        refuse: Callable[[float], None],
        latencies_ns: list[int],
    ) -> None:
        self.heard_seconds = 0.0
        self._socket = socket
        self._request = request
        self._calls = calls
        self._pace = pace
        self._refuse = refuse
        self._latencies_ns = latencies_ns
        self._activity_since = 0.0
        self._closer: asyncio.Task[None] | None = None

    async def run(self, backend: str) -> None:
        try:
            first = camel(json.loads(await self._receive_text()))
            self.setup = parse_setup(first, backend)
            conversation = self._calls.conversation_for(self.setup)
            self._note(conversation, "setup", json.dumps(first["setup"], ensure_ascii=False))
        except Refused as refusal:
            await self._socket.close(code=refusal.code, message=refusal.reason.encode()[:123])
            return
        except (json.JSONDecodeError, ConnectionError):
            await self._socket.close(code=INVALID_ARGUMENT, message=b"Request contains an invalid argument.")
            return
        self.mouth = Mouth(self.send, self._pace, transcribes=self.setup.hears_itself_written)
        self._ear = Ear(self.setup.silence_ms or SILENCE_MS)
        await self.send({"setupComplete": {"sessionId": conversation.name}})
        await conversation.attach(self)
        try:
            await self._serve(conversation)
        finally:
            conversation.detach(self)
            if self._closer:
                self._closer.cancel()

    async def _receive_text(self) -> str:
        """The next message. Raises `ConnectionError` at the end of the connection."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return message.data
        if message.type is WSMsgType.BINARY:
            return message.data.decode()
        raise ConnectionResetError

    async def _serve(self, conversation: Conversation) -> None:
        while True:
            try:
                message = camel(json.loads(await self._receive_text()))
                if conversation.line is self:
                    await self._take(conversation, message)
            except ConnectionError:
                return

    async def _take(self, conversation: Conversation, message: Json) -> None:
        if "realtimeInput" in message:
            await self._take_realtime(conversation, message["realtimeInput"])
        elif "clientContent" in message:
            content: Json = message["clientContent"]
            said = texts(content.get("turns") or [])
            for text in said:
                self._note(conversation, "content", text)
            if content.get("turnComplete"):
                # livekit-plugins-google ends a request with a turn that is only "."
                await conversation.asked(next((t for t in reversed(said) if t.strip(". ")), ""))
        elif "toolResponse" in message:
            for response in message["toolResponse"].get("functionResponses") or []:
                self._note(conversation, "tool_response", json.dumps(response, ensure_ascii=False))
                conversation.tool_answered(response)
        else:
            reason = f"UNIMPLEMENTED in the stand-in: {', '.join(message)}"
            await self._socket.close(code=INVALID_ARGUMENT, message=reason.encode()[:123])

    async def _take_realtime(self, conversation: Conversation, message: Json) -> None:
        chunk = message.get("audio") or next(iter(message.get("mediaChunks") or []), None)
        if chunk:
            await self._hear(conversation, decode_bytes(chunk["data"]))
        if "text" in message:
            self._note(conversation, "text", message["text"])
            await conversation.asked(message["text"])
        if "activityStart" in message:
            self._activity_since = time.monotonic()
            await conversation.caller_started()
        if "activityEnd" in message:
            await conversation.caller_ended(round((time.monotonic() - self._activity_since) * 1000))

    async def _hear(self, conversation: Conversation, pcm: bytes) -> None:
        self.heard_seconds += len(pcm) / 2 / RATE
        if self._pace.stamped:
            pcm = self._without_stamp(pcm)
        for heard in self._ear.hear(pcm):
            if not self.setup.detects_activity:
                continue
            if heard.kind == "started":
                await conversation.caller_started()
            else:
                await conversation.caller_ended(heard.speech_ms)

    def _without_stamp(self, pcm: bytes) -> bytes:
        if len(pcm) < _STAMP.size:
            return pcm
        age = time.monotonic_ns() - _STAMP.unpack_from(pcm)[0]
        if not 0 < age < _STALE_NS:
            return pcm
        self._latencies_ns.append(age)
        return bytes(_STAMP.size) + pcm[_STAMP.size :]

    # --- what a conversation needs

    async def send(self, message: Json) -> None:
        await self._socket.send_str(json.dumps(message))

    async def misbehave(self, step: Misbehave) -> bool:
        match step.misbehave:
            case "go_away":
                await self.send({"goAway": {"timeLeft": f"{step.seconds:g}s"}})
                self._closer = asyncio.create_task(self._close_later(step.seconds))
                return True
            case "close_1007":
                await self._close(INVALID_ARGUMENT, "Request contains an invalid argument.")
            case "close_1011":
                await self._close(1011, "Internal error encountered.")
            case "refuse_connections":
                self._refuse(step.seconds)
                await self._close(1011, "The service is currently unavailable.")
            case _:
                assert self._request.transport
                self._request.transport.abort()
        return False

    async def _close_later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._close(1001, "The connection's time is over.")

    async def _close(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode())

    def _note(self, conversation: Conversation, kind: str, text: str) -> None:
        note: dict[str, Any] = {"at_ms": time.time() * 1000, "call": conversation.name, "kind": kind}
        self._calls.sent.append({**note, "text": text})
