"""A call that a worker serves, over fakes of what is around it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from livekit import rtc
from livekit.protocol.models import ParticipantInfo

from shared.models.agent import Agent
from shared.models.call import Call, CallState
from shared.models.session import RoomMetadata, SessionSnapshot
from shared.repositories.releases import ReleaseRepository
from shared.services.call_service import CallService
from shared.services.session_service import SessionManager
from tests.fakes import FakeDatabase, FakeLiveKit

NOW = datetime.now(UTC)
IDS = RoomMetadata(tenant_id="harbor", agent_id="a1", session_id="ca1")
ROOM = "call-ca1"
CALLER = ParticipantInfo(identity="sip_caller", kind=ParticipantInfo.Kind.SIP)
LEAVER = ParticipantInfo(identity="agent-1", kind=ParticipantInfo.Kind.AGENT)
SUCCESSOR = ParticipantInfo(identity="agent-2", kind=ParticipantInfo.Kind.AGENT)
PHONE = rtc.ParticipantKind.PARTICIPANT_KIND_SIP


def snapshot(**changed: Any) -> SessionSnapshot:
    """Of a call that comes now, unless `changed` says otherwise."""
    started = changed.get("started_at", NOW)
    fields: dict[str, Any] = {
        "session_id": "ca1",
        "tenant_id": "harbor",
        "agent_id": "a1",
        "call_sid": "CA1",
        "caller": "+14155550123",
        "called": "+14155550100",
        "room": ROOM,
        "agent": Agent(name="a", instructions="b"),
        "tools": [],
        "max_concurrent_calls": 10,
        "started_at": started,
        "expires_at": started + timedelta(days=1),
    }
    return SessionSnapshot(**fields | changed)


@dataclass
class FakeParticipant:
    kind: int = PHONE
    disconnect_reason: int | None = None
    identity: str = "sip_+14155550123"
    attributes: dict[str, str] = field(default_factory=dict[str, str])


class FakeRoom:
    """Tells handlers of people who come and go, as `rtc.Room` does."""

    def __init__(self) -> None:
        self.remote_participants: dict[str, FakeParticipant] = {}
        self._handlers: dict[str, Callable[..., None]] = {}

    def on(self, event: str, handler: Callable[..., None]) -> None:
        self._handlers[event] = handler

    def comes(self, participant: FakeParticipant) -> None:
        self.remote_participants[participant.identity] = participant
        self._handlers["participant_connected"](participant)

    def goes(self, participant: FakeParticipant, reason: int | None) -> None:
        del self.remote_participants[participant.identity]
        participant.disconnect_reason = reason
        self._handlers["participant_disconnected"](participant)


class Rooms(FakeLiveKit):
    """`workers`: whether anybody takes a dispatch."""

    def __init__(self, *people: ParticipantInfo, workers: bool = True) -> None:
        super().__init__()
        self.rooms[ROOM] = list(people)
        self.workers = workers

    async def create_dispatch(self, room: str, metadata: RoomMetadata, agent_name: str) -> None:
        await super().create_dispatch(room, metadata, agent_name)
        if self.workers:
            self.rooms[room].append(SUCCESSOR)


class FakeServices:
    def __init__(self, livekit: Rooms) -> None:
        database: Any = FakeDatabase()
        self.livekit = livekit
        self.database = database
        self.calls = CallService(database)
        self.releases = ReleaseRepository(database, "trunkline")
        self.sessions = SessionManager(database)

    async def start(self) -> Any:
        call = Call(
            session_id="ca1",
            agent_id="a1",
            call_sid="CA1",
            state=CallState.IN_PROGRESS,
            caller="+14155550123",
            called="+14155550100",
            started_at=NOW,
        )
        await self.sessions.start_session(snapshot(), call, [])
        return self

    async def state(self) -> CallState:
        return (await self.calls.get_call("harbor", "ca1")).state
