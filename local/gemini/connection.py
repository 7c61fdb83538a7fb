"""One WebSocket: its setup, then whatever the client sends until either side ends it."""

import asyncio
import json
import logging
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from local.gemini.calls import Calls
from local.gemini.conversation import Conversation
from local.gemini.hearing import RATE, Ear
from local.gemini.mouth import Mouth, Pace
from local.gemini.setup import INVALID_ARGUMENT, Refused, Setup, parse_setup
from local.gemini.wire import Json, camel, decode_bytes, texts
from local.scenario import Misbehave

log = logging.getLogger(__name__)

_REASON_BYTES = 123  # RFC 6455: a close frame has 125, two of them for the code
_STAMP = struct.Struct("<8h")
_STALE_NS = 5_000_000_000
_FRAME_BYTES = RATE // 50 * 2


@dataclass(frozen=True)
class Service:
    """What all connections share."""

    calls: Calls
    refuse: Callable[[float], None]
    """Let nobody in for so many seconds."""
    pace: Pace
    silence_ms: int
    latencies_ns: list[int] = field(default_factory=list[int])
    """With stamped sound: how long the caller's was under way."""


class Connection:
    setup: Setup
    mouth: Mouth

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, service: Service) -> None:
        self.heard_seconds = 0.0
        self._socket = socket
        self._request = request
        self._service = service
        self._activity_since = 0.0
        self._closer: asyncio.Task[None] | None = None

    async def run(self, backend: str) -> None:
        """Until either side ends the connection. `backend` is "gemini_api" or "vertex_ai"."""
        conversation: Conversation | None = None
        try:
            conversation = await self._set_up(backend)
            while True:
                message = camel(json.loads(await self._receive_text()))
                if conversation.line is self:
                    await self._take(conversation, message)
        except Refused as refusal:
            await self._close(refusal.code, refusal.reason)
        except (ValueError, KeyError):
            await self._close(INVALID_ARGUMENT, "Request contains an invalid argument.")
        except ConnectionError:
            log.debug("the client is gone")
        finally:
            if conversation:
                conversation.detach(self)
            if self._closer:
                self._closer.cancel()

    async def _set_up(self, backend: str) -> Conversation:
        first = camel(json.loads(await self._receive_text()))
        self.setup = parse_setup(first, backend)
        conversation = self._service.calls.conversation_for(self.setup)
        self._note(conversation, "setup", json.dumps(first["setup"], ensure_ascii=False))
        self.mouth = Mouth(self.send, self._service.pace, transcribes=self.setup.hears_itself_written)
        self._ear = Ear(self.setup.silence_ms or self._service.silence_ms)
        await self.send({"setupComplete": {"sessionId": conversation.name}})
        await conversation.attach(self)
        return conversation

    async def _receive_text(self) -> str:
        """The next message. Raises `ConnectionError` at the end of the connection."""
        message = await self._socket.receive()
        if message.type is WSMsgType.TEXT:
            return message.data
        if message.type is WSMsgType.BINARY:
            return message.data.decode()
        raise ConnectionResetError

    async def _take(self, conversation: Conversation, message: Json) -> None:
        if "realtimeInput" in message:
            await self._take_realtime(conversation, message["realtimeInput"])
        elif "clientContent" in message:
            content: Json = message["clientContent"]
            said = texts(content.get("turns") or [])
            for text in said:
                self._note(conversation, "content", text)
                conversation.told(text)
            if content.get("turnComplete"):
                # livekit-plugins-google ends a request with a turn that is only "."
                await conversation.asked(next((t for t in reversed(said) if t.strip(". ")), ""))
        elif "toolResponse" in message:
            for response in message["toolResponse"].get("functionResponses") or []:
                self._note(conversation, "tool_response", json.dumps(response, ensure_ascii=False))
                conversation.tool_answered(response)
        else:
            raise Refused(INVALID_ARGUMENT, f"UNIMPLEMENTED in the stand-in: {', '.join(message)}")

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
        if self._service.pace.stamped:
            pcm = self._without_stamps(pcm)
        self.heard_seconds += len(pcm) / 2 / RATE
        for heard in self._ear.hear(pcm):
            if not self.setup.detects_activity:
                continue
            if heard.kind == "started":
                await conversation.caller_started()
            else:
                await conversation.caller_ended(heard.speech_ms)

    def _without_stamps(self, pcm: bytes) -> bytes:
        """The caller stamps frames of 20 ms; a client may send parts of them, or several together."""
        sound, now = bytearray(pcm), time.monotonic_ns()
        before = round(self.heard_seconds * 2 * RATE)
        for at in range(-before % _FRAME_BYTES, len(pcm) - _STAMP.size + 1, _FRAME_BYTES):
            samples = _STAMP.unpack_from(pcm, at)
            age = now - int.from_bytes(bytes(samples), "little") if _are_bytes(samples) else 0
            if 0 < age < _STALE_NS:
                self._service.latencies_ns.append(age)
                sound[at : at + _STAMP.size] = bytes(_STAMP.size)
        return bytes(sound)

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
                self._service.refuse(step.seconds)
                await self._close(1011, "The service is currently unavailable.")
            case _:
                assert self._request.transport
                self._request.transport.abort()
        return False

    async def _close_later(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._close(1001, "The connection's time is over.")

    async def _close(self, code: int, reason: str) -> None:
        await self._socket.close(code=code, message=reason.encode()[:_REASON_BYTES])

    def _note(self, conversation: Conversation, kind: str, text: str) -> None:
        note: dict[str, Any] = {"at_ms": time.time() * 1000, "call": conversation.name, "kind": kind}
        self._service.calls.sent.append({**note, "text": text})


def _are_bytes(samples: tuple[int, ...]) -> bool:
    return all(0 <= sample < 256 for sample in samples)
