"""The embedded LiveKit server does what livekit-server does: the same cases run against both.

Where the real server is not found, its cases are skipped, visibly; `make livekit-server` builds it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from livekit import api
from livekit.protocol import agent as ag
from livekit.protocol import models as m

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, find_server
from tests.contract.livekit_clients import KEY, SECRET, Member, Server, Webhooks, Worker, token

pytestmark = pytest.mark.contract

ROOM = "call-ca1"
AGENT = "desk"

Join = Callable[..., Awaitable[Member]]


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


def wanted(metadata: str) -> list[api.RoomAgentDispatch]:
    return [api.RoomAgentDispatch(agent_name=AGENT, metadata=metadata)]


# Rooms


async def test_creating_a_room_again_changes_nothing_and_adds_no_agent(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        first = await create_room(server, agents=wanted("first"), metadata="one", empty_timeout=60)
        await worker.job("first")
        second = await create_room(server, agents=wanted("second"), metadata="two", empty_timeout=90)
        await dispatch(server, "marker")
        await worker.job("marker")
    assert (second.sid, second.metadata, second.empty_timeout) == (first.sid, "one", 60)
    assert [item.job.metadata for item in worker.assignments] == ["first", "marker"]


async def test_rooms_are_listed_by_name_with_their_settings(server: Server) -> None:
    await create_room(server, metadata="ids", empty_timeout=7, departure_timeout=8, max_participants=2)
    await server.api.room.create_room(api.CreateRoomRequest(name="other"))
    [room] = (await server.api.room.list_rooms(api.ListRoomsRequest(names=[ROOM]))).rooms
    assert (room.name, room.metadata) == (ROOM, "ids")
    assert (room.empty_timeout, room.departure_timeout, room.max_participants) == (7, 8, 2)
    everything = (await server.api.room.list_rooms(api.ListRoomsRequest())).rooms
    assert {item.name for item in everything} == {ROOM, "other"}


async def test_a_deleted_room_disconnects_everybody_and_can_not_be_deleted_twice(
    server: Server, join: Join
) -> None:
    await create_room(server)
    one, two = await join("one"), await join("two")
    await two.sees("one")
    await server.api.room.delete_room(api.DeleteRoomRequest(room=ROOM))
    assert (await one.gone(), await two.gone()) == ("ROOM_DELETED", "ROOM_DELETED")
    left = await server.webhooks.one("participant_left", "one")
    assert left.participant.disconnect_reason == m.ROOM_DELETED
    await server.webhooks.one("room_finished")
    with pytest.raises(api.TwirpError) as error:
        await server.api.room.delete_room(api.DeleteRoomRequest(room=ROOM))
    assert error.value.code == "not_found"


async def test_a_room_that_nobody_joins_closes_after_its_empty_timeout(server: Server) -> None:
    await create_room(server, empty_timeout=1)
    finished = await server.webhooks.one("room_finished")
    assert finished.room.name == ROOM
    assert not (await server.api.room.list_rooms(api.ListRoomsRequest())).rooms


async def test_a_room_with_only_an_agent_left_closes_after_its_departure_timeout(
    server: Server, join: Join
) -> None:
    await create_room(server, departure_timeout=1)
    caller, agent = await join("caller", kind="sip"), await join("agent", kind="agent")
    await agent.sees("caller")
    await caller.leave()
    assert await agent.gone() == "ROOM_CLOSED"
    await server.webhooks.one("room_finished")


async def test_metadata_of_a_room_reaches_those_in_it(server: Server, join: Join) -> None:
    await create_room(server, metadata="before")
    member = await join("one")
    assert member.room.metadata == "before"
    await server.api.room.update_room_metadata(api.UpdateRoomMetadataRequest(room=ROOM, metadata="after"))
    await member.until(lambda: member.room.metadata == "after", "the new metadata")


# Participants


async def test_webhooks_tell_a_call_in_order_signed_and_each_with_an_id_of_its_own(
    server: Server, join: Join
) -> None:
    await create_room(server, departure_timeout=1)
    caller = await join("caller", kind="sip", attributes={"sip.callID": "SCL_1"})
    track = await caller.publish()
    await server.webhooks.one("track_published")
    await caller.leave()
    await server.webhooks.one("room_finished")
    told = server.webhooks.events
    assert {item.event for item in told[:3]} == {"room_started", "participant_joined", "track_published"}
    assert [item.event for item in told[3:]] == ["track_unpublished", "participant_left", "room_finished"]
    assert len({item.id for item in told}) == len(told)
    assert server.webhooks.content_types == {"application/webhook+json"}
    joined = (await server.webhooks.one("participant_joined")).participant
    assert (joined.identity, joined.kind) == ("caller", m.ParticipantInfo.SIP)
    assert joined.attributes["sip.callID"] == "SCL_1"
    assert (await server.webhooks.one("track_published")).track.sid == track
    left = (await server.webhooks.one("participant_left")).participant
    assert left.disconnect_reason == m.CLIENT_INITIATED


async def test_a_webhook_is_delivered_again_when_the_receiver_fails(server: Server) -> None:
    server.webhooks.failures = 1
    await create_room(server)
    await server.webhooks.one("room_started")
    assert server.webhooks.deliveries == 2


async def test_the_same_identity_again_throws_the_first_one_out(server: Server, join: Join) -> None:
    await create_room(server)
    first = await join("caller")
    second = await join("caller")
    assert await first.gone() == "DUPLICATE_IDENTITY"
    participants = await server.api.room.list_participants(api.ListParticipantsRequest(room=ROOM))
    assert [item.sid for item in participants.participants] == [second.room.local_participant.sid]
    assert second.disconnected is None


async def test_a_removed_participant_learns_why(server: Server, join: Join) -> None:
    await create_room(server)
    one, two = await join("one"), await join("two")
    await two.sees("one")
    await one.publish()
    await server.webhooks.one("track_published")  # the leaving of one who publishes is told at once
    await server.api.room.remove_participant(api.RoomParticipantIdentity(room=ROOM, identity="one"))
    assert await one.gone() == "PARTICIPANT_REMOVED"
    await two.until(lambda: "one" not in two.others, "one gone for two")
    with pytest.raises(api.TwirpError) as error:
        await server.api.room.get_participant(api.RoomParticipantIdentity(room=ROOM, identity="one"))
    assert error.value.code == "not_found"


async def test_attributes_come_from_the_token_the_participant_and_the_api(server: Server, join: Join) -> None:
    await create_room(server)
    caller = await join("caller", kind="sip", attributes={"sip.callStatus": "ringing", "gone": "soon"})
    watcher = await join("watcher")
    seen = await watcher.sees("caller")
    assert (seen.kind, seen.attributes["sip.callStatus"]) == (m.ParticipantInfo.SIP, "ringing")
    await caller.room.local_participant.set_attributes({"sip.callStatus": "active", "gone": ""})
    await watcher.until(
        lambda: seen.attributes == {"sip.callStatus": "active"}, "the caller's own change of its attributes"
    )
    await server.api.room.update_participant(
        api.UpdateParticipantRequest(room=ROOM, identity="caller", attributes={"sip.callStatus": "hangup"})
    )
    await watcher.until(lambda: seen.attributes["sip.callStatus"] == "hangup", "the change by the API")
    request = api.RoomParticipantIdentity(room=ROOM, identity="caller")
    assert (await server.api.room.get_participant(request)).attributes == {"sip.callStatus": "hangup"}


async def test_a_full_room_admits_an_agent_but_no_other(server: Server, join: Join) -> None:
    await create_room(server, max_participants=1)
    await join("caller")
    await join("agent", kind="agent")
    assert await server.handshake_status(token("late", room_join=True, room=ROOM)) == 500


# Audio and data


async def test_what_one_says_is_heard_by_the_others(server: Server, join: Join) -> None:
    await create_room(server)
    early = await join("early")
    speaker = await join("speaker")
    await speaker.publish(amplitude=9000)
    late = await join("late")
    for listener in (early, late):
        await listener.until(lambda listener=listener: listener.loudest > 6000, "the tone")
        assert listener.loudest < 7500  # not louder than it was spoken


async def test_a_track_that_is_taken_back_and_another_one_are_noticed(server: Server, join: Join) -> None:
    await create_room(server)
    listener, speaker = await join("listener"), await join("speaker")
    first = await speaker.publish()
    seen = await listener.sees("speaker")
    await listener.until(lambda: first in seen.track_publications, "the first track")
    await speaker.room.local_participant.unpublish_track(first)
    await listener.until(lambda: not seen.track_publications, "the track taken back")
    await server.webhooks.one("track_unpublished")
    await speaker.publish(amplitude=9000)
    await listener.until(lambda: listener.loudest > 6000, "the second track heard")


async def test_a_muted_track_is_seen_as_muted(server: Server, join: Join) -> None:
    await create_room(server)
    listener, speaker = await join("listener"), await join("speaker")
    track = await speaker.publish()
    seen = await listener.sees("speaker")
    await listener.until(lambda: track in seen.track_publications, "the track")
    local = speaker.room.local_participant.track_publications[track].track
    assert local
    local.mute()
    await listener.until(lambda: seen.track_publications[track].muted, "the mute")


async def test_keys_and_messages_arrive_under_the_senders_name(server: Server, join: Join) -> None:
    await create_room(server)
    caller, agent = await join("caller", kind="sip"), await join("agent", kind="agent")
    await caller.room.local_participant.publish_dtmf(code=7, digit="7")
    await agent.until(lambda: agent.dtmf, "the key")
    assert agent.dtmf == [("caller", "7")]
    await caller.room.local_participant.publish_data(b"reliable", reliable=True, topic="one")
    await caller.room.local_participant.publish_data(b"lossy", reliable=False, topic="two")
    await agent.until(lambda: len(agent.packets) == 2, "both packets")
    assert set(agent.packets) == {("caller", b"reliable", "one"), ("caller", b"lossy", "two")}


async def test_a_message_to_one_participant_reaches_only_that_one(server: Server, join: Join) -> None:
    await create_room(server)
    sender, one, two = await join("sender"), await join("one"), await join("two")
    local = sender.room.local_participant
    await local.publish_data(b"secret", destination_identities=["one"])
    await local.publish_data(b"all")
    for member in (one, two):
        await member.until(lambda member=member: ("sender", b"all", "") in member.packets, "the second one")
    assert one.packets == [("sender", b"secret", ""), ("sender", b"all", "")]
    assert two.packets == [("sender", b"all", "")]


async def test_an_agent_may_publish_text_in_the_callers_name_and_nobody_else_may(
    server: Server, join: Join
) -> None:
    await create_room(server)
    agent, caller, watcher = await join("agent", kind="agent"), await join("caller"), await join("watcher")
    await agent.send_text("said", sender="caller")
    await caller.send_text("forged", sender="agent")
    await watcher.until(lambda: len(watcher.texts) == 2, "both texts")
    assert set(watcher.texts) == {("caller", "said"), ("caller", "forged")}


async def test_data_sent_by_the_api_arrives(server: Server, join: Join) -> None:
    await create_room(server)
    member = await join("one")
    other = await join("two")
    request = api.SendDataRequest(room=ROOM, data=b"hello", kind=m.DataPacket.RELIABLE, topic="t")
    request.destination_identities.append("one")
    await server.api.room.send_data(request)
    await member.until(lambda: member.packets, "the packet")
    assert (member.packets, other.packets) == ([("", b"hello", "t")], [])


# Agents


async def test_a_dispatch_that_finds_no_worker_is_lost_and_a_later_one_works(server: Server) -> None:
    await create_room(server, agents=wanted("lost"))
    await dispatch(server, "lost too")
    async with Worker(server.url, AGENT) as worker:
        await dispatch(server, "found")
        job = (await worker.job("found")).job
    assert [item.metadata for item in worker.offers] == ["found"]
    assert (job.room.name, job.agent_name) == (ROOM, AGENT)


async def test_the_assigned_token_admits_an_agent_that_carries_its_name(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        await create_room(server, agents=wanted("go"), metadata="ids")
        assignment = await worker.job("go")
        agent = await Member().connect(server.url, assignment.token)
        request = api.RoomParticipantIdentity(room=ROOM, identity=f"agent-{assignment.job.id}")
        seen = await server.api.room.get_participant(request)
        assert seen.kind == m.ParticipantInfo.AGENT
        assert seen.attributes["lk.agent_name"] == AGENT
        assert (assignment.job.room.metadata, assignment.job.metadata) == ("ids", "go")
        await agent.leave()


async def test_a_job_whose_agent_has_left_the_room_is_terminated(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        await create_room(server, agents=wanted("go"))
        assignment = await worker.job("go")
        agent = await Member().connect(server.url, assignment.token)
        # The real server knows whose job it is only when this lists it, up to 5 s later.
        await server.lists_a_job(ROOM)
        await agent.leave()
        await worker.until(lambda: worker.terminated, "the termination")
        assert worker.terminated == [assignment.job.id]


async def test_a_full_worker_gets_no_job_and_a_free_one_does(server: Server) -> None:
    await create_room(server)
    async with Worker(server.url, AGENT) as full, Worker(server.url, AGENT) as free:
        await full.report(1.0, ag.WorkerStatus.WS_FULL)
        await free.report(0.1, ag.WorkerStatus.WS_AVAILABLE)
        for number in range(3):
            await dispatch(server, str(number))
            await free.job(str(number))
    assert not full.offers


async def test_a_job_that_one_worker_declines_goes_to_the_next(server: Server) -> None:
    await create_room(server)
    async with (
        Worker(server.url, AGENT, available=False) as unwilling,
        Worker(server.url, AGENT) as willing,
    ):
        await unwilling.report(0.0, ag.WorkerStatus.WS_AVAILABLE)
        await willing.report(0.9, ag.WorkerStatus.WS_AVAILABLE)
        await dispatch(server, "go")
        await willing.job("go")


async def test_a_worker_that_died_gets_no_job(server: Server) -> None:
    await create_room(server)
    async with Worker(server.url, AGENT) as dead:
        await dispatch(server, "before")
        await dead.job("before")
    async with Worker(server.url, AGENT) as alive:
        await dispatch(server, "after")
        await alive.job("after")
    assert [item.metadata for item in dead.offers] == ["before"]


async def test_a_deleted_dispatch_ends_the_job_and_removes_the_agent(server: Server) -> None:
    await create_room(server)
    async with Worker(server.url, AGENT) as worker:
        dispatch_id = await dispatch(server, "go")
        assignment = await worker.job("go")
        agent = await Member().connect(server.url, assignment.token)
        listed = await server.api.agent_dispatch.list_dispatch(ROOM)
        assert dispatch_id in [item.id for item in listed]
        await server.api.agent_dispatch.delete_dispatch(dispatch_id, ROOM)
        assert await agent.gone() == "PARTICIPANT_REMOVED"
        assert worker.terminated == [assignment.job.id]
        await agent.leave()


async def test_a_dispatch_to_a_room_that_does_not_exist_fails(server: Server) -> None:
    with pytest.raises(api.TwirpError) as error:
        await dispatch(server, "nowhere")
    assert error.value.code == "unavailable"


async def test_room_settings_in_a_token_create_the_room_and_call_the_agent(server: Server) -> None:
    config = api.RoomConfiguration(agents=wanted("from token"), metadata="ids")
    access = token("browser", room_join=True, room=ROOM, room_create=True, config=config)
    async with Worker(server.url, AGENT) as worker:
        browser = await Member().connect(server.url, access)
        job = (await worker.job("from token")).job
        await browser.leave()
    assert (job.room.name, job.room.metadata) == (ROOM, "ids")


# Who may do what


async def test_only_a_token_that_may_join_admits(server: Server) -> None:
    await create_room(server)
    status = server.handshake_status
    assert await status(token("one", room_join=True, room=ROOM)) == 101
    assert await status(token("one", room=ROOM)) == 401
    assert await status(token("one", room_join=True, room=ROOM, secret=SECRET + "x")) == 401
    assert await status(token("one", room_join=True, room="missing")) == 404


async def test_the_api_refuses_what_the_token_does_not_grant(server: Server) -> None:
    await create_room(server)
    attempts = {
        "RoomService/CreateRoom": {"name": "new"},
        "RoomService/ListRooms": {},
        "RoomService/DeleteRoom": {"room": ROOM},
        "RoomService/ListParticipants": {"room": ROOM},
        "AgentDispatchService/CreateDispatch": {"room": ROOM, "agent_name": AGENT},
    }
    other_room = token(room_admin=True, room="another")
    for method, body in attempts.items():
        for access in (None, other_room):
            status, answer = await server.post(method, body, access)
            assert (status, answer["code"]) == (401, "unauthenticated"), method
        status, answer = await server.post(method, body, token(room_create=True, secret=SECRET + "x"))
        assert status == 401, method


async def test_the_api_speaks_json_too(server: Server) -> None:
    body = {
        "name": ROOM,
        "emptyTimeout": 30,
        "departure_timeout": 5,
        "agents": [{"agentName": AGENT, "metadata": "json"}],
        "not_a_field": 1,
    }
    async with Worker(server.url, AGENT) as worker:
        status, room = await server.post("RoomService/CreateRoom", body, token(room_create=True))
        await worker.job("json")
    assert status == 200
    assert (room["name"], room["empty_timeout"], room["departure_timeout"]) == (ROOM, 30, 5)
    assert (room["num_participants"], room["metadata"]) == (0, "")
    assert room["sid"].startswith("RM_")


async def test_a_path_without_single_peer_connection_is_answered_so_that_clients_fall_back(
    server: Server,
) -> None:
    """Only the embedded server is without; a browser reads the 404 only when it has CORS headers."""
    if server.is_real:
        pytest.skip("the real server has /rtc/v1")
    import aiohttp

    async with aiohttp.ClientSession() as session, session.get(f"{server.http_url}/rtc/v1") as response:
        assert response.status == 404
        assert response.headers["Access-Control-Allow-Origin"] == "*"
    status, answer = await server.post("RoomService/MutePublishedTrack", {}, token(room_create=True))
    assert (status, answer["code"]) == (501, "unimplemented")
    assert "RoomService/MutePublishedTrack" in answer["msg"]


async def test_many_join_at_once_and_all_see_each_other(server: Server, join: Join) -> None:
    await create_room(server)
    members = await asyncio.gather(*(join(f"member-{number}") for number in range(5)))
    for member in members:
        await member.until(lambda member=member: len(member.others) == 4, "all others")
