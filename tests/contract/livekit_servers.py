"""The LiveKit servers that the contract tests run against: the embedded one and, where found, the real one.

Test modules import the fixtures `server` and `join` from here.
"""

import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from livekit import api
from livekit.protocol import models as m

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, find_server
from tests.contract.livekit_clients import KEY, READY, SECRET, WAIT_SECONDS, Member, Webhooks, token
from tests.waiting import eventually

ROOM = "call-ca1"
AGENT = "desk"

Join = Callable[..., Awaitable[Member]]


@dataclass
class Server:
    """A running server and what is needed to talk to it."""

    url: str
    webhooks: Webhooks
    api: api.LiveKitAPI
    is_real: bool

    @property
    def http_url(self) -> str:
        return self.url.replace("ws", "http", 1)

    async def reaches(self, member: "Member", room: str) -> None:
        """Wait until the member's data channel is open: what is sent to it earlier may be lost."""
        request = api.SendDataRequest(room=room, topic=READY, kind=m.DataPacket.RELIABLE)
        request.destination_identities.append(member.room.local_participant.identity)

        async def send() -> bool:
            await self.api.room.send_data(request)
            return member.ready

        await eventually(send, "the member's data channel", seconds=WAIT_SECONDS, pause=0.02)

    async def lists_a_job(self, room: str) -> None:
        async def listed() -> bool:
            dispatches = await self.api.agent_dispatch.list_dispatch(room)
            return any(item.state.jobs for item in dispatches)

        await eventually(listed, "a job is listed", seconds=WAIT_SECONDS, pause=0.05)

    async def post(self, method: str, body: dict[str, Any], token: str | None) -> tuple[int, Any]:
        """A Twirp call with a JSON body; returns the status and the answer (text when it is no JSON)."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.http_url}/twirp/livekit.{method}", json=body, headers=headers) as response,
        ):
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else text

    async def handshake_status(self, token: str) -> int:
        """With what a WebSocket that asks to join with `token` is answered (101: admitted)."""
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{self.url}/rtc", params={"access_token": token, "protocol": "16"}),
            ):
                return 101
        except aiohttp.WSServerHandshakeError as error:
            return error.status


@pytest.fixture(params=["embedded", "real"])
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    binary = find_server()
    if request.param == "real" and binary is None:
        pytest.skip("livekit-server is not there: make livekit-server (needs Go)")
    async with contextlib.AsyncExitStack() as stack:
        webhooks = await stack.enter_async_context(Webhooks())
        config = Config(KEY, SECRET, webhook_urls=(webhooks.url,))
        real = RealServer(binary, config, log_level="error") if request.param == "real" and binary else None
        running = await stack.enter_async_context(real or EmbeddedServer(config))
        client = api.LiveKitAPI(running.url.replace("ws", "http", 1), KEY, SECRET)
        stack.push_async_callback(client.aclose)
        yield Server(running.url, webhooks, client, real is not None)


@pytest.fixture
async def join(server: Server) -> AsyncIterator[Join]:
    """Joins ROOM with the real SDK; everybody leaves at the end of the test.

    Who joins later sees the earlier ones at once. The other way round the real server takes up to 3 s when
    the newcomer publishes nothing, so tests let the one that has to see join last.
    """
    members: list[Member] = []

    async def joined(identity: str, **options: object) -> Member:
        member = Member()
        members.append(member)
        access = token(identity, room_join=True, room=ROOM, can_update_own_metadata=True, **options)  # pyright: ignore[reportArgumentType]
        await member.connect(server.url, access)
        await server.reaches(member, ROOM)
        return member

    yield joined
    for member in members:
        await member.leave()


async def create_room(server: Server, **settings: object) -> m.Room:
    return await server.api.room.create_room(api.CreateRoomRequest(name=ROOM, **settings))  # pyright: ignore[reportArgumentType]


async def dispatch(server: Server, metadata: str) -> str:
    request = api.CreateAgentDispatchRequest(agent_name=AGENT, room=ROOM, metadata=metadata)
    return (await server.api.agent_dispatch.create_dispatch(request)).id


async def dispatch_until_offered(server: Server, metadata: str, offers: Sequence[object]) -> None:
    """Dispatch, and with the real server again whenever a second has brought no offer.

    That one loses a dispatch that comes while its list of agents is older than the worker, or names one
    that is gone.
    """
    if not server.is_real:
        await dispatch(server, metadata)
        await eventually(lambda: offers, "a worker is offered the dispatch")
        return

    async def offered() -> bool:
        await dispatch(server, metadata)
        with contextlib.suppress(AssertionError):
            await eventually(lambda: offers, seconds=1)
        return bool(offers)

    await eventually(offered, "a worker is offered a dispatch", pause=0)


def wanted(metadata: str) -> list[api.RoomAgentDispatch]:
    return [api.RoomAgentDispatch(agent_name=AGENT, metadata=metadata)]
