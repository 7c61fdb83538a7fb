"""CreateRoom without the LiveKit client library, for the one place where its weight is heard: the phone.

Importing livekit-api costs a cold instance as much as Flask and Starlette together (it brings in aiohttp and
every LiveKit message), while a caller hears ringing. A Twirp call is one signed POST of JSON, and urllib3 is
loaded anyway, by Google's clients. Everything else that is asked of LiveKit goes through the library.

https://docs.livekit.io/reference/server/server-apis · https://twitchtv.github.io/twirp/docs/spec_v7.html
"""

import asyncio
import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import urllib3

from shared.errors import UnavailableError
from shared.settings import LiveKitSettings

TIMEOUT_SECONDS = 2.5
"""For one request, its retry included. A caller hears ringing meanwhile."""

CONNECT_TIMEOUT_SECONDS = 1.0

RETRIES = urllib3.Retry(total=1, connect=1, read=0, redirect=0, status=0, other=0)
"""Only where nothing has been sent yet."""

CONNECTIONS = 64
"""Requests at once, each on a thread of its own; further ones wait."""

_TOKEN_SECONDS = 60


class RoomCreator:
    """Opens connections with the first request, keeps them, and belongs to no event loop."""

    def __init__(self, settings: LiveKitSettings) -> None:
        self._settings = settings
        base = settings.livekit_url.replace("ws", "http", 1)
        self._url = f"{base}/twirp/livekit.RoomService/CreateRoom"
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            retries=RETRIES,
            timeout=urllib3.Timeout(connect=CONNECT_TIMEOUT_SECONDS, total=TIMEOUT_SECONDS),
        )
        self._threads = ThreadPoolExecutor(CONNECTIONS, thread_name_prefix="create-room")

    async def create_room(self, request: dict[str, Any]) -> None:
        """`request` is a CreateRoomRequest as JSON. Raises `UnavailableError`."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, body = await loop.run_in_executor(self._threads, self._post, request)
        except (urllib3.exceptions.HTTPError, TimeoutError) as error:
            raise UnavailableError(f"LiveKit: create room: {type(error).__name__}: {error}") from error
        if status != 200:
            raise UnavailableError(f"LiveKit: create room: {status} {body[:200].decode(errors='replace')}")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.clear()

    def _post(self, request: dict[str, Any]) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token()}"}
        response = self._pool.request("POST", self._url, body=json.dumps(request).encode(), headers=headers)
        return response.status, response.data

    def _token(self) -> str:
        """An access token that may create rooms. https://docs.livekit.io/home/get-started/authentication/"""
        now = int(time.time())
        claims = {
            "iss": self._settings.livekit_api_key,
            "nbf": now - 5,
            "exp": now + _TOKEN_SECONDS,
            "video": {"roomCreate": True},
        }
        return jwt.encode(claims, self._settings.livekit_secret.get_secret_value(), algorithm="HS256")
