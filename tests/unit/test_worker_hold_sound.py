"""A hold sound that cannot be played is told in the log, and nothing else comes of it."""

import asyncio
from typing import Any

import pytest

from tests.waiting import eventually
from worker import hold_sound
from worker.hold_sound import HoldSound

pytestmark = pytest.mark.unit


class FakePlayer:
    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.closed = False
        self.played: list[tuple[Any, bool]] = []
        PLAYERS.append(self)

    async def start(self, room: Any) -> None:
        if room == "broken":
            raise RuntimeError("no room")

    def play(self, sound: Any, loop: bool) -> None:
        self.played.append((sound, loop))

    async def aclose(self) -> None:
        await self.closing.wait()
        self.closed = True


PLAYERS: list[FakePlayer] = []


@pytest.fixture(autouse=True)
def _players(monkeypatch: pytest.MonkeyPatch) -> None:
    PLAYERS.clear()
    monkeypatch.setattr(hold_sound, "BackgroundAudioPlayer", FakePlayer)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_one_sound_is_heard_over_and_over_however_often_it_is_asked_for() -> None:
    """A call asks several times a second, for as long as its caller waits."""
    room: Any = "room"
    sound = HoldSound(room)
    for _ in range(3):
        sound.play()
        await settled()
    assert [player.played for player in PLAYERS] == [[(hold_sound.TYPING, True)]]
    sound.stop()
    PLAYERS[0].closing.set()
    await settled()
    assert PLAYERS[0].closed


async def test_a_sound_that_breaks_is_told(caplog: pytest.LogCaptureFixture) -> None:
    room: Any = "broken"
    HoldSound(room).play()
    await settled()
    PLAYERS[0].closing.set()
    await settled()
    assert "the hold sound broke" in caplog.text


async def test_a_sound_that_does_not_end_is_waited_for_in_bounds(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hold_sound, "STOPS_WITHIN", 0.001)
    room: Any = "room"
    sound = HoldSound(room)
    sound.play()
    await settled()
    sound.stop()
    await eventually(lambda: not sound._tasks, "the sound is given up", seconds=5)
    assert "does not end" in caplog.text
    assert not PLAYERS[0].closed


async def test_a_sound_that_is_stopped_takes_its_track_down_and_can_be_played_again() -> None:
    room: Any = "room"
    sound = HoldSound(room)
    sound.play()
    await settled()
    sound.stop()
    sound.play()
    await settled()
    assert len(PLAYERS) == 2
    PLAYERS[0].closing.set()
    await settled()
    assert [player.closed for player in PLAYERS] == [True, False]
    sound.stop()
    PLAYERS[1].closing.set()
    await settled()
    assert PLAYERS[1].closed
