"""What the phone edge works with: settings, services and gateways, made once for an event loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from functions.incoming_call.settings import EdgeSettings
from shared.gateways.cloud_tasks import CloudTasksGateway
from shared.gateways.firestore import Database, firestore_client
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.twilio import TwilioGateway
from shared.models.base import utc_now
from shared.repositories.releases import ReleaseRepository
from shared.services.call_service import CallService
from shared.services.session_service import SessionManager
from shared.services.voice_agent_service import VoiceAgentService

CALLS_AT_ONCE = 24
"""More wait their turn. An instance that worked on hundreds at once would be late with every one of them."""

TURN_SECONDS = 9.0
"""How long a call waits its turn: with all that follows, less than the 15 s after which Twilio gives up."""


@dataclass(frozen=True)
class Edge:
    """Holds clients and nothing of any call."""

    settings: EdgeSettings
    database: Database
    livekit: LiveKitGateway
    tasks: CloudTasksGateway
    twilio: TwilioGateway
    now: Callable[[], datetime] = utc_now
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CALLS_AT_ONCE))
    agents: VoiceAgentService = field(init=False)
    sessions: SessionManager = field(init=False)
    calls: CallService = field(init=False)
    releases: ReleaseRepository = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__  # the way to fill a frozen dataclass
        put(self, "agents", VoiceAgentService(self.database, self.settings.agent_name, now=self.now))
        put(self, "sessions", SessionManager(self.database, now=self.now))
        put(self, "calls", CallService(self.database, now=self.now))
        put(self, "releases", ReleaseRepository(self.database, self.settings.agent_name))

    @classmethod
    def connect(cls, settings: EdgeSettings) -> Self:
        """Needs a running loop. Nothing is sent yet."""
        return cls(
            settings,
            Database(firestore_client(settings.google_cloud_project)),
            LiveKitGateway(settings),
            CloudTasksGateway(
                settings.tasks_queue, settings.tasks_service_account, settings.cloud_tasks_endpoint
            ),
            TwilioGateway(settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_url),
        )

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Held while a call is being connected. Raises `TimeoutError` when it does not come in time."""
        async with asyncio.timeout(TURN_SECONDS):
            await self.turns.acquire()
        try:
            yield
        finally:
            self.turns.release()
