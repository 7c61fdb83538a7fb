"""The connection to Gemini, as cheap for the caller's sound as it can be.

Fifty frames a second go out in every call. The client validates, converts and serialises each with what all
its messages share, in 35 µs; but a frame is always the same few words of JSON around base64.
"""

# The client's session is rebuilt over the same socket, which only its private members allow; their
# annotations are partial.
# pyright: reportPrivateUsage=false, reportUnknownMemberType=false

import base64
from typing import Any

from google.genai import types
from google.genai.live import AsyncSession


class ModelLine(AsyncSession):
    def __init__(self, session: AsyncSession) -> None:
        """Takes the place of `session`, which is connected and has been used for nothing yet."""
        super().__init__(session._api_client, session._ws, session.session_id, session.setup_complete)
        self._socket: Any = session._ws

    async def send_realtime_input(self, **given: Any) -> None:
        match given:
            case {"audio": types.Blob(data=bytes(sound), mime_type=str(mime_type)), **nothing} if not nothing:
                await self._socket.send(_message(sound, mime_type))
            case _:
                await super().send_realtime_input(**given)


def _message(sound: bytes, mime_type: str) -> str:
    data = base64.urlsafe_b64encode(sound).decode("ascii")
    return f'{{"realtime_input": {{"audio": {{"data": "{data}", "mime_type": "{mime_type}"}}}}}}'
