"""What people do to calls: end one, delete one with all that belongs to it, start a test call."""

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from shared.errors import AlreadyExistsError, ConflictError, NotFoundError
from shared.gateways.firestore import Database, Write
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.livekit_tokens import LIFETIME, browser_token
from shared.gateways.twilio import RecordedAudio, TwilioGateway
from shared.models.audit import Actor, AuditAction, Change
from shared.models.base import utc_now
from shared.models.call import Call, CallState, Outcome
from shared.models.session import RoomMetadata, room_name_for
from shared.repositories.agents import AgentRepository
from shared.repositories.call_history import CallHistoryRepository
from shared.repositories.calls import CallRepository
from shared.repositories.recordings import RecordingRepository
from shared.services.audit_service import AuditService
from shared.services.call_service import CallService, dispatch_event, state_event
from shared.services.request_keys import CreationUndoneError, OnceCommitter, RequestKey
from shared.services.session_service import SessionManager, new_call, new_session
from shared.settings import LiveKitSettings

SOURCE = "api"
"""This service's name as a source of events."""

MESSAGES_TURN_UP_WITHIN = timedelta(days=1)
"""Of a call's start. Until then a caller may have left a message though the voicemail could not be noted."""


@dataclass(frozen=True)
class TestCall:
    """What a browser needs to talk to the agent."""

    __test__ = False

    call_id: str
    livekit_url: str
    room: str
    token: SecretStr
    expires_at: datetime


class CallControlService:
    """`now` is the clock, with a time zone. All raise `UnavailableError`."""

    def __init__(
        self,
        database: Database,
        livekit: LiveKitGateway,
        twilio: TwilioGateway,
        settings: LiveKitSettings,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._livekit = livekit
        self._twilio = twilio
        self._settings = settings
        self._now = now
        self._agents = AgentRepository(database)
        self._calls = CallRepository(database)
        self._recordings = RecordingRepository(database)
        self._history = CallHistoryRepository(database)
        self._service = CallService(database, now=now)
        self._sessions = SessionManager(database, now=now)
        self._audit = AuditService(database, now=now)
        self._once = OnceCommitter(database, now=now)

    async def stop(self, tenant_id: str, actor: Actor, call_id: str) -> Call:
        """Hang up. A call that is over stays as it is. Raises `NotFoundError`.

        The outcome is written first, so that what follows from hanging up does not pass for the caller's
        doing; asked again, everybody is hung up again.
        """
        call = await self._calls.get(tenant_id, call_id)
        if call.outcome not in (None, Outcome.STOPPED):
            return call
        entry = self._audit.entry(tenant_id, actor, AuditAction.CALL_STOPPED, f"calls/{call_id}")
        await self._service.end_call(
            tenant_id, call_id, Outcome.STOPPED, self._now(), source=SOURCE, along=[entry]
        )
        if call.source == "phone":
            await self._twilio.hang_up(call.call_sid)
        await self._livekit.delete_room(room_name_for(call_id))
        return await self._calls.get(tenant_id, call_id)

    async def delete(self, tenant_id: str, actor: Actor, call_id: str) -> None:
        """With its session, events and recording, for good.

        Raises `NotFoundError`, and `ConflictError` while it is going on.
        """
        call = await self._calls.get(tenant_id, call_id)
        now = self._now()
        if call.outcome is None and (call.active_until is None or call.active_until > now):
            raise ConflictError(
                f"call {call_id} goes on",
                sentence="This call is going on. End it first.",
                code="call_goes_on",
            )
        if await self._sessions.is_held(tenant_id, call_id):  # what it writes next would stay
            raise ConflictError(
                f"an agent still writes about call {call_id}",
                sentence="This call has just ended. Delete it in a few seconds.",
                code="call_just_ended",
            )
        removals: list[Write] = []
        for recording_sid in sorted(await self.messages_of(call)):
            await self._twilio.delete_recording(recording_sid)
            removals.append(self._recordings.removal(tenant_id, recording_sid))
        changes = {"started_at": Change(before=call.started_at.isoformat())}
        entry = self._audit.entry(tenant_id, actor, AuditAction.CALL_DELETED, f"calls/{call_id}", changes)
        await self._history.delete(tenant_id, call_id, entry, *removals)

    async def messages_of(self, call: Call) -> set[str]:
        """Ids of what the caller left at Twilio, also what nobody has told of yet: it would stay there, and
        its call be written down again."""
        sids = {call.voicemail.recording_sid} if call.voicemail else set[str]()
        unnoted = call.source == "phone" and call.started_at > self._now() - MESSAGES_TURN_UP_WITHIN
        if unnoted or call.fallback_served == "voicemail":
            sids.update(recording.sid for recording in await self._twilio.recordings_of(call.call_sid))
        return sids

    async def open_recording(self, tenant_id: str, call_id: str) -> RecordedAudio:
        """What the caller left, to be read to its end or closed. Raises `NotFoundError`."""
        call = await self._calls.get(tenant_id, call_id)
        audio = None
        if call.voicemail is not None:
            audio = await self._twilio.open_recording(call.voicemail.recording_sid)
        if audio is None:
            raise NotFoundError(
                f"no recording of {call_id}", sentence="This call has no recording.", code="no_recording"
            )
        return audio

    async def start_test_call(
        self,
        tenant_id: str,
        actor: Actor,
        agent_id: str,
        request: RequestKey | None,
        *,
        release: str | None = None,
    ) -> TestCall:
        """A call without a phone: the same snapshot, room and worker; also of an agent that is off or closed.

        `release` is the worker release that is to serve it; None: as any call.
        Raises `NotFoundError`, and `ConflictError` when the tenant has as many calls as it may.
        """
        earlier = await self._once.find(tenant_id, request)
        if earlier is None:
            call = await self._begin(tenant_id, actor, agent_id, request, release)
        else:
            call = await self._going_on(tenant_id, earlier)
        call_id = call.session_id
        room = room_name_for(call_id)
        # A room that exists stays as it is: a repeated request makes sure that it does.
        await self._livekit.create_room(
            room,
            RoomMetadata(tenant_id=tenant_id, agent_id=agent_id, session_id=call_id),
            call.agent_name or self._settings.agent_name,
        )
        return TestCall(
            call_id,
            self._settings.livekit_url,
            room,
            SecretStr(browser_token(self._settings, room, "tester")),
            self._now() + LIFETIME,
        )

    async def _going_on(self, tenant_id: str, call_id: str) -> Call:
        try:
            call = await self._calls.get(tenant_id, call_id)
        except NotFoundError:
            call = None
        if call is None or call.outcome is not None:
            raise CreationUndoneError(
                f"test call {call_id} is over", sentence="This test call is over.", code="test_call_over"
            )
        return call

    async def _begin(
        self,
        tenant_id: str,
        actor: Actor,
        agent_id: str,
        request: RequestKey | None,
        release: str | None,
    ) -> Call:
        """Commit the session as the phone edge does."""
        now = self._now()
        call_id = f"web-{secrets.token_hex(12)}"
        (tenant, agent, _, releases), tools, active = await asyncio.gather(
            self._agents.find_for_call(tenant_id, agent_id, call_id, self._settings.agent_name),
            self._agents.enabled_tools(tenant_id, agent_id),
            self._calls.count_active(tenant_id, now),
        )
        if tenant is None or agent is None:
            raise NotFoundError(f"no agent {agent_id} of tenant {tenant_id}")
        if active >= tenant.max_concurrent_calls:
            sentence = f"{active} calls are going on, which is as many as this account may have at once."
            raise ConflictError("at capacity", sentence=sentence, code="at_capacity")
        agent_name = release or releases.for_call(call_id)
        call = new_call(
            tenant,
            agent_id,
            agent,
            now,
            session_id=call_id,
            call_sid=call_id,
            caller=None,
            called=None,
            source="web",
            agent_name=agent_name,
        )
        snapshot = new_session(tenant_id, tenant, call, agent, tools)
        events = [
            state_event(now, SOURCE, CallState.RINGING),
            dispatch_event(now, call.dispatches, agent_name),
        ]
        subject = f"calls/{call_id}"
        changes = {"agent_id": Change(after=agent_id)}
        entry = self._audit.entry(tenant_id, actor, AuditAction.TEST_CALL_STARTED, subject, changes)
        along = [entry, *self._once.claim(tenant_id, request, call_id)]
        try:
            await self._sessions.start_session(snapshot, call, events, along=along)
        except AlreadyExistsError:  # the same request was delivered twice at once
            earlier = await self._once.find(tenant_id, request)
            if earlier is None:
                raise
            return await self._going_on(tenant_id, earlier)
        return call
