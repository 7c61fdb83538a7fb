"""What the caller hears while nobody can speak: somebody typing, so that the line is not taken for dead.

It has a track of its own, which is there only while it is needed: the phone is answered by the agent's first
one, and must not be by this.
"""

# livekit's annotations are partial.
# pyright: reportUnknownMemberType=false

import asyncio
import logging

from livekit import rtc
from livekit.agents import AudioConfig, BackgroundAudioPlayer, BuiltinAudioClip
from livekit.rtc.participant import PublishTrackError

log = logging.getLogger(__name__)

TYPING = AudioConfig(BuiltinAudioClip.KEYBOARD_TYPING2, volume=0.6)
"""About -35 dBFS: softer than a voice."""
STARTS_WITHIN = 2.0
"""Seconds for publishing the track."""
STOPS_WITHIN = 2.0
"""Seconds for taking it down again; what takes longer ends with the room."""


class HoldSound:
    def __init__(self, room: rtc.Room) -> None:
        self._room = room
        self._playing: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        """Those that take their track down included."""

    def play(self) -> None:
        """Until `stop`; may be called again meanwhile."""
        if self._playing is None:
            self._playing = asyncio.create_task(self._play(), name="hold-sound")
            self._tasks.add(self._playing)
            self._playing.add_done_callback(self._done)

    def stop(self) -> None:
        if self._playing is not None:
            self._playing.cancel()
            self._playing = None

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("the hold sound broke", exc_info=error)

    async def _play(self) -> None:
        player = BackgroundAudioPlayer()
        try:
            async with asyncio.timeout(STARTS_WITHIN):
                await player.start(room=self._room)
            player.play(TYPING, loop=True)
            await asyncio.Event().wait()
        except (PublishTrackError, TimeoutError) as error:
            log.warning("the caller hears nothing while waiting: %r", error)
        finally:
            await _close(player)


async def _close(player: BackgroundAudioPlayer) -> None:
    try:
        async with asyncio.timeout(STOPS_WITHIN):
            await player.aclose()
    except TimeoutError:
        log.warning("the hold sound does not end")
