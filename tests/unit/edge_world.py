"""The phone edge over fakes of everything around it: one tenant, one agent, one number, one call."""

from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from livekit.protocol.models import DisconnectReason, ParticipantInfo, Room
from livekit.protocol.webhook import WebhookEvent

from functions.incoming_call.edge import Edge
from functions.incoming_call.handle_incoming import handle_twilio_incoming
from functions.incoming_call.settings import EdgeSettings
from functions.incoming_call.twilio_requests import TwilioCall
from shared.models.agent import Agent, SayFallback
from shared.models.call import Call
from shared.models.session import RoomMetadata
from shared.models.tenant import Tenant
from tests.fakes import FakeClock, FakeDatabase, FakeLiveKit, FakeTasks, FakeTwilio

NUMBER, CALLER, PERSON, LAST_RESORT = "+14155550100", "+14155550123", "+14155550177", "+14155550199"
CALL = TwilioCall("CA" + "0a" * 16, CALLER, NUMBER, "ringing")
SESSION = CALL.session_id
ROOM = f"call-{SESSION}"
METADATA = RoomMetadata(tenant_id="harbor", agent_id="reception", session_id=SESSION)
CALL_PATH = f"tenants/harbor/calls/{SESSION}"
SAY = SayFallback(text="We are closed.")
ENV = {
    "GOOGLE_CLOUD_PROJECT": "project",
    "LIVEKIT_URL": "wss://livekit.example.com",
    "LIVEKIT_API_KEY": "key",
    "LIVEKIT_API_SECRET": "s" * 32,
    "PUBLIC_URL": "https://voice.example.com/",
    "TWILIO_ACCOUNT_SID": "AC1",
    "TWILIO_AUTH_TOKEN": "token",
    "SIP_HOST": "sip.example.com",
    "SIP_USERNAME": "trunk",
    "SIP_PASSWORD": "secret",
    "TASKS_QUEUE": "projects/p/locations/l/queues/q",
    "TASKS_SERVICE_ACCOUNT": "tasks@example.com",
    "FALLBACK_NUMBER": LAST_RESORT,
}


@dataclass
class World:
    database: FakeDatabase = field(default_factory=FakeDatabase)
    livekit: FakeLiveKit = field(default_factory=FakeLiveKit)
    tasks: FakeTasks = field(default_factory=FakeTasks)
    twilio: FakeTwilio = field(default_factory=FakeTwilio)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        fakes: Any = (self.database, self.livekit, self.tasks, self.twilio)
        self.edge = Edge(EdgeSettings.from_env(ENV), *fakes, now=self.clock)
        self.seed()

    def seed(self, *, tenant: dict[str, Any] | None = None, **agent: Any) -> None:
        settings = {"name": "Reception", "instructions": "Help.", "fallback": SAY} | agent
        self.database.documents |= {
            f"phone_numbers/{NUMBER}": {"tenant_id": "harbor", "agent_id": "reception"},
            "tenants/harbor": Tenant(name="Harbor", **tenant or {}).to_firestore(),
            "tenants/harbor/agents/reception": Agent(**settings).to_firestore(),
            "tenants/harbor/agents/reception/agent_tools/end_call": {"slug": "end_call", "enabled": True},
            "tenants/harbor/agents/reception/agent_tools/send_email": {"slug": "send_email"},
        }

    @property
    def call(self) -> Call:
        return Call.from_firestore(self.database.documents[CALL_PATH])

    def change_call(self, **fields: Any) -> None:
        self.database.documents[CALL_PATH] |= fields

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [
            fields["data"]
            for path, fields in self.database.documents.items()
            if path.startswith(f"{CALL_PATH}/events/") and fields["kind"] == kind
        ]

    async def ring(self) -> str:
        return await handle_twilio_incoming(self.edge, CALL)

    async def answer(self) -> None:
        await self.ring()
        await self.edge.calls.mark_answered("harbor", SESSION, self.clock())
        self.livekit.rooms[ROOM] = [agent("agent-1"), caller()]


def verbs(document: str) -> list[str]:
    return [element.tag for element in ElementTree.fromstring(document)]


def find(document: str, path: str) -> ElementTree.Element:
    element = ElementTree.fromstring(document).find(path)
    assert element is not None, document
    return element


def agent(sid: str) -> ParticipantInfo:
    return ParticipantInfo(
        sid=sid, identity=sid, kind=ParticipantInfo.Kind.AGENT, joined_at_ms=1_700_000_000_400
    )


def caller(reason: int = DisconnectReason.UNKNOWN_REASON) -> ParticipantInfo:
    return ParticipantInfo(
        sid="PA_caller",
        identity=f"sip_{CALLER}",
        kind=ParticipantInfo.Kind.SIP,
        disconnect_reason=DisconnectReason.Name(reason),
        joined_at_ms=1_700_000_000_500,
    )


def event(name: str, participant: ParticipantInfo | None = None) -> WebhookEvent:
    room = Room(name=ROOM, metadata=METADATA.model_dump_json(), creation_time_ms=1_700_000_000_000)
    return WebhookEvent(event=name, room=room, participant=participant)
