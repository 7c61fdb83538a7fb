"""livekit-sip's part of a call: one telephone call leg in, one participant of kind SIP in a LiveKit room.

Behaviour and timings follow livekit-sip 1.10 with one inbound trunk (user and password) and a callee
dispatch rule: the user part of the dialled address is the room. The caller hears ringing until another
participant's audio track is subscribed to, then the call is answered.
"""

import asyncio
import hmac
import logging
import re
import uuid
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import numpy as np
from livekit import api, rtc
from livekit.rtc.participant import PublishTrackError
from pydantic import SecretStr

from local.phone import g711
from local.phone.mixer import Mixer
from shared.livekit_native import keep_logs_native
from shared.settings import LiveKitSettings

log = logging.getLogger(__name__)

API_SECONDS = 5.0
JOIN_SECONDS = 10.0
LEAVE_SECONDS = 3.0
RECONNECT_SECONDS = 5.0
"""A room that does not come back within this time ends the call. livekit-sip itself tries for longer."""
_OPUS_BITRATE = 64_000
"""Bits per second. A telephone's narrow band is then coded by CELT alone: 1.2 % of a core instead of the 3 %
that SILK takes at 32,000. The agent's wider voice would be coded by both, for as much CPU as before."""
_UPLINK_QUEUE_MS = 100
"""What comes late is spread again over the time that it lasts: in a burst, the far end would hear it fast."""
_UPLINK_FRAMES = 100
"""On a machine that is busy for a moment the caller's words come late rather than cut."""
_UPLINK_TOGETHER = 5
"""Frames that the audio source takes at once: it refuses more than its queue holds."""
_SILENT_FRAMES = 10
"""After so many frames of pure silence the audio source makes its own, which costs us nothing."""
_DTMF_CODES = {digit: code for code, digit in enumerate("0123456789*#")}
_ADDRESS = re.compile(r"^sip:(?P<user>[^@;]+)@(?P<host>[^;:?]+)(:\d+)?([;?].*)?$")


class SipSettings(LiveKitSettings):
    """LIVEKIT_* plus the inbound trunk's credentials and limits."""

    sip_host: str
    sip_username: str
    sip_password: SecretStr
    sip_ringing_timeout: float = 180


class CallRefused(Exception):
    """The far end did not answer: a final SIP response other than 200."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


@dataclass(frozen=True)
class Invite:
    """What an INVITE says, as far as livekit-sip cares."""

    address: str
    username: str | None
    password: str | None
    caller: str
    call_sid: str


class SipBridge:
    """Takes calls for one LiveKit deployment. Enter the context before the first call."""

    def __init__(self, settings: SipSettings) -> None:
        self._settings = settings
        self._finishing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        keep_logs_native()
        s = self._settings
        self._api = api.LiveKitAPI(s.livekit_url, s.livekit_api_key, s.livekit_api_secret.get_secret_value())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*self._finishing, return_exceptions=True)
        await self._api.aclose()

    def finish(self, leaving: Coroutine[Any, Any, None]) -> None:
        """See a leg's goodbye through to its end."""
        task = asyncio.create_task(leaving)
        self._finishing.add(task)
        task.add_done_callback(self._finishing.discard)

    def leg(self, invite: Invite, note: Callable[[str], None] = lambda _: None) -> "SipLeg":
        """`note` is told the leg's moments: "ringing", "room_joined", "agent_subscribed"."""
        return SipLeg(self, invite, note)

    async def admit(self, invite: Invite) -> str:
        """The room that the caller may enter, or `CallRefused`."""
        address = _ADDRESS.match(invite.address)
        if address is None or address["host"] != self._settings.sip_host:
            raise CallRefused(404, "Not Found")
        if not self._knows(invite.username, invite.password):
            raise CallRefused(403, "Forbidden")
        room = address["user"]
        try:
            async with asyncio.timeout(API_SECONDS):
                found = await self._api.room.list_rooms(api.ListRoomsRequest(names=[room]))
        except Exception as error:
            raise CallRefused(503, "Service Unavailable") from error
        if not found.rooms:
            raise CallRefused(486, "Busy Here")  # room.auto_create is off: callers make no rooms
        return room

    async def connect(self, room: rtc.Room, name: str, invite: Invite) -> None:
        s = self._settings
        token = (
            api.AccessToken(s.livekit_api_key, s.livekit_api_secret.get_secret_value())
            .with_identity(f"sip_{invite.caller}")
            .with_name(f"Phone {invite.caller}")
            .with_kind("sip")
            .with_attributes(
                {
                    "sip.callID": f"SCL_{uuid.uuid4().hex[:12]}",
                    "sip.callStatus": "ringing",
                    "sip.phoneNumber": invite.caller,
                    "sip.trunkPhoneNumber": name,
                    "sip.twilio.callSid": invite.call_sid,
                }
            )
            .with_grants(api.VideoGrants(room_join=True, room=name, can_update_own_metadata=True))
        )
        await room.connect(s.livekit_url, token.to_jwt(), rtc.RoomOptions(connect_timeout=JOIN_SECONDS / 2))

    @property
    def ringing_timeout(self) -> float:
        return self._settings.sip_ringing_timeout

    def _knows(self, username: str | None, password: str | None) -> bool:
        expected = f"{self._settings.sip_username}:{self._settings.sip_password.get_secret_value()}"
        return hmac.compare_digest(f"{username}:{password}".encode(), expected.encode())


class SipLeg:
    """One call into a room. `ring`, then `send`/`press` and frames to `hear`, until `ended` or `hang_up`."""

    def __init__(self, bridge: SipBridge, invite: Invite, note: Callable[[str], None]) -> None:
        self._bridge = bridge
        self._invite = invite
        self._note = note
        self._room = rtc.Room()
        self._source = rtc.AudioSource(g711.RATE, 1, queue_size_ms=_UPLINK_QUEUE_MS)
        self._uplink: deque[bytes] = deque(maxlen=_UPLINK_FRAMES)
        self._uplink_waits = asyncio.Event()
        self._silent_frames = 0
        self._mixer = Mixer()
        self._heard = asyncio.Event()
        self._ended = asyncio.Event()
        self._gone = False
        self._joining: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.hear: Callable[[bytes], None] = lambda _: None
        """Receives a µ-law frame every 20 ms from the answer on, or several together."""

    async def ring(self) -> None:
        """Returns when the call is answered; raises `CallRefused` otherwise."""
        name = await self._bridge.admit(self._invite)
        self._note("ringing")
        self._room.on("track_subscribed", self._on_track)
        self._room.on("disconnected", self._on_disconnected)
        self._room.on("reconnecting", self._on_reconnecting)
        self._joining = asyncio.create_task(self._join(name))
        try:
            await asyncio.wait_for(asyncio.shield(self._joining), JOIN_SECONDS)
        except (rtc.ConnectError, PublishTrackError, TimeoutError) as error:
            await self.hang_up()
            raise CallRefused(503, "Service Unavailable") from error
        await self._wait_for_audio()
        self._note("agent_subscribed")
        self._start(self._set_status("active"))
        self._start(self._downlink())

    def send(self, frame: bytes) -> None:
        """The caller's voice. Never waits: when the room cannot take it, the oldest frames are lost."""
        self._silent_frames = self._silent_frames + 1 if frame == g711.SILENCE else 0
        if self._silent_frames <= _SILENT_FRAMES:
            self._uplink.append(frame)
            self._uplink_waits.set()

    def press(self, digit: str) -> None:
        self._start(self._room.local_participant.publish_dtmf(code=_DTMF_CODES[digit], digit=digit))

    async def ended(self) -> None:
        """Waits for the far end's BYE: the room was deleted, or the participant removed."""
        await self._ended.wait()

    async def hang_up(self) -> None:
        """BYE. Returns at once; leaving the room may take the bridge a moment longer."""
        if not self._gone:
            self._gone = True
            self._ended.set()
            self._bridge.finish(self._leave())

    async def _leave(self) -> None:
        if self._joining is not None:  # a join cannot be called off half-way without leaving a ghost behind
            await asyncio.wait({self._joining}, timeout=JOIN_SECONDS)
        if self._room.isconnected():
            for goodbye in (self._set_status("hangup"), self._room.disconnect()):
                try:
                    await asyncio.wait_for(goodbye, LEAVE_SECONDS)
                except TimeoutError:
                    log.warning("call leg %s: the room did not answer a goodbye", self._invite.call_sid)
        for task in self._tasks:
            task.cancel()
        if self._tasks:  # an audio stream of a server that has died may never be told that it is over
            await asyncio.wait(self._tasks, timeout=LEAVE_SECONDS)
        await self._source.aclose()

    async def _join(self, name: str) -> None:
        await self._bridge.connect(self._room, name, self._invite)
        self._note("room_joined")
        await self._publish()

    async def _publish(self) -> None:
        track = rtc.LocalAudioTrack.create_audio_track("phone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE, dtx=False, red=False)
        options.audio_encoding.max_bitrate = _OPUS_BITRATE
        await self._room.local_participant.publish_track(track, options)
        self._start(self._capture())

    async def _wait_for_audio(self) -> None:
        heard, ended = (asyncio.ensure_future(event.wait()) for event in (self._heard, self._ended))
        try:
            await asyncio.wait(
                {heard, ended}, timeout=self._bridge.ringing_timeout, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            heard.cancel()
            ended.cancel()
        if self._ended.is_set() or not self._heard.is_set():
            await self.hang_up()
            raise CallRefused(486, "Busy Here")

    async def _set_status(self, status: str) -> None:
        await self._room.local_participant.set_attributes({"sip.callStatus": status})

    def _on_track(
        self, track: rtc.Track, _publication: rtc.RemoteTrackPublication, _who: rtc.RemoteParticipant
    ) -> None:
        if track.kind == rtc.TrackKind.KIND_AUDIO:
            self._start(self._listen(track))
            self._heard.set()

    def _on_disconnected(self, _reason: object) -> None:
        self._ended.set()

    def _on_reconnecting(self) -> None:
        self._start(self._give_up_reconnecting())

    async def _give_up_reconnecting(self) -> None:
        await asyncio.sleep(RECONNECT_SECONDS)
        if self._room.connection_state != rtc.ConnectionState.CONN_CONNECTED:
            self._ended.set()

    async def _capture(self) -> None:
        while True:
            await self._uplink_waits.wait()
            self._uplink_waits.clear()
            while self._uplink:
                together = min(len(self._uplink), _UPLINK_TOGETHER)
                pcm = g711.decode(b"".join(self._uplink.popleft() for _ in range(together)))
                await self._source.capture_frame(rtc.AudioFrame(pcm.tobytes(), g711.RATE, 1, len(pcm)))

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(
            track, sample_rate=g711.RATE, num_channels=1, frame_size_ms=round(g711.FRAME_SECONDS * 1000)
        )
        voice = self._mixer.add()
        try:
            async for event in stream:
                voice.waiting.append(np.frombuffer(event.frame.data, np.int16))
        finally:
            self._mixer.remove(voice)
            await stream.aclose()

    async def _downlink(self) -> None:
        """A frame every 20 ms, whoever speaks or does not: the RTP stream of an answered call."""
        clock = g711.Clock()
        while True:
            due = await clock.frames_due()
            self.hear(b"".join(self._mixer.next_frame() for _ in range(due)))

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.warning("call leg %s: %r", self._invite.call_sid, error)
