"""LiveKit's server API: rooms, participants and agent dispatches, through the official client.

Failures are `UnavailableError`; what is already gone counts as done.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
from livekit import api

from shared.errors import UnavailableError
from shared.models.session import RoomMetadata
from shared.settings import LiveKitSettings

TIMEOUT_SECONDS = 2.5
"""For one call, failover to another region included. A caller hears ringing meanwhile."""

CLIENT_TIMEOUT_SECONDS = 10.0
"""What the client is told. Below 5 s it would switch its failover between regions off."""

CONNECT_TIMEOUT_SECONDS = 1.5

EMPTY_TIMEOUT_SECONDS = 60
"""LiveKit closes a room that nobody joined after so long."""

DEPARTURE_TIMEOUT_SECONDS = 20
"""LiveKit closes a room after the last participant left; long enough for a lost agent's replacement."""


class LiveKitGateway:
    """Make one per event loop; `aclose` it."""

    def __init__(self, settings: LiveKitSettings) -> None:
        self.agent_name = settings.agent_name
        self._settings = settings
        self._client: api.LiveKitAPI | None = None

    def _api(self) -> api.LiveKitAPI:
        if self._client is None:
            timeout = aiohttp.ClientTimeout(total=CLIENT_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
            self._client = api.LiveKitAPI(
                self._settings.livekit_url,
                self._settings.livekit_api_key,
                self._settings.livekit_api_secret.get_secret_value(),
                timeout=timeout,
            )
        return self._client

    async def create_room(self, room: str, metadata: RoomMetadata) -> None:
        """Make the room and dispatch an agent to it. One that exists stays as it is, with one agent."""
        text = metadata.model_dump_json()
        request = api.CreateRoomRequest(
            name=room,
            metadata=text,
            empty_timeout=EMPTY_TIMEOUT_SECONDS,
            departure_timeout=DEPARTURE_TIMEOUT_SECONDS,
            agents=[api.RoomAgentDispatch(agent_name=self.agent_name, metadata=text)],
        )
        async with _livekit_call("create room"):
            await self._api().room.create_room(request)

    async def delete_room(self, room: str) -> None:
        """Everybody in it is disconnected: a caller's phone leg ends within milliseconds."""
        async with _livekit_call("delete room", gone_is_done=True):
            await self._api().room.delete_room(api.DeleteRoomRequest(room=room))

    async def create_dispatch(self, room: str, metadata: RoomMetadata) -> None:
        """Ask once more for an agent. LiveKit does not look whether one is there: the caller of this must."""
        request = api.CreateAgentDispatchRequest(
            room=room, agent_name=self.agent_name, metadata=metadata.model_dump_json()
        )
        async with _livekit_call("create dispatch"):
            await self._api().agent_dispatch.create_dispatch(request)

    async def list_participants(self, room: str) -> list[api.ParticipantInfo]:
        """Empty for a room that does not exist."""
        async with _livekit_call("list participants", gone_is_done=True):
            response = await self._api().room.list_participants(api.ListParticipantsRequest(room=room))
            return list(response.participants)
        return []

    async def remove_participant(self, room: str, identity: str) -> None:
        async with _livekit_call("remove participant", gone_is_done=True):
            await self._api().room.remove_participant(
                api.RoomParticipantIdentity(room=room, identity=identity)
            )

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


@asynccontextmanager
async def _livekit_call(what: str, *, gone_is_done: bool = False) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            yield
    except api.ServerError as error:
        if gone_is_done and error.code == api.ServerErrorCode.NOT_FOUND:
            return
        raise UnavailableError(f"LiveKit: {what}: {error.code}: {error.message}") from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise UnavailableError(f"LiveKit: {what}: {type(error).__name__}: {error}") from error
