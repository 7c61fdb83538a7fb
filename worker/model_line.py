"""The connection to Gemini, as cheap for sound as it can be.

Fifty frames a second go out in every call, and as many come in while the agent speaks. The client validates,
converts and serialises each with what all its messages share, in 35 µs going out and 110 coming in; but a
frame is always the same few words of JSON around base64. And a quarter of what sending one costs is the wait
for the socket in a task of its own, though a socket that is fast enough for a call takes it at once.
"""

import base64
import json
from typing import Any

from google.genai import types
from google.genai.live import AsyncSession
from websockets.exceptions import ConnectionClosed, InvalidState


class ModelLine(AsyncSession):
    def __init__(self, session: AsyncSession) -> None:
        """Takes the place of `session`, which is connected and has been used for nothing yet."""
        super().__init__(session._api_client, session._ws, session.session_id, session.setup_complete)
        self._socket: Any = session._ws

    def send_sound(self, sound: bytes, mime_type: str) -> bool:
        """False: the connection is being closed. What the network does not take yet waits in memory."""
        try:
            self._socket.protocol.send_text(_message(sound, mime_type))
        except InvalidState:
            return False
        self._socket.send_data()
        return True

    async def _receive(self) -> types.LiveServerMessage:
        try:
            received = await self._socket.recv(decode=False)
        except ConnectionClosed:
            return await super()._receive()  # the client's own error, for the socket says it again
        message = _only_sound(received)
        if message is not None:
            return message
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


def _only_sound(received: bytes) -> types.LiveServerMessage | None:
    """The message, if a piece of the model's speech is all that is in it."""
    match json.loads(received or b"{}"):
        case {
            "serverContent": {
                "modelTurn": {
                    "parts": [{"inlineData": {"data": str(data), "mimeType": str(mime_type)}, **part}],
                    **turn,
                },
                **content,
            },
            **message,
        } if not (part or content or message or turn.keys() - {"role"}):
            said = types.Part(inline_data=types.Blob(data=_decoded(data), mime_type=mime_type))
            content = types.LiveServerContent(model_turn=types.Content(parts=[said], role=turn.get("role")))
            return types.LiveServerMessage(server_content=content)
        case _:
            return None


def _decoded(data: str) -> bytes:
    """Base64 of either alphabet, with or without padding, as pydantic takes it."""
    return base64.b64decode(data.translate(_STANDARD) + "=" * (-len(data) % 4))


_STANDARD = str.maketrans("-_", "+/")


def _message(sound: bytes, mime_type: str) -> bytes:
    data = base64.urlsafe_b64encode(sound)
    return b'{"realtime_input": {"audio": {"data": "%b", "mime_type": "%b"}}}' % (data, mime_type.encode())
