"""The stand-in's ears, on the lines that simulated callers really speak, as a telephone carries them."""

import numpy as np
import pytest

from local.gemini.hearing import Ear, speech_ms
from local.speech import Pcm, recordings, silence, speech_for

pytestmark = pytest.mark.unit

LINES = sorted(line["text"] for line in recordings.index().values() if line["voice"] == "caller")
MU = 255.0


def over_the_telephone(pcm: Pcm, noise_db: float = -60.0) -> Pcm:
    """8 kHz µ-law with comfort noise, and back to 16 kHz."""
    x = pcm.at(8000).samples / 32768
    x = x + np.random.default_rng(1).normal(0, 10 ** (noise_db / 20), len(x))
    companded = np.round(np.sign(x) * np.log1p(MU * np.abs(x)) / np.log1p(MU) * 127) / 127
    x = np.sign(companded) * np.expm1(np.abs(companded) * np.log1p(MU)) / MU
    return Pcm((np.clip(x, -1, 1) * 32767).astype(np.int16), 8000).at(16_000)


def heard(pcm: Pcm, silence_ms: int = 300, piece: int = 1600) -> list[tuple[str, int]]:
    ear = Ear(silence_ms)
    pieces = [pcm.data[at : at + piece] for at in range(0, len(pcm.data), piece)]
    return [(event.kind, event.speech_ms) for data in pieces for event in ear.hear(data)]


@pytest.mark.parametrize("text", LINES)
def test_a_callers_line_is_heard_for_about_as_long_as_it_lasts_over_the_telephone(text):
    line = speech_for(text, "caller")
    events = heard(over_the_telephone(silence(1) + line + silence(1)))

    assert events[0][0] == "started"
    assert events[-1][0] == "ended"
    total = sum(ms for kind, ms in events if kind == "ended")
    expected = speech_ms(line.data)
    assert expected - 200 < total < expected + 400


def test_speech_is_noticed_within_200_ms_of_its_start():
    line = over_the_telephone(silence(1) + speech_for(LINES[0], "caller"))
    ear = Ear()
    frames = (line.data[at : at + 640] for at in range(0, len(line.data), 640))
    started = next(n for n, frame in enumerate(frames) if any(e.kind == "started" for e in ear.hear(frame)))
    assert 50 <= started <= 60  # frames of 20 ms: between 1.0 and 1.2 s


@pytest.mark.parametrize("noise_db", [-70, -55, -45])
def test_comfort_noise_alone_is_not_speech(noise_db):
    assert heard(over_the_telephone(silence(10), noise_db)) == []


def test_a_click_is_not_speech():
    sound = silence(2)
    sound.samples[16_000:16_400] = 20_000
    assert heard(sound) == []


def test_how_the_sound_is_cut_into_pieces_makes_no_difference():
    line = over_the_telephone(silence(0.5) + speech_for(LINES[0], "caller") + silence(0.5))
    assert heard(line, piece=642) == heard(line, piece=3200) == heard(line, piece=10**9)


def test_a_line_ends_after_the_silence_that_was_asked_for():
    line = speech_for(LINES[-1], "caller")
    assert heard(line + silence(0.45), silence_ms=500)[-1][0] == "started"
    assert heard(line + silence(0.7), silence_ms=500)[-1][0] == "ended"
