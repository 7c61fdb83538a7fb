"""Who talks to a LiveKit server in the contract tests: participants, a worker, a receiver of webhooks."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer
from livekit import api, rtc
from livekit.protocol import agent as ag
from livekit.protocol.webhook import WebhookEvent

KEY = "contract"
SECRET = "contract-secret-of-32-or-more-characters"
WAIT_SECONDS = 15
SAMPLE_RATE = 16000
READY = "ready"


class Watched:
    """Something that tests wait for: `changed()` wakes whoever waits for a condition."""

    def __init__(self) -> None:
        self._condition = asyncio.Event()

    def changed(self, *_: object) -> None:
        self._condition.set()

    async def until(self, met: Callable[[], Any], what: str) -> Any:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                while not (result := met()):
                    self._condition.clear()
                    await self._condition.wait()
                return result
        except TimeoutError:
            raise AssertionError(f"never happened: {what}") from None


class Webhooks(Watched):
    """An HTTP server that takes webhooks and checks each signature; the first `failures` get a 500."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[WebhookEvent] = []
        self.content_types: set[str] = set()
        self.deliveries = 0
        self.failures = 0
        self.url = ""
        self._receiver = api.WebhookReceiver(api.TokenVerifier(KEY, SECRET))

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_post("/", self._receive)
        self._server = TestServer(app)
        await self._server.start_server()
        self.url = str(self._server.make_url("/"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _receive(self, request: web.Request) -> web.Response:
        self.deliveries += 1
        if self.deliveries <= self.failures:
            return web.Response(status=500)
        body = (await request.read()).decode()
        self.events.append(self._receiver.receive(body, request.headers["Authorization"]))
        self.content_types.add(request.content_type)
        self.changed()
        return web.Response()

    def named(self, event: str, identity: str = "") -> list[WebhookEvent]:
        return [
            item
            for item in self.events
            if item.event == event and identity in ("", item.participant.identity)
        ]

    async def one(self, event: str, identity: str = "") -> WebhookEvent:
        found = await self.until(lambda: self.named(event, identity), f"webhook {event} {identity}")
        return found[0]


def token(
    identity: str = "",
    *,
    kind: str | None = None,
    attributes: dict[str, str] | None = None,
    config: api.RoomConfiguration | None = None,
    secret: str = SECRET,
    **grants: Any,
) -> str:
    made = api.AccessToken(KEY, secret).with_grants(api.VideoGrants(**grants))
    if identity:
        made = made.with_identity(identity)
    if kind:
        made = made.with_kind(kind)  # pyright: ignore[reportArgumentType]
    if attributes:
        made = made.with_attributes(attributes)
    if config:
        made = made.with_room_config(config)
    return made.to_jwt()


class Member(Watched):
    """A participant that joined with the real SDK, and everything that it noticed."""

    def __init__(self) -> None:
        super().__init__()
        self.room = rtc.Room()
        self.disconnected: str | None = None
        self.dtmf: list[tuple[str, str]] = []
        self.packets: list[tuple[str, bytes, str]] = []
        self.ready = False
        self.texts: list[tuple[str, str]] = []
        self.loudest = 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._source: rtc.AudioSource | None = None
        for event in ("participant_connected", "participant_disconnected", "participant_attributes_changed"):
            self.room.on(event, self.changed)
        for event in (
            "track_published",
            "track_unpublished",
            "track_muted",
            "track_unsubscribed",
            "room_metadata_changed",
        ):
            self.room.on(event, self.changed)
        self.room.on("disconnected", self._on_disconnected)
        self.room.on("sip_dtmf_received", self._on_dtmf)
        self.room.on("data_received", self._on_data)
        self.room.on("track_subscribed", lambda track, *_: self._start(self._listen(track)))
        self.room.register_text_stream_handler(
            "topic", lambda reader, identity: self._start(self._read(reader, identity))
        )

    async def connect(self, url: str, token: str) -> Self:
        await self.room.connect(url, token)
        return self

    async def leave(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.room.disconnect()
        if self._source:
            await self._source.aclose()

    @property
    def others(self) -> dict[str, rtc.RemoteParticipant]:
        return dict(self.room.remote_participants)

    async def sees(self, identity: str) -> rtc.RemoteParticipant:
        return await self.until(lambda: self.others.get(identity), f"{identity} seen")

    async def gone(self) -> str:
        return await self.until(lambda: self.disconnected, "disconnected")

    async def publish(self, amplitude: int = 0) -> str:
        """Publish a microphone that plays a tone; returns the track's id."""
        self._source = rtc.AudioSource(SAMPLE_RATE, 1, queue_size_ms=100)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", self._source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        publication = await self.room.local_participant.publish_track(track, options)
        self._start(self._play(self._source, amplitude))
        return publication.sid

    async def send_text(self, text: str, sender: str) -> None:
        """Send a text stream that claims to be from `sender`."""
        writer = await self.room.local_participant.stream_text(topic="topic", sender_identity=sender)
        await writer.write(text)
        await writer.aclose()

    async def _play(self, source: rtc.AudioSource, amplitude: int) -> None:
        samples = SAMPLE_RATE // 50
        position = 0
        while True:
            phase = 2 * np.pi * 300 * (np.arange(samples) + position) / SAMPLE_RATE
            tone = (np.sin(phase) * amplitude).astype(np.int16)
            position += samples
            await source.capture_frame(rtc.AudioFrame(tone.tobytes(), SAMPLE_RATE, 1, samples))

    async def _listen(self, track: rtc.Track) -> None:
        stream = rtc.AudioStream(track, sample_rate=SAMPLE_RATE, num_channels=1)
        async for event in stream:
            samples = np.frombuffer(event.frame.data, np.int16).astype(float)
            self.loudest = max(self.loudest, float(np.sqrt((samples**2).mean())))
            self.changed()

    async def _read(self, reader: rtc.TextStreamReader, identity: str) -> None:
        self.texts.append((identity, await reader.read_all()))
        self.changed()

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)

    def _on_disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        self.disconnected = rtc.DisconnectReason.Name(reason)
        self.changed()

    def _on_dtmf(self, event: rtc.SipDTMF) -> None:
        self.dtmf.append((event.participant.identity if event.participant else "", event.digit))
        self.changed()

    def _on_data(self, packet: rtc.DataPacket) -> None:
        if packet.topic == READY:
            self.ready = True
            return
        self.packets.append(
            (packet.participant.identity if packet.participant else "", packet.data, packet.topic or "")
        )
        self.changed()


@dataclass
class Worker(Watched):
    """A worker that speaks the agent protocol itself: accepts every job, or none, and joins no room."""

    url: str
    agent_name: str
    available: bool = True
    offers: list[ag.Job] = field(default_factory=list[ag.Job])
    assignments: list[ag.JobAssignment] = field(default_factory=list[ag.JobAssignment])
    terminated: list[str] = field(default_factory=list[str])

    def __post_init__(self) -> None:
        super().__init__()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        headers = {"Authorization": f"Bearer {token(agent=True)}"}
        self._socket = await self._session.ws_connect(f"{self.url}/agent", headers=headers)
        register = ag.RegisterWorkerRequest(
            type=ag.JobType.JT_ROOM, agent_name=self.agent_name, version="1.8.9"
        )
        await self._send(ag.WorkerMessage(register=register))
        answer = ag.ServerMessage.FromString(await self._socket.receive_bytes())
        assert answer.register.worker_id.startswith("AW_")
        self._reading = asyncio.create_task(self._read())
        # The real server says that a worker is registered, then registers it, then reads what it sends:
        # a worker is sure to get jobs when its ping has been answered.
        await self._ping()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._socket.close()
        await self._session.close()

    async def report(self, load: float, status: ag.WorkerStatus) -> None:
        """Tell the server; when this returns, it has been read."""
        await self._send(ag.WorkerMessage(update_worker=ag.UpdateWorkerStatus(load=load, status=status)))
        await self._ping()

    async def _ping(self) -> None:
        self._ponged = asyncio.Event()
        await self._send(ag.WorkerMessage(ping=ag.WorkerPing(timestamp=1)))
        await asyncio.wait_for(self._ponged.wait(), WAIT_SECONDS)

    async def job(self, metadata: str) -> ag.JobAssignment:
        def found() -> list[ag.JobAssignment]:
            return [item for item in self.assignments if item.job.metadata == metadata]

        return (await self.until(found, f"a job with metadata {metadata!r}"))[0]

    async def _send(self, message: ag.WorkerMessage) -> None:
        await self._socket.send_bytes(message.SerializeToString())

    async def _read(self) -> None:
        with contextlib.suppress(TypeError):  # the server closed the connection
            while True:
                message = ag.ServerMessage.FromString(await self._socket.receive_bytes())
                match message.WhichOneof("message"):
                    case "availability":
                        await self._answer(message.availability.job)
                    case "assignment":
                        self.assignments.append(message.assignment)
                    case "termination":
                        self.terminated.append(message.termination.job_id)
                    case "pong":
                        self._ponged.set()
                    case other:
                        raise AssertionError(f"unexpected message to a worker: {other}")
                self.changed()

    async def _answer(self, job: ag.Job) -> None:
        self.offers.append(job)
        answer = ag.AvailabilityResponse(
            job_id=job.id, available=self.available, participant_identity=f"agent-{job.id}"
        )
        await self._send(ag.WorkerMessage(availability=answer))
