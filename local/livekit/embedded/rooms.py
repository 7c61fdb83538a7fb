"""All rooms of the server: created on request, closed when nobody needs them."""

import asyncio
import time

from livekit.protocol import models as m
from livekit.protocol import room as rm

from local.livekit.embedded.agents import AgentPool
from local.livekit.embedded.config import Config
from local.livekit.embedded.errors import TwirpError
from local.livekit.embedded.ids import new_id
from local.livekit.embedded.room import Room
from local.livekit.embedded.webhooks import WebhookNotifier

_IDLE_CHECK_SECONDS = 1


class Rooms:
    def __init__(self, config: Config, agents: AgentPool, webhooks: WebhookNotifier) -> None:
        self._config = config
        self._agents = agents
        self._webhooks = webhooks
        self._rooms: dict[str, Room] = {}

    def __iter__(self):
        return iter(list(self._rooms.values()))

    def find(self, name: str) -> Room | None:
        return self._rooms.get(name)

    def get(self, name: str) -> Room:
        room = self._rooms.get(name)
        if room is None:
            raise TwirpError("not_found", "requested room does not exist")
        return room

    def create(self, request: rm.CreateRoomRequest) -> Room:
        """An existing room is returned as it is: neither its settings change nor does an agent come."""
        if room := self._rooms.get(request.name):
            return room
        now_ms = int(time.time() * 1000)
        info = m.Room(
            sid=new_id("RM"),
            name=request.name,
            metadata=request.metadata,
            empty_timeout=request.empty_timeout or self._config.empty_timeout,
            departure_timeout=request.departure_timeout or self._config.departure_timeout,
            max_participants=request.max_participants,
            creation_time=now_ms // 1000,
            creation_time_ms=now_ms,
            enabled_codecs=[m.Codec(mime="audio/opus")],
        )
        room = Room(info, self._agents, self._webhooks, self._forget)
        self._rooms[request.name] = room
        room.dispatch_all(request.agents)
        return room

    def _forget(self, room: Room) -> None:
        self._rooms.pop(room.name, None)

    async def close_idle_forever(self) -> None:
        while True:
            await asyncio.sleep(_IDLE_CHECK_SECONDS)
            for room in self:
                await room.close_if_idle()

    async def close_all(self) -> None:
        for room in self:
            await room.close(m.SERVER_SHUTDOWN)
            await room.drain()
