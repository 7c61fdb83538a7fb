"""A call without a telephone: the same snapshot, room and worker as any call, and an ear that measures.

It is a test call, as the dashboard makes them, of an agent that exists. It is ended and deleted afterwards.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress

import numpy as np
from livekit import rtc
from pydantic import BaseModel

from operations.operator import Operator
from shared.errors import TrunklineError, UnavailableError
from shared.gateways.firestore import Database
from shared.models.call import CallEvent
from shared.models.session import room_name_for
from shared.services.call_control_service import CallControlService, TestCall
from shared.services.call_service import CallService
from shared.services.session_service import SessionManager

log = logging.getLogger(__name__)

JOIN_SECONDS = 10.0
AGENT_SECONDS = 10.0
"""An agent is there within a second; a busy machine takes a few."""
SPEECH_SECONDS = 20.0
"""From the agent's arrival to its first word: far more than a caller would bear, so that slow is told from
silent."""
BOOKS_SECONDS = 5.0
"""For LiveKit's webhook to be written down."""
SETTLE_SECONDS = 15.0
"""For the agent to write its last events, and for its lease to end: until then the call cannot be deleted."""
QUIET_SECONDS = 3.0
"""Without another event: then LiveKit has told all that it had to."""
VOICE_RMS = 0.01
"""Of full scale. Comfort noise is far below, speech far above."""
RATE = 48_000
FRAME = RATE // 100


class Heard(BaseModel):
    release: str
    agent_joined_ms: int | None = None
    """From the request to the agent in the room."""
    first_word_ms: int | None = None
    loudness: float = 0.0
    """Root mean square of the loudest tenth of a second, of full scale."""
    webhook_arrived: bool = False
    """LiveKit told the phone edge that the agent joined."""


async def synthetic_call(operator: Operator, tenant_id: str, agent_id: str, release: str) -> Heard:
    """Raises `UnavailableError`, `NotFoundError`, `ConflictError` when the tenant has no free call."""
    settings = await operator.livekit_settings()
    livekit, twilio = await operator.livekit(), await operator.twilio()
    control = CallControlService(operator.database, livekit, twilio, settings)
    started = time.monotonic()
    call = await control.start_test_call(tenant_id, operator.actor, agent_id, None, release=release)
    try:
        heard = await _listen(call, release, started)
        if heard.agent_joined_ms is not None:
            calls = CallService(operator.database)
            arrived = await _webhook_arrived(calls, tenant_id, call.call_id)
            heard = heard.model_copy(update={"webhook_arrived": arrived})
        return heard
    finally:
        try:
            await control.stop(tenant_id, operator.actor, call.call_id)
            await _until_written(operator.database, tenant_id, call.call_id)
            await control.delete(tenant_id, operator.actor, call.call_id)
        except TrunklineError as error:
            log.warning("the synthetic call %s of %s stays: %s", call.call_id, tenant_id, error)


async def _listen(call: TestCall, release: str, started: float) -> Heard:
    ear = _Ear(release, started)
    async with _in_room(call, ear) as room:
        await _speak_silence(room)
        with suppress(TimeoutError):
            async with asyncio.timeout(AGENT_SECONDS):
                await ear.agent_there.wait()
            async with asyncio.timeout(SPEECH_SECONDS):
                await ear.voice.wait()
    return Heard(
        release=release,
        agent_joined_ms=ear.agent_joined_ms,
        first_word_ms=ear.first_word_ms,
        loudness=round(ear.loudest, 3),
    )


class _Ear:
    """Hears agents of `release` alone: when none comes, the platform sends one of the live release."""

    def __init__(self, release: str, started: float) -> None:
        self._release = release
        self._started = started
        self.agent_there, self.voice = asyncio.Event(), asyncio.Event()
        self.agent_joined_ms: int | None = None
        self.first_word_ms: int | None = None
        self.loudest = 0.0
        self.listening: set[asyncio.Task[None]] = set()

    def on_participant(self, participant: rtc.RemoteParticipant) -> None:
        if self._is_wanted(participant) and self.agent_joined_ms is None:
            self.agent_joined_ms = self._elapsed()
            self.agent_there.set()

    def on_track(self, track: rtc.Track, _: rtc.RemoteTrackPublication, who: rtc.RemoteParticipant) -> None:
        self.on_participant(who)
        if track.kind == rtc.TrackKind.KIND_AUDIO and self._is_wanted(who):
            self.listening.add(asyncio.create_task(self._hear(track)))

    def _is_wanted(self, participant: rtc.RemoteParticipant) -> bool:
        is_agent = participant.kind == rtc.ParticipantKind.PARTICIPANT_KIND_AGENT
        return is_agent and participant.attributes.get("lk.agent_name") == self._release

    async def _hear(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=RATE, num_channels=1, frame_size_ms=100)
        try:
            async for event in stream:
                samples = np.frombuffer(event.frame.data, np.int16).astype(np.float64) / 32768
                loudness = math.sqrt(float(np.mean(np.square(samples)))) if samples.size else 0.0
                self.loudest = max(self.loudest, loudness)
                if loudness > VOICE_RMS and self.first_word_ms is None:
                    self.first_word_ms = self._elapsed()
                    self.voice.set()
        finally:
            await stream.aclose()

    def _elapsed(self) -> int:
        return round((time.monotonic() - self._started) * 1000)


@asynccontextmanager
async def _in_room(call: TestCall, ear: _Ear) -> AsyncGenerator[rtc.Room]:
    room = rtc.Room()
    room.on("participant_connected", ear.on_participant)  # pyright: ignore[reportUnknownMemberType]
    room.on("track_subscribed", ear.on_track)  # pyright: ignore[reportUnknownMemberType]
    try:
        async with asyncio.timeout(JOIN_SECONDS):
            await room.connect(call.livekit_url, call.token.get_secret_value())
        for participant in room.remote_participants.values():
            ear.on_participant(participant)
        yield room
    except (rtc.ConnectError, TimeoutError) as error:
        name = room_name_for(call.call_id)
        raise UnavailableError(f"LiveKit: {name} could not be joined: {type(error).__name__}") from error
    finally:
        for task in ear.listening:
            task.cancel()
        await asyncio.gather(*ear.listening, return_exceptions=True)
        await room.disconnect()


async def _speak_silence(room: rtc.Room) -> None:
    """A microphone that is there and hears nothing: the agent greets who publishes one."""
    source = rtc.AudioSource(RATE, 1)
    track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
    await room.local_participant.publish_track(track, options)
    await source.capture_frame(rtc.AudioFrame(bytes(2 * FRAME), RATE, 1, FRAME))


async def _until_written(database: Database, tenant_id: str, call_id: str) -> None:
    """The agent writes its last events after the room is gone: deleted before, they would stay behind."""
    calls, sessions = CallService(database), SessionManager(database)
    deadline = time.monotonic() + SETTLE_SECONDS
    written, since = 0, time.monotonic()
    while time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        count = len(await calls.read_events(tenant_id, call_id))
        if count != written:
            written, since = count, time.monotonic()
        elif time.monotonic() - since > QUIET_SECONDS and not await sessions.is_held(tenant_id, call_id):
            return


async def _webhook_arrived(calls: CallService, tenant_id: str, call_id: str) -> bool:
    deadline = time.monotonic() + BOOKS_SECONDS
    while time.monotonic() < deadline:
        events: list[CallEvent] = [event for _, event in await calls.read_events(tenant_id, call_id)]
        if any(event.source == "livekit" for event in events):
            return True
        await asyncio.sleep(0.2)
    return False
