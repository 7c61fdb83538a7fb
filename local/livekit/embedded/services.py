"""The server APIs: RoomService, AgentDispatchService and what the platform uses of SIP.

https://docs.livekit.io/reference/other/roomservice-api/
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message
from livekit.protocol import agent_dispatch as agd
from livekit.protocol import models as m
from livekit.protocol import room as rm
from livekit.protocol import sip

from local.livekit.embedded.config import Config
from local.livekit.embedded.errors import TwirpError
from local.livekit.embedded.participant import Participant
from local.livekit.embedded.rooms import Rooms
from local.livekit.embedded.sip import SipService, SipStore
from local.livekit.embedded.tokens import Grants

_TRANSFER_SECONDS = 0.3
"""From the request to the caller's leaving, which in production is a SIP REFER's way."""

_ROOM_FIELDS = {"name", "metadata", "empty_timeout", "departure_timeout", "max_participants", "agents"}

Handler = Callable[[Any, Grants], Awaitable[Message]]


@dataclass(frozen=True)
class Method:
    request: type[Message]
    handler: Handler


def _require(allowed: bool) -> None:
    if not allowed:
        raise TwirpError("unauthenticated", "permissions denied")


class Services:
    def __init__(self, config: Config, rooms: Rooms) -> None:
        self._config = config
        self._rooms = rooms
        phone = SipService(SipStore(config.sip_file))
        self.methods: dict[str, Method] = {
            "RoomService/CreateRoom": Method(rm.CreateRoomRequest, self.create_room),
            "RoomService/ListRooms": Method(rm.ListRoomsRequest, self.list_rooms),
            "RoomService/DeleteRoom": Method(rm.DeleteRoomRequest, self.delete_room),
            "RoomService/UpdateRoomMetadata": Method(rm.UpdateRoomMetadataRequest, self.update_room_metadata),
            "RoomService/ListParticipants": Method(rm.ListParticipantsRequest, self.list_participants),
            "RoomService/GetParticipant": Method(rm.RoomParticipantIdentity, self.get_participant),
            "RoomService/RemoveParticipant": Method(rm.RoomParticipantIdentity, self.remove_participant),
            "RoomService/UpdateParticipant": Method(rm.UpdateParticipantRequest, self.update_participant),
            "RoomService/SendData": Method(rm.SendDataRequest, self.send_data),
            "AgentDispatchService/CreateDispatch": Method(
                agd.CreateAgentDispatchRequest, self.create_dispatch
            ),
            "AgentDispatchService/ListDispatch": Method(agd.ListAgentDispatchRequest, self.list_dispatch),
            "AgentDispatchService/DeleteDispatch": Method(
                agd.DeleteAgentDispatchRequest, self.delete_dispatch
            ),
            "SIP/TransferSIPParticipant": Method(sip.TransferSIPParticipantRequest, self.transfer),
            "SIP/CreateSIPInboundTrunk": Method(sip.CreateSIPInboundTrunkRequest, phone.create_trunk),
            "SIP/UpdateSIPInboundTrunk": Method(sip.UpdateSIPInboundTrunkRequest, phone.update_trunk),
            "SIP/ListSIPInboundTrunk": Method(sip.ListSIPInboundTrunkRequest, phone.list_trunks),
            "SIP/DeleteSIPTrunk": Method(sip.DeleteSIPTrunkRequest, phone.delete_trunk),
            "SIP/CreateSIPDispatchRule": Method(sip.CreateSIPDispatchRuleRequest, phone.create_rule),
            "SIP/UpdateSIPDispatchRule": Method(sip.UpdateSIPDispatchRuleRequest, phone.update_rule),
            "SIP/ListSIPDispatchRule": Method(sip.ListSIPDispatchRuleRequest, phone.list_rules),
            "SIP/DeleteSIPDispatchRule": Method(sip.DeleteSIPDispatchRuleRequest, phone.delete_rule),
        }

    # Rooms

    async def create_room(self, request: rm.CreateRoomRequest, grants: Grants) -> m.Room:
        _require(grants.allows("roomCreate"))
        if unknown := {field.name for field, _ in request.ListFields()} - _ROOM_FIELDS:
            names = ", ".join(sorted(unknown))
            raise TwirpError("unimplemented", f"{names} of rooms: not implemented by the embedded server")
        return self._rooms.create(request).info()

    async def list_rooms(self, request: rm.ListRoomsRequest, grants: Grants) -> rm.ListRoomsResponse:
        _require(grants.allows("roomList"))
        wanted = set(request.names)
        return rm.ListRoomsResponse(
            rooms=[room.info() for room in self._rooms if not wanted or room.name in wanted]
        )

    async def delete_room(self, request: rm.DeleteRoomRequest, grants: Grants) -> rm.DeleteRoomResponse:
        _require(grants.allows("roomCreate"))
        await self._rooms.get(request.room).close(m.ROOM_DELETED)
        return rm.DeleteRoomResponse()

    async def update_room_metadata(self, request: rm.UpdateRoomMetadataRequest, grants: Grants) -> m.Room:
        _require(grants.administers(request.room))
        room = self._rooms.get(request.room)
        await room.set_metadata(request.metadata)
        return room.info()

    # Participants

    async def list_participants(
        self, request: rm.ListParticipantsRequest, grants: Grants
    ) -> rm.ListParticipantsResponse:
        _require(grants.administers(request.room))
        room = self._rooms.find(request.room)
        participants = room.participants.values() if room else ()
        return rm.ListParticipantsResponse(participants=[item.info() for item in participants])

    async def get_participant(self, request: rm.RoomParticipantIdentity, grants: Grants) -> m.ParticipantInfo:
        _require(grants.administers(request.room))
        return self._participant(request.room, request.identity).info()

    async def remove_participant(
        self, request: rm.RoomParticipantIdentity, grants: Grants
    ) -> rm.RemoveParticipantResponse:
        _require(grants.administers(request.room))
        participant = self._participant(request.room, request.identity)
        await self._rooms.get(request.room).leave(participant, m.PARTICIPANT_REMOVED)
        return rm.RemoveParticipantResponse()

    async def update_participant(
        self, request: rm.UpdateParticipantRequest, grants: Grants
    ) -> m.ParticipantInfo:
        _require(grants.administers(request.room))
        participant = self._participant(request.room, request.identity)
        participant.update(request.name, request.metadata, dict(request.attributes))
        if request.HasField("permission"):
            participant.permission = request.permission
        await self._rooms.get(request.room).announce(participant)
        return participant.info()

    async def send_data(self, request: rm.SendDataRequest, grants: Grants) -> rm.SendDataResponse:
        _require(grants.administers(request.room))
        user = m.UserPacket(
            payload=request.data,
            destination_sids=request.destination_sids,
            destination_identities=request.destination_identities,
            nonce=request.nonce,
        )
        if request.HasField("topic"):
            user.topic = request.topic
        packet = m.DataPacket(
            kind=request.kind, destination_identities=request.destination_identities, user=user
        )
        self._rooms.get(request.room).send_data(packet)
        return rm.SendDataResponse()

    def _participant(self, room_name: str, identity: str) -> Participant:
        room = self._rooms.find(room_name)
        participant = room.participants.get(identity) if room else None
        if participant is None:
            raise TwirpError("not_found", "participant does not exist")
        return participant

    # Agents

    async def create_dispatch(
        self, request: agd.CreateAgentDispatchRequest, grants: Grants
    ) -> agd.AgentDispatch:
        _require(grants.administers(request.room))
        if self._config.auto_create:
            self._rooms.create(rm.CreateRoomRequest(name=request.room))
        room = self._rooms.find(request.room)
        if room is None:
            raise TwirpError("unavailable", "no response from servers")
        return room.dispatch(request.agent_name, request.metadata, request.attributes)

    async def list_dispatch(
        self, request: agd.ListAgentDispatchRequest, grants: Grants
    ) -> agd.ListAgentDispatchResponse:
        _require(grants.administers(request.room))
        dispatches = self._rooms.get(request.room).dispatches.values()
        wanted = request.dispatch_id
        return agd.ListAgentDispatchResponse(
            agent_dispatches=[item for item in dispatches if wanted in ("", item.id)]
        )

    async def delete_dispatch(
        self, request: agd.DeleteAgentDispatchRequest, grants: Grants
    ) -> agd.AgentDispatch:
        _require(grants.administers(request.room))
        return self._rooms.get(request.room).delete_dispatch(request.dispatch_id)

    # SIP

    async def transfer(self, request: sip.TransferSIPParticipantRequest, grants: Grants) -> Empty:
        """The caller is handed over to `transfer_to` and leaves the room, as after a SIP REFER."""
        _require(grants.administers(request.room_name) and bool(grants.sip.get("call")))
        room = self._rooms.get(request.room_name)
        participant = self._participant(request.room_name, request.participant_identity)
        if participant.grants.kind != m.ParticipantInfo.SIP:
            raise TwirpError("invalid_argument", "participant is not a SIP participant")
        await asyncio.sleep(_TRANSFER_SECONDS)
        await room.leave(participant, m.CLIENT_INITIATED)
        return Empty()
