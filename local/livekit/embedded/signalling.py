"""The signalling WebSocket (`/rtc`): a participant joins, negotiates its connections and says what it does.

https://docs.livekit.io/reference/internals/client-protocol/
"""

import asyncio
import contextlib
import logging
import time

from aiohttp import WSMsgType, web
from aiortc.exceptions import InternalError, InvalidAccessError, InvalidStateError, OperationError
from google.protobuf.message import DecodeError
from livekit.protocol import models as m
from livekit.protocol import room as rm
from livekit.protocol import rtc

from local.livekit.embedded.config import VERSION, Config
from local.livekit.embedded.errors import JoinError
from local.livekit.embedded.forwarding import EncodedSource
from local.livekit.embedded.ids import new_id
from local.livekit.embedded.participant import Participant
from local.livekit.embedded.peer import Publisher, Subscriber
from local.livekit.embedded.room import Room
from local.livekit.embedded.rooms import Rooms
from local.livekit.embedded.tokens import Grants

log = logging.getLogger(__name__)

_PING_INTERVAL_SECONDS = 5
_PING_TIMEOUT_SECONDS = 15
_GOODBYE_SECONDS = 5
"""From a lost media connection to the end of the session, as in the real server."""
_JOIN_SECONDS = 60
"""From the handshake to the media connection."""
_IGNORED = ("track_setting", "sync_state", "subscription_permission", "update_audio_track")
"""What clients send as a matter of course and what has no effect on audio in one room."""
_AIORTC_ERRORS = (InternalError, InvalidAccessError, InvalidStateError, OperationError)


def check_join(config: Config, rooms: Rooms, grants: Grants | None) -> None:
    """Raises `JoinError` when these grants admit nobody."""
    if grants is None or not grants.allows("roomJoin"):
        raise JoinError(401, "permissions denied")
    if not grants.identity:
        raise JoinError(400, "identity cannot be empty")
    if not grants.room:
        raise JoinError(400, "no room name")
    may_create = config.auto_create or grants.allows("roomCreate")
    if not may_create and rooms.find(grants.room) is None:
        raise JoinError(404, "requested room does not exist")


async def serve(request: web.Request, rooms: Rooms, grants: Grants) -> web.WebSocketResponse:
    """Run a session whose grants were checked, until the client goes."""
    socket = web.WebSocketResponse(max_msg_size=0)
    if request.query.get("reconnect") == "1":
        return await _refuse_to_resume(request, socket)
    room = rooms.create(_create_request(grants))
    protocol = request.query.get("client_protocol", "0")
    participant = Participant(
        grants,
        socket,
        int(protocol) if protocol.isdecimal() else 0,
        auto_subscribe=request.query.get("auto_subscribe", "1") in ("1", "true"),
    )
    await room.join(participant)
    try:
        await socket.prepare(request)
        await Session(room, participant).run(socket)
    finally:
        # Without a goodbye. What was connected stays until its media connection is found dead, since the
        # client may still be there; what never was connected ends here.
        if not participant.active:
            await room.leave(participant, m.SIGNAL_CLOSE)
    return socket


async def _refuse_to_resume(request: web.Request, socket: web.WebSocketResponse) -> web.WebSocketResponse:
    """aiortc cannot restart ICE; the client is told, as one whose session was lost, to connect anew."""
    await socket.prepare(request)
    leave = rtc.LeaveRequest(reason=m.STATE_MISMATCH, action=rtc.LeaveRequest.RECONNECT)
    await socket.send_bytes(rtc.SignalResponse(leave=leave).SerializeToString())
    await socket.close()
    return socket


def _create_request(grants: Grants) -> rm.CreateRoomRequest:
    request = rm.CreateRoomRequest(name=grants.room)
    if config := grants.room_config:
        request.MergeFrom(
            rm.CreateRoomRequest(
                agents=config.agents,
                metadata=config.metadata,
                empty_timeout=config.empty_timeout,
                departure_timeout=config.departure_timeout,
                max_participants=config.max_participants,
            )
        )
    return request


class Session:
    """One client's connection: turns its requests into what happens in the room."""

    def __init__(self, room: Room, participant: Participant) -> None:
        self._room = room
        self._participant = participant
        self._publisher = participant.publisher = Publisher(
            on_track=self._on_track,
            on_track_ended=lambda mid: room.unpublish(participant, mid),
            on_data=lambda label, raw: room.forward_data(participant, label, raw),
            on_connected=lambda: None,
            on_lost=self._on_lost,
        )
        self._subscriber = participant.subscriber = Subscriber(
            send_offer=self._send_offer,
            on_subscribed=self._on_subscribed,
            on_connected=lambda: _ignore(room.spawn(room.became_active(participant))),
            on_lost=self._on_lost,
        )

    async def run(self, socket: web.WebSocketResponse) -> None:
        room, participant = self._room, self._participant
        await participant.send(rtc.SignalResponse(join=self._join_response()))
        participant.state = m.ParticipantInfo.JOINED
        self._subscriber.start()
        room.spawn(self._leave_unless_connected())
        async for message in socket:
            # Who has been sent away is still talking: were that the end of the session, the socket would
            # close before the goodbye is on it, and the client come back.
            if participant.gone or message.type != WSMsgType.BINARY:
                continue
            try:
                request = rtc.SignalRequest.FromString(message.data)
                await self._handle(request)
            except (DecodeError, ValueError, *_AIORTC_ERRORS):
                log.exception("%s: bad signalling message", participant.identity)
                await room.leave(participant, m.STATE_MISMATCH)

    def _join_response(self) -> rtc.JoinResponse:
        info = m.ServerInfo(
            edition=m.ServerInfo.Standard, version=VERSION, protocol=16, node_id="ND_embedded"
        )
        return rtc.JoinResponse(
            room=self._room.info(),
            participant=self._participant.info(),
            other_participants=self._room.others_of(self._participant),
            server_version=VERSION,
            server_info=info,
            subscriber_primary=True,
            fast_publish=self._participant.permission.can_publish,
            ping_interval=_PING_INTERVAL_SECONDS,
            ping_timeout=_PING_TIMEOUT_SECONDS,
            enabled_publish_codecs=[m.Codec(mime="audio/opus")],
        )

    # What the client sends

    async def _handle(self, request: rtc.SignalRequest) -> None:
        participant = self._participant
        match request.WhichOneof("message"):
            case "offer":
                sdp = await self._publisher.answer(request.offer.sdp)
                answer = rtc.SessionDescription(type="answer", sdp=sdp, id=request.offer.id)
                await participant.send(rtc.SignalResponse(answer=answer))
            case "answer":
                self._subscriber.on_answer(request.answer.sdp)
            case "trickle":
                of_publisher = request.trickle.target == rtc.SignalTarget.PUBLISHER
                peer = self._publisher if of_publisher else self._subscriber
                await peer.add_candidate(request.trickle.candidateInit)
            case "add_track":
                await self._add_track(request.add_track)
            case "subscription":
                wish = request.subscription
                listed = (sid for item in wish.participant_tracks for sid in item.track_sids)
                self._room.wish(participant, [*wish.track_sids, *listed], wish.subscribe)
            case "mute":
                await self._mute(request.mute)
            case "update_metadata":
                await self._update_metadata(request.update_metadata)
            case "leave":
                await self._room.leave(participant, m.CLIENT_INITIATED)
            case "ping":
                await participant.send(rtc.SignalResponse(pong=_now_ms()))
            case "ping_req":
                pong = rtc.Pong(last_ping_timestamp=request.ping_req.timestamp, timestamp=_now_ms())
                await participant.send(rtc.SignalResponse(pong_resp=pong))
            case other if other not in _IGNORED:
                log.warning("UNIMPLEMENTED: signal request %s", other)

    async def _add_track(self, request: rtc.AddTrackRequest) -> None:
        if not self._participant.permission.can_publish:
            return await self._refuse(
                rtc.RequestResponse(reason=rtc.RequestResponse.NOT_ALLOWED, add_track=request)
            )
        if request.type != m.AUDIO:
            log.warning("UNIMPLEMENTED: tracks other than audio")
            return await self._refuse(
                rtc.RequestResponse(reason=rtc.RequestResponse.UNSUPPORTED_TYPE, add_track=request)
            )
        track = m.TrackInfo(
            sid=new_id("TR"),
            type=request.type,
            name=request.name,
            source=request.source,
            mime_type="audio/opus",
            muted=request.muted,
            disable_red=True,
            stream=request.stream,
        )
        self._participant.requested_tracks[request.cid] = track
        published = rtc.TrackPublishedResponse(cid=request.cid, track=track)
        return await self._participant.send(rtc.SignalResponse(track_published=published))

    async def _mute(self, request: rtc.MuteTrackRequest) -> None:
        track = self._participant.tracks.get(request.sid)
        requested = self._participant.requested_tracks.values()
        info = track.info if track else next((item for item in requested if item.sid == request.sid), None)
        if info is None:
            return await self._refuse(rtc.RequestResponse(reason=rtc.RequestResponse.NOT_FOUND, mute=request))
        info.muted = request.muted
        self._participant.changed()
        return await self._room.announce(self._participant)

    async def _update_metadata(self, request: rtc.UpdateParticipantMetadata) -> None:
        response = rtc.RequestResponse(request_id=request.request_id, update_metadata=request)
        if not self._participant.permission.can_update_metadata:
            response.reason = rtc.RequestResponse.NOT_ALLOWED
            response.message = "does not have permission to update own metadata"
            return await self._refuse(response)
        self._participant.update(request.name, request.metadata, dict(request.attributes))
        await self._participant.send(rtc.SignalResponse(request_response=response))
        return await self._room.announce(self._participant)

    async def _refuse(self, response: rtc.RequestResponse) -> None:
        await self._participant.send(rtc.SignalResponse(request_response=response))

    # What the connections report

    def _on_track(self, mid: str, client_id: str, source: EncodedSource) -> None:
        requested = self._participant.requested_tracks
        if client_id not in requested and requested:
            client_id = next(iter(requested))  # some clients name it otherwise in the description
        info = requested.pop(client_id, None)
        if info is None:
            log.warning("%s offers a track that it did not announce", self._participant.identity)
            return
        info.mid = mid
        self._room.publish(self._participant, info, mid, source)

    async def _send_offer(self, sdp: str, offer_id: int) -> None:
        offer = rtc.SessionDescription(type="offer", sdp=sdp, id=offer_id)
        await self._participant.send(rtc.SignalResponse(offer=offer))

    async def _on_subscribed(self, track_sid: str) -> None:
        await self._room.tell_publisher(track_sid)

    def _on_lost(self) -> None:
        self._room.spawn(self._leave_unless_it_says_goodbye())

    async def _leave_unless_connected(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._participant.left.wait(), _JOIN_SECONDS)
        if not self._participant.active:
            await self._room.leave(self._participant, m.JOIN_FAILURE)

    async def _leave_unless_it_says_goodbye(self) -> None:
        """A client that leaves closes its connections too, and its word may come after that."""
        try:
            await asyncio.wait_for(self._participant.left.wait(), _GOODBYE_SECONDS)
        except TimeoutError:
            await self._room.leave(self._participant, m.CONNECTION_TIMEOUT)


def _now_ms() -> int:
    return int(time.time() * 1000)


def _ignore(_: object) -> None:
    return None
