"""One participant's session in a room: what the others know about it and the connections it is reached by."""

import asyncio
import logging
import time
from dataclasses import dataclass, field
from typing import Any, Protocol

from livekit.protocol import models as m
from livekit.protocol import rtc

from local.livekit.embedded.forwarding import EncodedSource
from local.livekit.embedded.ids import new_id
from local.livekit.embedded.peer import Publisher, Subscriber
from local.livekit.embedded.tokens import Grants

log = logging.getLogger(__name__)

_SEND_TIMEOUT_SECONDS = 5
_HANG_UP_SECONDS = 1


class Socket(Protocol):
    """The signalling WebSocket, as far as a participant needs it."""

    @property
    def closed(self) -> bool: ...
    async def send_bytes(self, data: bytes) -> None: ...
    async def close(self) -> Any: ...


@dataclass
class Track:
    info: m.TrackInfo
    mid: str
    source: EncodedSource


@dataclass
class Participant:
    grants: Grants
    socket: Socket
    client_protocol: int
    auto_subscribe: bool = True
    wishes: dict[str, bool] = field(default_factory=dict[str, bool])
    """By track: whether the participant asked to hear it, or not to; else `auto_subscribe` decides."""
    sid: str = field(default_factory=lambda: new_id("PA"))
    state: m.ParticipantInfo.State = m.ParticipantInfo.JOINING
    joined_at_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    disconnect_reason: m.DisconnectReason = m.UNKNOWN_REASON
    tracks: dict[str, Track] = field(default_factory=dict[str, Track])
    requested_tracks: dict[str, m.TrackInfo] = field(default_factory=dict[str, m.TrackInfo])
    """By the client's id: announced, not yet seen in an offer."""
    publisher: Publisher | None = None
    subscriber: Subscriber | None = None
    last_reliable_sequence: int = 0
    left: asyncio.Event = field(default_factory=asyncio.Event)
    _version: int = 0
    _sending: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self.name = self.grants.name
        self.metadata = self.grants.metadata
        self.attributes = dict(self.grants.attributes)
        self.permission = self.grants.permission()

    @property
    def identity(self) -> str:
        return self.grants.identity

    @property
    def active(self) -> bool:
        return self.state == m.ParticipantInfo.ACTIVE

    @property
    def gone(self) -> bool:
        return self.state == m.ParticipantInfo.DISCONNECTED

    @property
    def hidden(self) -> bool:
        return self.permission.hidden

    @property
    def is_agent(self) -> bool:
        return self.grants.kind == m.ParticipantInfo.AGENT

    def changed(self) -> None:
        """To be called with every change that others see: clients ignore an older version."""
        self._version += 1

    def info(self) -> m.ParticipantInfo:
        return m.ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            name=self.name,
            state=self.state,
            metadata=self.metadata,
            attributes=self.attributes,
            joined_at=self.joined_at_ms // 1000,
            joined_at_ms=self.joined_at_ms,
            version=self._version,
            kind=self.grants.kind,
            permission=self.permission,
            tracks=[track.info for track in self.tracks.values()],
            is_publisher=bool(self.tracks),
            disconnect_reason=self.disconnect_reason,
            client_protocol=self.client_protocol,
        )

    def update(self, name: str, metadata: str, attributes: dict[str, str]) -> None:
        """An empty name or metadata leaves the old one; an empty attribute removes it."""
        self.name = name or self.name
        self.metadata = metadata or self.metadata
        self.attributes = {key: value for key, value in (self.attributes | attributes).items() if value}
        self.changed()

    async def send(self, response: rtc.SignalResponse) -> None:
        async with self._sending:
            if self.socket.closed:
                return
            try:
                await asyncio.wait_for(
                    self.socket.send_bytes(response.SerializeToString()), _SEND_TIMEOUT_SECONDS
                )
            except (ConnectionError, TimeoutError):
                log.info("%s: the signalling connection has gone", self.identity)

    async def close_connections(self) -> None:
        """The socket first, then a moment: so the client reads why it has to go, and hangs up itself."""
        if not self.socket.closed:
            await self.socket.close()
        peers = [peer for peer in (self.publisher, self.subscriber) if peer]
        hung_up = [asyncio.ensure_future(peer.ended.wait()) for peer in peers]
        if hung_up:
            _, waiting = await asyncio.wait(hung_up, timeout=_HANG_UP_SECONDS)
            for task in waiting:
                task.cancel()
        for peer in peers:
            await peer.close()
