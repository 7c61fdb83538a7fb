"""Tells the configured URLs what happens in the rooms, as livekit-server does.

Each event is POSTed as `application/webhook+json`; the Authorization header is a JWT, signed with the API
secret, that holds the SHA-256 of the body. Events of one room arrive in order; a failed delivery is
repeated and holds up the later ones. https://docs.livekit.io/intro/basics/rooms-participants-tracks/webhooks-events/
"""

import asyncio
import base64
import hashlib
import logging
import time
from collections.abc import Sequence
from typing import Self

import aiohttp
import jwt
from google.protobuf.json_format import MessageToJson
from livekit.protocol import models as m
from livekit.protocol import webhook as wh

from local.livekit.embedded.ids import new_id

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_RETRY_WAITS_SECONDS = (1.0, 2.0, 4.0, 8.0)
_TOKEN_SECONDS = 300


class WebhookNotifier:
    def __init__(self, urls: Sequence[str], key: str, secret: str) -> None:
        self._urls = urls
        self._key = key
        self._secret = secret
        self._last: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=_TIMEOUT)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session:
            await self._session.close()

    def notify(
        self,
        event: str,
        room: m.Room,
        participant: m.ParticipantInfo | None = None,
        track: m.TrackInfo | None = None,
    ) -> None:
        """Deliver in the background. `event` is a name such as room_started or participant_left."""
        message = wh.WebhookEvent(
            event=event,
            room=room,
            participant=participant,
            track=track,
            id=new_id("EV"),
            created_at=int(time.time()),
        )
        body = MessageToJson(message, indent=None).encode()
        for url in self._urls:
            previous = self._last.get((room.name, url))
            task = asyncio.create_task(self._deliver(previous, url, event, body))
            self._last[room.name, url] = task
            self._tasks.add(task)
            task.add_done_callback(lambda done, key=(room.name, url): self._forget(key, done))

    def _forget(self, key: tuple[str, str], task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if self._last.get(key) is task:
            del self._last[key]

    async def _deliver(self, previous: asyncio.Task[None] | None, url: str, event: str, body: bytes) -> None:
        if previous:
            await asyncio.wait([previous])
        for wait in (*_RETRY_WAITS_SECONDS, None):
            problem = await self._post(url, body)
            if problem is None:
                return
            if wait is None:
                log.warning("webhook %s to %s dropped: %s", event, url, problem)
                return
            log.info("webhook %s to %s failed (%s), again in %g s", event, url, problem, wait)
            await asyncio.sleep(wait)

    async def _post(self, url: str, body: bytes) -> str | None:
        """What went wrong, if something did. A 4xx answer is final, as in the real server."""
        assert self._session
        headers = {"Authorization": self._sign(body), "Content-Type": "application/webhook+json"}
        try:
            async with self._session.post(url, data=body, headers=headers) as response:
                again = response.status >= 500 or response.status == 429
                return f"status {response.status}" if again else None
        except (aiohttp.ClientError, TimeoutError) as error:
            return repr(error)

    def _sign(self, body: bytes) -> str:
        now = int(time.time())
        checksum = base64.b64encode(hashlib.sha256(body).digest()).decode()
        claims = {"iss": self._key, "nbf": now, "exp": now + _TOKEN_SECONDS, "sha256": checksum}
        return jwt.encode(claims, self._secret, algorithm="HS256")
