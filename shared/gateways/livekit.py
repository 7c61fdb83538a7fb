"""LiveKit's server API: rooms, participants and agent dispatches.

Failures are `UnavailableError`; what is already gone counts as done. The official client is imported with the
first call that needs it: answering the phone only creates a room, see `livekit_rooms`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from shared.errors import UnavailableError
from shared.gateways.livekit_rooms import RoomCreator
from shared.models.session import RoomMetadata
from shared.settings import LiveKitSettings

if TYPE_CHECKING:
    from livekit import api

TIMEOUT_SECONDS = 2.5
"""For one call, failover to another region included."""

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
        self._settings = settings
        self._rooms = RoomCreator(settings)
        self._client: api.LiveKitAPI | None = None

    async def create_room(self, room: str, metadata: RoomMetadata, agent_name: str) -> None:
        """Make the room and dispatch an agent to it. One that exists stays as it is, with one agent.

        `agent_name` is the release that the agent is asked of.
        """
        text = metadata.model_dump_json()
        await self._rooms.create_room(
            {
                "name": room,
                "metadata": text,
                "empty_timeout": EMPTY_TIMEOUT_SECONDS,
                "departure_timeout": DEPARTURE_TIMEOUT_SECONDS,
                "agents": [{"agent_name": agent_name, "metadata": text}],
            }
        )

    async def delete_room(self, room: str) -> None:
        """Everybody in it is disconnected: a caller's phone leg ends within milliseconds."""
        from livekit import api

        async with self._call("delete room", gone_is_done=True) as client:
            await client.room.delete_room(api.DeleteRoomRequest(room=room))

    async def create_dispatch(self, room: str, metadata: RoomMetadata, agent_name: str) -> None:
        """Ask once more for an agent. LiveKit does not look whether one is there: the caller of this must."""
        from livekit import api

        request = api.CreateAgentDispatchRequest(
            room=room, agent_name=agent_name, metadata=metadata.model_dump_json()
        )
        async with self._call("create dispatch") as client:
            await client.agent_dispatch.create_dispatch(request)

    async def list_participants(self, room: str) -> "list[api.ParticipantInfo]":
        """Empty for a room that does not exist."""
        from livekit import api

        participants: list[api.ParticipantInfo] = []
        async with self._call("list participants", gone_is_done=True) as client:
            response = await client.room.list_participants(api.ListParticipantsRequest(room=room))
            participants.extend(response.participants)
        return participants

    async def remove_participant(self, room: str, identity: str) -> None:
        """LiveKit tells the webhook that it left, as if it had gone by itself."""
        from livekit import api

        async with self._call("remove participant", gone_is_done=True) as client:
            await client.room.remove_participant(api.RoomParticipantIdentity(room=room, identity=identity))

    async def aclose(self) -> None:
        self._rooms.close()
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    @asynccontextmanager
    async def _call(self, what: str, *, gone_is_done: bool = False) -> "AsyncGenerator[api.LiveKitAPI]":
        import aiohttp
        from livekit import api

        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                yield self._connect()
        except api.ServerError as error:
            if not (gone_is_done and error.code == api.ServerErrorCode.NOT_FOUND):
                raise UnavailableError(f"LiveKit: {what}: {error.code}: {error.message}") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"LiveKit: {what}: {type(error).__name__}: {error}") from error

    def _connect(self) -> "api.LiveKitAPI":
        import aiohttp
        from livekit import api

        if self._client is None:
            self._client = api.LiveKitAPI(
                self._settings.livekit_url,
                self._settings.livekit_api_key,
                self._settings.livekit_secret.get_secret_value(),
                timeout=aiohttp.ClientTimeout(total=CLIENT_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            )
        return self._client
