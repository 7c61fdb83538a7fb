"""What a person sees while a call is made ready, and from when the lines of a call count."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from local import commands, play
from local.cloud import Cloud
from local.environment import Ports
from local.phone import phone as phone_module
from local.phone.phone import Phone
from local.phone.timeline import Moment
from local.play import Follow, Player, PlayError
from local.report import CallReport
from local.scenario import Scenario
from local.seed import DEMO, Seed
from local.speech import Pcm, tone
from shared.input_files import load_yaml
from shared.models.call import CallEvent

pytestmark = pytest.mark.unit

SCENARIO = Scenario.model_validate({"name": "Short", "dials": "+14155550100"})


class NoCloud:
    database = None
    ports = Ports.choose()


@pytest.mark.parametrize("by", ["the model", "the caller"])
@pytest.mark.parametrize("takes_long", [True, False])
async def test_new_lines_that_take_the_speech_engine_long_are_told_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, takes_long: bool, by: str
) -> None:
    """Nothing was printed for as long as half a minute, as if all hung."""
    monkeypatch.setattr(play, "TOLD_AFTER_SECONDS", 0.0)
    told: list[str] = []
    is_told = asyncio.Event()

    def say(line: str) -> None:
        told.append(line)
        is_told.set()

    async def register(*_: Any, **__: Any) -> None:
        if takes_long and by == "the model":
            await is_told.wait()

    async def dial(*_: Any, on_moment: Callable[[Moment], None], **__: Any) -> None:
        if takes_long and by == "the caller":
            await is_told.wait()
        on_moment(Moment.now("dialed"))
        await asyncio.sleep(0)
        raise PlayError("That is all.")

    player = Player(cast("Cloud", NoCloud()), load_yaml(DEMO, Seed), tmp_path, say)
    monkeypatch.setattr(player, "_control", register)
    monkeypatch.setattr(Phone, "play", dial)
    with pytest.raises(PlayError):
        await player.play(SCENARIO, name="call")
    assert told == ([play.SPEAKING] if takes_long else [])


async def test_who_stops_before_the_call_waits_for_one_line_of_the_speech_engine_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C all lines were still spoken, as if it had not been heard."""
    loop = asyncio.get_running_loop()
    spoken: list[str] = []
    speaks, goes_on = asyncio.Event(), threading.Event()

    def engine(text: str, _voice: str, rate: int) -> Pcm:
        spoken.append(text)
        loop.call_soon_threadsafe(speaks.set)
        assert goes_on.wait(10)
        return tone(0.1, rate)

    monkeypatch.setattr(phone_module, "speech_for", engine)
    turns = [{"caller": line} for line in ("One.", "Two.", "Three.")]
    scenario = Scenario.model_validate({"name": "New lines", "dials": "+14155550100", "turns": turns})
    async with Phone("http://127.0.0.1:9", tmp_path) as phone:
        playing = asyncio.create_task(phone.play(scenario))
        await speaks.wait()
        playing.cancel()
        goes_on.set()
        with pytest.raises(asyncio.CancelledError):
            await playing
    await loop.shutdown_default_executor()  # as the end of asyncio.run does
    assert len(spoken) == 1


class LatePlayer:
    """Dials long after it was told to play."""

    dialled = datetime.now(UTC) + timedelta(minutes=1)

    async def play(
        self, scenario: Scenario, *, name: str, follow: Follow, on_moment: Any = lambda _: None
    ) -> CallReport:
        on_moment(Moment("dialed", self.dialled.timestamp(), 0.0))
        at = self.dialled + timedelta(seconds=0.25)
        follow(CallEvent(at=at, source="edge", kind="state", data={"state": "ringing"}))
        on_moment(Moment("hung_up", at.timestamp(), 0.25))
        return CallReport(scenario=scenario.name, caller="+1", called="+2", call_sid=None)


async def test_what_is_printed_of_a_call_counts_from_the_moment_in_which_it_was_dialled(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What the speech engine took for new lines was added to every time."""
    await commands.followed(cast("Player", LatePlayer()), SCENARIO)
    assert capsys.readouterr().out == "   0.25 s   call: ringing\n"
