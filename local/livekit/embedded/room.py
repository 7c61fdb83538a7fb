"""A room: its participants, what they publish to each other, its agents, and when it closes."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from livekit.protocol import agent as ag
from livekit.protocol import agent_dispatch as agd
from livekit.protocol import models as m
from livekit.protocol import rtc

from local.livekit.embedded import data
from local.livekit.embedded.agents import AgentPool
from local.livekit.embedded.errors import JoinError, TwirpError
from local.livekit.embedded.forwarding import EncodedSource
from local.livekit.embedded.ids import new_id
from local.livekit.embedded.participant import Participant, Track
from local.livekit.embedded.webhooks import WebhookNotifier

log = logging.getLogger(__name__)

_AGENT_LEAVES_WITHIN_SECONDS = 3
"""How long an agent whose dispatch was deleted may take to leave by itself."""


class Room:
    def __init__(
        self, info: m.Room, agents: AgentPool, webhooks: WebhookNotifier, on_closed: Callable[["Room"], None]
    ) -> None:
        self._info = info
        self._agents = agents
        self._webhooks = webhooks
        self._on_closed = on_closed
        self.participants: dict[str, Participant] = {}
        self.dispatches: dict[str, agd.AgentDispatch] = {}
        self._agent_jobs: dict[str, ag.Job] = {}
        self._launches: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._created_at = time.monotonic()
        self._somebody_joined = False
        self._left_at: float | None = None
        self.closed = False
        webhooks.notify("room_started", self.info())

    @property
    def name(self) -> str:
        return self._info.name

    def info(self) -> m.Room:
        info = m.Room()
        info.CopyFrom(self._info)
        info.num_participants = sum(not item.hidden for item in self.participants.values())
        info.num_publishers = sum(bool(item.tracks) for item in self.participants.values())
        return info

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)
        return task

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.error("room %s", self.name, exc_info=error)

    async def drain(self) -> None:
        """Wait until everything that the room started has ended."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    # Participants

    async def join(self, participant: Participant) -> None:
        """Raises `JoinError` when the room is full; a participant of the same identity has to leave."""
        while old := self.participants.get(participant.identity):
            await self.leave(old, m.DUPLICATE_IDENTITY)
        if self.closed:
            raise JoinError(404, "requested room does not exist")
        others = sum(not item.grants.dependent for item in self.participants.values())
        limit = self._info.max_participants
        if limit and others >= limit and not participant.grants.dependent:
            raise JoinError(500, "room has exceeded its max participants")
        self.participants[participant.identity] = participant
        self._somebody_joined |= not participant.grants.dependent

    def others_of(self, participant: Participant) -> list[m.ParticipantInfo]:
        return [
            item.info()
            for item in self.participants.values()
            if item is not participant and not item.hidden and item.active
        ]

    async def became_active(self, participant: Participant) -> None:
        """Its media connection is up: from now on it is there for the others."""
        if participant.active or participant.gone:
            return
        participant.state = m.ParticipantInfo.ACTIVE
        participant.changed()
        self._webhooks.notify("participant_joined", self.info(), participant.info())
        for other in self.participants.values():
            for track in other.tracks.values():
                self._subscribe(participant, other, track)
        await self.announce(participant)

    async def announce(self, participant: Participant) -> None:
        """Tell everybody what has changed about `participant`, itself too: that is how it learns."""
        if participant.hidden or not (participant.active or participant.gone):
            return
        await self._broadcast(
            rtc.SignalResponse(update=rtc.ParticipantUpdate(participants=[participant.info()]))
        )

    async def leave(self, participant: Participant, reason: m.DisconnectReason) -> None:
        """End a session, whoever wants it; a second time changes nothing."""
        if participant.gone:
            return
        was_active = participant.active
        participant.state = m.ParticipantInfo.DISCONNECTED
        participant.left.set()
        participant.disconnect_reason = reason
        for mid in [track.mid for track in participant.tracks.values()]:
            self._take_back_track(participant, mid)
        participant.changed()
        if self.participants.get(participant.identity) is participant:
            del self.participants[participant.identity]
        self._left_at = time.monotonic()
        log.info("%s left %s: %s", participant.identity, self.name, m.DisconnectReason.Name(reason))
        event = "participant_left" if was_active else "participant_connection_aborted"
        self._webhooks.notify(event, self.info(), participant.info())
        if job := self._agent_jobs.pop(participant.identity, None):
            self.spawn(self._agents.terminate(job, agent_left=True))
        leave = rtc.LeaveRequest(reason=reason, action=rtc.LeaveRequest.DISCONNECT)
        await participant.send(rtc.SignalResponse(leave=leave))
        if was_active:
            await self.announce(participant)
        self.spawn(participant.close_connections())

    async def _broadcast(self, response: rtc.SignalResponse) -> None:
        await asyncio.gather(*(item.send(response) for item in list(self.participants.values())))

    # Tracks and data

    def publish(self, participant: Participant, info: m.TrackInfo, mid: str, source: EncodedSource) -> None:
        track = Track(info, mid, source)
        participant.tracks[info.sid] = track
        participant.changed()
        self._webhooks.notify("track_published", *self._brief(participant), info)
        for other in self.participants.values():
            self._subscribe(other, participant, track)
        self.spawn(self.announce(participant))

    def unpublish(self, participant: Participant, mid: str) -> None:
        if self._take_back_track(participant, mid):
            participant.changed()
            self.spawn(self.announce(participant))

    def _take_back_track(self, participant: Participant, mid: str) -> bool:
        track = next((item for item in participant.tracks.values() if item.mid == mid), None)
        if track is None:
            return False
        del participant.tracks[track.info.sid]
        self._webhooks.notify("track_unpublished", *self._brief(participant), track.info)
        for other in self.participants.values():
            if other.subscriber:
                other.subscriber.remove_track(track.info.sid)
        return True

    def _brief(self, participant: Participant) -> tuple[m.Room, m.ParticipantInfo]:
        """Events about tracks carry no more than names of the room and the participant."""
        room = m.Room(sid=self._info.sid, name=self.name)
        return room, m.ParticipantInfo(sid=participant.sid, identity=participant.identity)

    def wish(self, listener: Participant, track_sids: Iterable[str], subscribe: bool) -> None:
        """A participant wants to hear these tracks, or not to."""
        for track_sid in track_sids:
            listener.wishes[track_sid] = subscribe
            if not subscribe and listener.subscriber:
                listener.subscriber.remove_track(track_sid)
        for publisher in self.participants.values():
            for track in publisher.tracks.values():
                self._subscribe(listener, publisher, track)

    def _subscribe(self, listener: Participant, publisher: Participant, track: Track) -> None:
        if listener is publisher or not listener.active or not listener.permission.can_subscribe:
            return
        if listener.subscriber and listener.wishes.get(track.info.sid, listener.auto_subscribe):
            listener.subscriber.add_track(track.info.sid, f"{publisher.sid}|{track.info.sid}", track.source)

    async def tell_publisher(self, track_sid: str) -> None:
        """Somebody hears the track: agents hold their first words back until then."""
        for publisher in list(self.participants.values()):
            if track_sid in publisher.tracks:
                told = rtc.TrackSubscribed(track_sid=track_sid)
                await publisher.send(rtc.SignalResponse(track_subscribed=told))

    def forward_data(self, sender: Participant, label: str, raw: bytes) -> None:
        if not sender.gone:
            data.forward(raw, label, sender, self.participants.values())

    def send_data(self, packet: m.DataPacket) -> None:
        channel = "_lossy" if packet.kind == m.DataPacket.LOSSY else "_reliable"
        data.deliver(packet, channel, self.participants.values())

    async def set_metadata(self, metadata: str) -> None:
        self._info.metadata = metadata
        await self._broadcast(rtc.SignalResponse(room_update=rtc.RoomUpdate(room=self.info())))

    # Agents

    def dispatch_all(self, agents: Iterable[agd.RoomAgentDispatch]) -> None:
        """A room that asks for no agent by name gets the nameless ones."""
        for wanted in list(agents) or [agd.RoomAgentDispatch()]:
            self.dispatch(wanted.agent_name, wanted.metadata, wanted.attributes)

    def dispatch(self, agent_name: str, metadata: str, attributes: Mapping[str, str]) -> agd.AgentDispatch:
        dispatch = agd.AgentDispatch(
            id=new_id("AD"),
            agent_name=agent_name,
            room=self.name,
            metadata=metadata,
            attributes=attributes,
            state=agd.AgentDispatchState(created_at=time.time_ns()),
        )
        self.dispatches[dispatch.id] = dispatch
        self._launches[dispatch.id] = self.spawn(self._launch(dispatch))
        return dispatch

    async def _launch(self, dispatch: agd.AgentDispatch) -> None:
        job = ag.Job(
            id=new_id("AJ"),
            dispatch_id=dispatch.id,
            type=ag.JobType.JT_ROOM,
            room=self.info(),
            agent_name=dispatch.agent_name,
            metadata=dispatch.metadata,
            attributes=dispatch.attributes,
        )
        if await self._agents.launch(job):
            dispatch.state.jobs.append(job)
            if job.state.participant_identity:
                self._agent_jobs[job.state.participant_identity] = job

    def delete_dispatch(self, dispatch_id: str) -> agd.AgentDispatch:
        dispatch = self.dispatches.pop(dispatch_id, None)
        if dispatch is None:
            raise TwirpError("not_found", "dispatch ID not found")
        self.spawn(self._end_dispatch(dispatch, self._launches.pop(dispatch_id)))
        return dispatch

    async def _end_dispatch(self, dispatch: agd.AgentDispatch, launch: asyncio.Task[None]) -> None:
        await asyncio.wait([launch])
        for job in dispatch.state.jobs:
            await self._agents.terminate(job, agent_left=False)
            agent = self.participants.get(job.state.participant_identity)
            if agent is None:
                continue
            await asyncio.wait(
                [asyncio.ensure_future(agent.left.wait())], timeout=_AGENT_LEAVES_WITHIN_SECONDS
            )
            await self.leave(agent, m.PARTICIPANT_REMOVED)

    # The end

    async def close_if_idle(self) -> None:
        """Agents alone do not keep a room open."""
        if any(not item.grants.dependent for item in self.participants.values()):
            return
        if self._somebody_joined and self._left_at is not None:
            idle, limit = time.monotonic() - self._left_at, self._info.departure_timeout
        else:
            idle, limit = time.monotonic() - self._created_at, self._info.empty_timeout
        if idle >= limit:
            await self.close(m.ROOM_CLOSED)

    async def close(self, reason: m.DisconnectReason) -> None:
        if self.closed:
            return
        self.closed = True
        self._on_closed(self)
        for participant in list(self.participants.values()):
            await self.leave(participant, reason)
        self._webhooks.notify("room_finished", self.info())
        log.info("room %s closed: %s", self.name, m.DisconnectReason.Name(reason))
