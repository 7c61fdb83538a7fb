"""The connection to Gemini, as cheap as it can be.

Fifty frames a second go out in every call, and as many come in while the agent speaks. The client converts,
validates and serialises each with what all its messages share, in 35 µs going out and 95 coming in; but a
frame of the caller's is always the same few words of JSON around base64, and nearly everything that Gemini
says can be validated as it comes, in half the time, a short message in a quarter of it. And a quarter of what
sending a frame costs is the wait for the socket in a task of its own, though a socket that is fast enough for
a call takes it at once.
"""

import asyncio
import base64
import contextlib
import json
from collections.abc import Sequence
from typing import Any

from google.genai import types
from google.genai.live import AsyncSession
from pydantic import ValidationError
from websockets.exceptions import ConnectionClosed, InvalidState

FALLS_SILENT_IN = 0.002
"""Seconds that are left to the agent's voice when a caller cuts in. The end of its turn often comes along
with that, and dealing with it first would take as long again as falling silent; so it seems to come a moment
later, as at other times it does."""


class ModelLine(AsyncSession):
    def __init__(self, session: AsyncSession) -> None:
        """Takes the place of `session`, which is connected and has been used for nothing yet."""
        super().__init__(session._api_client, session._ws, session.session_id, session.setup_complete)
        self._socket: Any = session._ws
        self._interrupted = False

    def send_sound(self, sound: bytes, mime_type: str) -> bool:
        """False: the connection is being closed. What the network does not take yet waits in memory."""
        try:
            self._socket.protocol.send_text(_message(sound, mime_type))
        except InvalidState:
            return False
        self._socket.send_data()
        return True

    async def send_tool_response(  # pyright: ignore[reportIncompatibleMethodOverride] - it is always a list
        self, *, function_responses: Sequence[types.FunctionResponse]
    ) -> None:
        """What model and caller wait for: the client takes three times as long to put it into JSON.

        A result of a call that came without an id has none either, which the client refuses to send to the
        Gemini API.
        """
        said = [response.model_dump(mode="json", exclude_none=True) for response in function_responses]
        await self._socket.send(json.dumps({"tool_response": {"functionResponses": said}}))

    async def _receive(self) -> types.LiveServerMessage:
        if self._interrupted:
            await asyncio.sleep(FALLS_SILENT_IN)
        message = await self._next()
        content = message.server_content
        self._interrupted = content is not None and bool(content.interrupted)
        return message

    async def _next(self) -> types.LiveServerMessage:
        try:
            received = await self._socket.recv(decode=False)
        except ConnectionClosed:
            return await super()._receive()  # the client's own error, for the socket says it again
        with contextlib.suppress(ValidationError):  # Vertex AI has other names; a later version says more
            return types.LiveServerMessage.model_validate_json(received)
        return await self._read_by_client(received)

    async def _read_by_client(self, received: bytes) -> types.LiveServerMessage:
        self._ws: Any = _Received(received)
        try:
            return await super()._receive()
        finally:
            self._ws = self._socket


class _Received:
    """A socket on which one message has come."""

    def __init__(self, message: bytes) -> None:
        self._message = message

    async def recv(self, decode: bool = True) -> bytes:
        return self._message


def _message(sound: bytes, mime_type: str) -> bytes:
    data = base64.urlsafe_b64encode(sound)
    return b'{"realtime_input": {"audio": {"data": "%b", "mime_type": "%b"}}}' % (data, mime_type.encode())
