"""Recorded lines, and what happens to a line that nobody recorded."""

import json
import sys

import numpy as np
import pytest

from local.speech import MissingSpeech, Pcm, lines, recordings, silence, speech_for, tone
from local.speech.recordings import FOLDER

pytestmark = pytest.mark.unit

LINE = "Thank you, goodbye."


def loudness(pcm: Pcm) -> float:
    return float(np.sqrt(np.mean(pcm.samples.astype(float) ** 2)))


@pytest.mark.parametrize("rate", [8000, 16_000, 24_000])
def test_a_recorded_line_has_the_same_length_at_every_rate(rate):
    pcm = speech_for(LINE, "caller", rate)
    assert pcm.rate == rate
    assert pcm.seconds == pytest.approx(1.1, abs=0.1)
    assert len(pcm.data) == 2 * len(pcm.samples)
    assert 1000 < loudness(pcm) < 8000


def pitch(pcm: Pcm) -> float:
    """Median fundamental frequency in hertz, by autocorrelation of 40 ms frames."""
    size, shortest, longest = pcm.rate // 25, pcm.rate // 300, pcm.rate // 60
    frames = pcm.samples[: len(pcm.samples) // size * size].reshape(-1, size).astype(float)
    loud = [frame for frame in frames if np.std(frame) > 1500]
    lags = [np.correlate(f, f, "full")[size - 1 :][shortest:longest].argmax() + shortest for f in loud]
    return float(pcm.rate / np.median(lags))


def test_the_callers_voice_is_higher_than_the_agents():
    voices: dict[str, list[float]] = {"agent": [], "caller": []}
    for line in recordings.index().values():
        pcm = recordings.load(line["text"], line["voice"])
        assert pcm
        voices[line["voice"]].append(pitch(pcm))
    assert np.median(voices["caller"]) > 1.15 * np.median(voices["agent"])


def test_a_line_without_recording_or_engine_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(sys.modules, "piper", None)
    monkeypatch.delitem(sys.modules, "local.speech.piper_voice", raising=False)
    with pytest.raises(MissingSpeech) as error:
        speech_for("Nobody ever recorded this.", "agent")
    assert str(error.value) == (
        'the agent line "Nobody ever recorded this." has no recording and piper is not installed: '
        ".cache/uv/bin/uv sync --group speech"
    )


def test_the_engine_speaks_a_line_once_whatever_rates_are_asked_for(monkeypatch):
    """What was made ready before a call was spoken again in its middle, at the model's rate."""
    spoken: list[str] = []

    def engine(text: str, _: str) -> Pcm:
        spoken.append(text)
        return tone(0.5)

    monkeypatch.setattr(lines, "synthesised", engine)
    assert [speech_for("Spoken once.", "agent", rate).rate for rate in (16_000, 24_000)] == [16_000, 24_000]
    assert spoken == ["Spoken once."]


def test_the_index_lists_exactly_the_recordings_and_all_are_small():
    files = list(FOLDER.glob("*.opus"))
    assert {file.stem for file in files} == set(json.loads((FOLDER / "index.json").read_text()))
    assert all(
        name == recordings.name_of(line["text"], line["voice"]) for name, line in recordings.index().items()
    )
    assert sum(file.stat().st_size for file in files) < 500_000


def test_silence_and_tone():
    sound = silence(0.5) + tone(0.5, rate=8000)
    assert sound.seconds == pytest.approx(1.0, abs=0.01)
    assert loudness(Pcm(sound.samples[:7000], 16_000)) == 0
    assert loudness(Pcm(sound.samples[9000:15_000], 16_000)) == pytest.approx(8000 / 2**0.5, rel=0.05)
