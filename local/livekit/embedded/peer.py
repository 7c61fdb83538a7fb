"""The two peer connections of a participant: one it publishes on, one it hears the others on.

LiveKit's protocol of separate connections (`/rtc`): the client offers the first, the server the second.
https://docs.livekit.io/reference/internals/client-protocol/
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

import aioice.ice
from aiortc import (
    RTCBundlePolicy,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCRtpTransceiver,
    RTCSessionDescription,
)
from aiortc.mediastreams import MediaStreamTrack
from aiortc.sdp import SessionDescription, candidate_from_sdp

from local.livekit.embedded.forwarding import EncodedSource, ForwardedTrack
from local.livekit.embedded.ids import new_id

log = logging.getLogger(__name__)

Label = Literal["_reliable", "_lossy"]

_NEGOTIATION_TIMEOUT_SECONDS = 15
_MAX_EARLY_MESSAGES = 1000

# Everything here is on loopback, which aioice leaves out; other interfaces would only add candidates to try.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: ["127.0.0.1"]
# livekit-server ends a session whose connection vanished without a word after 20 to 21 seconds: 15 until
# ICE fails and 5 of grace. aioice gives up after so many unanswered checks (each waits half a second), so
# many seconds apart.
aioice.ice.CONSENT_FAILURES = 4
aioice.ice.CONSENT_INTERVAL = 4

_OPUS = [codec for codec in RTCRtpSender.getCapabilities("audio").codecs if codec.mimeType == "audio/opus"]


class _Peer:
    def __init__(self, on_connected: Callable[[], None], on_lost: Callable[[], None]) -> None:
        self.pc = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE))
        self._early_candidates: list[str] = []
        self._described = False  # asking aiortc for the remote description would write it out each time
        self._closed = False
        self.ended = asyncio.Event()
        """The other side has closed the connection, or it failed."""

        @self.pc.on("connectionstatechange")
        def changed() -> None:
            if self._closed:
                return
            if self.pc.connectionState == "connected":
                on_connected()
            elif self.pc.connectionState in ("failed", "closed"):
                self.ended.set()
                on_lost()

    async def add_candidate(self, init: str) -> None:
        """`init` is the JSON of an RTCIceCandidateInit; it may come before its description."""
        if not self._described:
            self._early_candidates.append(init)
            return
        fields = json.loads(init)
        line = str(fields.get("candidate", "")).removeprefix("candidate:")
        if not line:
            return
        candidate = candidate_from_sdp(line)
        if candidate.protocol != "udp":
            return
        candidate.sdpMid = fields.get("sdpMid")
        candidate.sdpMLineIndex = fields.get("sdpMLineIndex")
        await self.pc.addIceCandidate(candidate)

    async def _describe(self, sdp: str, kind: Literal["offer", "answer"]) -> None:
        await self.pc.setRemoteDescription(RTCSessionDescription(sdp, kind))
        self._described = True
        early, self._early_candidates = self._early_candidates, []
        for init in early:
            await self.add_candidate(init)

    async def close(self) -> None:
        self._closed = True
        await self.pc.close()


class Publisher(_Peer):
    """Receives one participant's audio tracks and data."""

    def __init__(
        self,
        *,
        on_track: Callable[[str, str, EncodedSource], None],
        on_track_ended: Callable[[str], None],
        on_data: Callable[[str, bytes], None],
        on_connected: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        """`on_track` gets the media section's id, the client's id of the track, and the packets."""
        super().__init__(on_connected, on_lost)
        self._on_track = on_track
        self._on_track_ended = on_track_ended
        self._sources: dict[str, EncodedSource] = {}
        self._new: list[RTCRtpTransceiver] = []

        @self.pc.on("track")
        def track(track: MediaStreamTrack) -> None:
            self._new += [item for item in self.pc.getTransceivers() if item.receiver.track is track]

        @self.pc.on("datachannel")
        def datachannel(channel: RTCDataChannel) -> None:
            @channel.on("message")
            def message(data: bytes | str) -> None:
                if isinstance(data, bytes):
                    on_data(channel.label, data)

    async def answer(self, sdp: str) -> str:
        await self._describe(sdp, "offer")
        # Before the answer, so that aiortc's decoder never sees a packet.
        new = {item.mid: EncodedSource(item.receiver) for item in self._new if item.mid}
        self._new.clear()
        self._sources |= new
        await self.pc.setLocalDescription(await self.pc.createAnswer())
        client_ids = {
            media.rtp.muxId: (media.msid or "").split(" ")[-1]
            for media in SessionDescription.parse(sdp).media
        }
        for mid, source in new.items():
            self._on_track(mid, client_ids.get(mid, ""), source)
        for transceiver in self.pc.getTransceivers():
            mid = transceiver.mid
            if mid in self._sources and transceiver.currentDirection == "inactive":
                self._sources.pop(mid).close()
                self._on_track_ended(mid)
        return self.pc.localDescription.sdp

    async def close(self) -> None:
        for source in self._sources.values():
            source.close()
        await super().close()


@dataclass
class _Subscription:
    stream_id: str
    track: ForwardedTrack
    transceiver: RTCRtpTransceiver | None = None


class Subscriber(_Peer):
    """Sends one participant what the others publish. The tracks may change at any time: one task at a time
    offers what is current."""

    def __init__(
        self,
        *,
        send_offer: Callable[[str, int], Awaitable[None]],
        on_subscribed: Callable[[str], Awaitable[None]],
        on_connected: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        super().__init__(on_connected, on_lost)
        self._send_offer = send_offer
        self._on_subscribed = on_subscribed
        self._on_lost = on_lost
        self._subscriptions: dict[str, _Subscription] = {}
        self._ended: list[_Subscription] = []
        self._changed = asyncio.Event()
        self._offer_id = 0
        self._answer: asyncio.Future[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._early: list[bytes] = []
        self._channels: dict[str, RTCDataChannel] = {
            "_reliable": self.pc.createDataChannel("_reliable"),
            "_lossy": self.pc.createDataChannel("_lossy", ordered=False, maxRetransmits=0),
        }
        self._channels["_reliable"].on("open", self._send_early)

    def start(self) -> None:
        self._task = asyncio.create_task(self._negotiate())

    def add_track(self, track_sid: str, stream_id: str, source: EncodedSource) -> None:
        if track_sid not in self._subscriptions:
            self._subscriptions[track_sid] = _Subscription(stream_id, source.subscribe())
            self._changed.set()

    def remove_track(self, track_sid: str) -> None:
        if ended := self._subscriptions.pop(track_sid, None):
            ended.track.stop()
            self._ended.append(ended)
            self._changed.set()

    def send(self, label: Label, data: bytes) -> None:
        """Reliable messages that come before the channel is open are sent when it is."""
        channel = self._channels[label]
        if channel.readyState == "open":
            channel.send(data)
        elif (
            channel.readyState == "connecting"
            and label == "_reliable"
            and len(self._early) < _MAX_EARLY_MESSAGES
        ):
            self._early.append(data)

    def _send_early(self) -> None:
        early, self._early = self._early, []
        for data in early:
            self._channels["_reliable"].send(data)

    def on_answer(self, sdp: str) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_result(sdp)

    async def close(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        for subscription in self._subscriptions.values():
            subscription.track.stop()
        await super().close()

    async def _negotiate(self) -> None:
        try:
            # The first offer has the data channels alone: with audio in it too, aiortc bundles the two in
            # the wrong order and ICE never starts.
            await self._offer()
            while True:
                await self._changed.wait()
                self._changed.clear()
                for ended in self._take_ended():
                    await ended.sender.stop()
                    ended.direction = "inactive"
                    # Its section stays in the description; the name must be free for the track's next one.
                    ended.sender._track_id = new_id("ended")
                added = self._add_new()
                await self._offer()
                for track_sid in added:
                    await self._on_subscribed(track_sid)
        except TimeoutError:
            log.warning("a client did not answer an offer within %d s", _NEGOTIATION_TIMEOUT_SECONDS)
            self._on_lost()

    def _take_ended(self) -> list[RTCRtpTransceiver]:
        ended, self._ended = self._ended, []
        return [item.transceiver for item in ended if item.transceiver]

    def _add_new(self) -> list[str]:
        added: list[str] = []
        for track_sid, subscription in self._subscriptions.items():
            if subscription.transceiver is None:
                transceiver = self.pc.addTransceiver(subscription.track, direction="sendonly")
                transceiver.setCodecPreferences(_OPUS)
                # The client finds out whose track it is from these two ids in the description. aiortc has
                # no public way to choose them.
                transceiver.sender._stream_id = subscription.stream_id
                transceiver.sender._track_id = track_sid
                subscription.transceiver = transceiver
                added.append(track_sid)
        return added

    async def _offer(self) -> None:
        self._offer_id += 1
        self._answer = asyncio.get_running_loop().create_future()
        await self.pc.setLocalDescription(await self.pc.createOffer())
        await self._send_offer(self.pc.localDescription.sdp, self._offer_id)
        sdp = await asyncio.wait_for(self._answer, _NEGOTIATION_TIMEOUT_SECONDS)
        await self._describe(sdp, "answer")
