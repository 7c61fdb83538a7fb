"""The other side of the Twilio contract: an application that answers webhooks, and an agent in a room."""

import asyncio
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api, rtc
from twilio.request_validator import RequestValidator

from tests.waiting import eventually

ACCOUNT_SID = "AC" + "0" * 32
AUTH_TOKEN = "contract-auth-token"
NUMBER = "+14155550100"
CALLER = "+14155550123"


@dataclass
class Received:
    path: str
    params: dict[str, str]
    signed: bool
    token: str


@dataclass
class Reply:
    twiml: str = ""
    status: int = 200
    content_type: str = "text/xml"
    after: asyncio.Event | None = None
    """Wait for it before answering."""


@dataclass
class Application:
    """Answers each path with its next reply (the last one stays) and keeps what it received."""

    replies: dict[str, list[Reply]] = field(default_factory=dict[str, list[Reply]])
    received: list[Received] = field(default_factory=list[Received])
    url: str = ""

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app)
        await self._server.start_server(shutdown_timeout=0.1)
        self.url = f"http://127.0.0.1:{self._server.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    def on(self, path: str, *replies: Reply | str) -> None:
        self.replies[path] = [
            Reply(f"<Response>{r}</Response>") if isinstance(r, str) else r for r in replies
        ]

    def at(self, path: str) -> list[Received]:
        return [received for received in self.received if received.path == path]

    async def _answer(self, request: web.Request) -> web.Response:
        post = request.method == "POST"
        params = {
            name: str(value) for name, value in (await request.post() if post else request.query).items()
        }
        signed = RequestValidator(AUTH_TOKEN).validate(
            f"{self.url}{request.raw_path}",
            params if post else {},
            request.headers.get("X-Twilio-Signature", ""),
        )
        token = request.headers.get("I-Twilio-Idempotency-Token", "")
        self.received.append(Received(request.path, params, signed, token))
        replies = self.replies.get(request.path, [Reply("<Response/>")])
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if reply.after:
            await reply.after.wait()
        return web.Response(text=reply.twiml, status=reply.status, content_type=reply.content_type)


class ToneAgent:
    """An agent participant whose voice is a tone, and that hears loudness and keys."""

    RATE = 24_000

    def __init__(
        self, url: str, key: str, secret: str, room: str, identity: str = "agent", *, hertz: int = 400
    ) -> None:
        """`hertz` is a multiple of 50, so that one frame of 20 ms goes on where the one before ends."""
        grants = api.VideoGrants(room_join=True, room=room, agent=True)
        token = api.AccessToken(key, secret).with_identity(identity).with_kind("agent").with_grants(grants)
        self._url, self._token = url, token.to_jwt()
        self._hertz = hertz
        self.room = rtc.Room()
        self.heard_loudness = 0.0
        self.digits = ""
        self._source = rtc.AudioSource(self.RATE, 1, queue_size_ms=60)
        self._listening: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self.room.on("track_subscribed", self._on_track)
        self.room.on("sip_dtmf_received", self._on_digit)
        await self.room.connect(self._url, self._token)
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._listening:
            task.cancel()
        await asyncio.gather(*self._listening, return_exceptions=True)
        await self.room.disconnect()

    async def publish(self) -> None:
        track = rtc.LocalAudioTrack.create_audio_track("voice", self._source)
        options = rtc.TrackPublishOptions()
        self._publication = await self.room.local_participant.publish_track(track, options)

    async def is_listened_to(self) -> None:
        await self._publication.wait_for_subscription()

    async def speak(self, seconds: float) -> None:
        """Returns when it was said, in real time."""
        time = np.arange(self.RATE // 50) / self.RATE
        wave = (8000 * np.sin(2 * np.pi * self._hertz * time)).astype(np.int16)
        for _ in range(round(seconds * 50)):
            await self._source.capture_frame(rtc.AudioFrame(wave.tobytes(), self.RATE, 1, len(wave)))
        await self._source.wait_for_playout()

    @property
    def caller(self) -> rtc.RemoteParticipant | None:
        callers = (p for p in self.room.remote_participants.values() if p.identity.startswith("sip_"))
        return next(callers, None)

    async def answered(self) -> rtc.RemoteParticipant:
        """The caller, once the call is up."""

        def active() -> rtc.RemoteParticipant | None:
            caller = self.caller
            return caller if caller and caller.attributes.get("sip.callStatus") == "active" else None

        return await eventually(active, "an active caller")

    def _on_track(self, track: rtc.Track, *_: object) -> None:
        self._listening.append(asyncio.create_task(self._listen(track)))

    async def _listen(self, track: rtc.Track) -> None:
        async for event in rtc.AudioStream(track, sample_rate=16_000, num_channels=1):
            samples = np.frombuffer(event.frame.data, np.int16).astype(float)
            self.heard_loudness = max(self.heard_loudness, float(np.sqrt((samples**2).mean())))

    def _on_digit(self, dtmf: rtc.SipDTMF) -> None:
        self.digits += dtmf.digit
