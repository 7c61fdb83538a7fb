"""Passes Opus packets from one publisher to its subscribers without decoding them.

aiortc decodes what it receives and encodes what it sends: two codecs per listener and 80 ms of jitter
buffer. An SFU needs neither. So a publisher's packets are taken where aiortc's receiver gets them from the
transport, and each subscriber's sender is given ready packets, which it only has to frame: `recv()` may
return an `av.Packet` instead of a frame.
"""

import asyncio
from collections import deque
from fractions import Fraction

from aiortc import RTCRtpReceiver
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from aiortc.rtp import RtpPacket
from av.packet import Packet

_OPUS_CLOCK = Fraction(1, 48000)
_MAX_QUEUED = 10
"""Packets of 20 ms: what a subscriber that cannot send yet should still hear when it can."""


class ForwardedTrack(MediaStreamTrack):
    """One subscriber's end of a published track."""

    kind = "audio"

    def __init__(self, source: "EncodedSource") -> None:
        super().__init__()
        self._source = source
        self._queue: deque[Packet] = deque(maxlen=_MAX_QUEUED)
        self._filled = asyncio.Event()

    def push(self, packet: Packet) -> None:
        self._queue.append(packet)
        self._filled.set()

    async def recv(self) -> Packet:
        while not self._queue:
            if self.readyState != "live":
                raise MediaStreamError
            self._filled.clear()
            await self._filled.wait()
        return self._queue.popleft()

    def stop(self) -> None:
        super().stop()
        self._source.remove(self)
        self._filled.set()


class EncodedSource:
    """A published track: every packet that arrives goes to every `ForwardedTrack`."""

    def __init__(self, receiver: RTCRtpReceiver) -> None:
        self._tracks: set[ForwardedTrack] = set()
        # aiortc has no public hook below its decoder. Replacing the handler on this one receiver leaves
        # its jitter buffer and decoder thread idle. (Private name; aiortc is pinned to 1.16.)
        receiver._handle_rtp_packet = self._on_rtp  # pyright: ignore[reportAttributeAccessIssue]

    def subscribe(self) -> ForwardedTrack:
        track = ForwardedTrack(self)
        self._tracks.add(track)
        return track

    def remove(self, track: ForwardedTrack) -> None:
        self._tracks.discard(track)

    def close(self) -> None:
        for track in list(self._tracks):
            track.stop()

    async def _on_rtp(self, rtp: RtpPacket, arrival_time_ms: int) -> None:
        if not self._tracks or not rtp.payload:
            return
        packet = Packet(rtp.payload)
        packet.pts = rtp.timestamp
        packet.time_base = _OPUS_CLOCK
        for track in self._tracks:
            track.push(packet)
