"""What a telephone does to sound, and what a caller makes of it."""

import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.phone import g711
from local.phone.audio import VoiceDetector, has_voice, loudness, tone, trim
from local.phone.mixer import Mixer
from local.phone.recorder import Recorder

pytestmark = pytest.mark.unit

FRAME = g711.FRAME_SECONDS
SILENT = np.zeros(g711.FRAME_SAMPLES, np.int16)
LOUD = tone((400.0,), FRAME)


# G.711 -------------------------------------------------------------------------------------------


def test_decoding_gives_the_values_of_the_standard() -> None:
    # ITU-T G.711 table 2a, scaled from 14 to 16 bits: the extremes, and both zeros.
    assert g711.decode(bytes([0x00, 0x80, 0x7F, 0xFF])).tolist() == [-32124, 32124, 0, 0]


def test_every_code_survives_decoding_and_encoding() -> None:
    codes = bytes(code for code in range(256) if code != 0x7F)  # the negative zero becomes the positive one
    assert g711.encode(g711.decode(codes)) == codes


@given(st.integers(-32768, 32767))
def test_a_sample_is_kept_to_within_half_a_step(sample: int) -> None:
    [after] = g711.decode(g711.encode(np.array([sample], np.int16))).tolist()
    clipped = max(-32635, min(32635, sample))
    exponent = (abs(clipped) + 132).bit_length() - 8
    assert abs(after - clipped) <= 4 << exponent


def test_frames_are_twenty_milliseconds_and_the_last_is_filled_with_silence() -> None:
    frames = g711.frames(tone((400.0,), 0.05))
    assert [len(frame) for frame in frames] == [160, 160, 160]
    assert frames[-1][80:] == g711.SILENCE[80:]


async def test_frames_that_became_due_on_a_busy_machine_go_together_and_the_oldest_are_given_up() -> None:
    now = [100.0]
    clock = g711.Clock(now=lambda: now[-1])
    due = [await clock.frames_due()]
    for later in (100.03, 100.1, 107.0):
        now.append(later)
        due.append(await clock.frames_due())
    assert due == [1, 1, 4, 11]


# Is somebody speaking ----------------------------------------------------------------------------


def heard(pattern: str, gap: float = 0.1) -> VoiceDetector:
    """One character a frame: `#` voice, `.` silence."""
    detector = VoiceDetector(gap)
    for number, character in enumerate(pattern):
        detector.hear(LOUD if character == "#" else SILENT, number * FRAME)
    return detector


@pytest.mark.parametrize(
    ("pattern", "speeches"),
    [
        ("..........", []),
        ("..##......", []),  # a click
        ("..###.....", [(2, 4)]),
        ("..####..###...", [(2, 10)]),  # a pause between words
        ("..###......###", [(2, 4), (11, 13)]),
    ],
)
def test_speech_begins_after_three_frames_and_ends_with_a_gap(
    pattern: str, speeches: list[tuple[int, int]]
) -> None:
    found = [(round(s.start / FRAME), round(s.end / FRAME)) for s in heard(pattern).speeches]
    assert found == speeches


def test_pauses_do_not_count_as_voice() -> None:
    [speech] = heard("####..####").speeches
    assert speech.voiced_seconds == pytest.approx(8 * FRAME)


def test_speech_since_a_moment_leaves_out_what_began_before() -> None:
    detector = heard("..###......###")
    assert [s.start for s in detector.since(5 * FRAME)] == [pytest.approx(11 * FRAME)]


def test_the_noise_of_the_line_is_not_speech() -> None:
    noise = np.random.default_rng(1).integers(-60, 60, g711.RATE).astype(np.int16)
    assert not has_voice(g711.decode(g711.encode(noise)))


def test_trimming_removes_silence_at_both_ends_only() -> None:
    pcm = np.concatenate([SILENT, SILENT, LOUD, SILENT, LOUD, SILENT])
    assert len(trim(pcm)) == 3 * g711.FRAME_SAMPLES
    assert len(trim(SILENT)) == 0


# Several voices ----------------------------------------------------------------------------------


def test_nobody_speaking_is_silence() -> None:
    mixer = Mixer()
    mixer.add()
    assert mixer.next_frame() == g711.SILENCE


def test_a_voice_starts_with_two_frames_in_hand_and_then_plays_every_frame() -> None:
    mixer = Mixer()
    voice = mixer.add()
    voice.waiting.append(LOUD)
    assert mixer.next_frame() == g711.SILENCE
    voice.waiting.append(LOUD)
    assert [mixer.next_frame() == g711.encode(LOUD) for _ in range(3)] == [True, True, False]


def test_two_voices_are_heard_at_once_and_do_not_overflow() -> None:
    mixer = Mixer()
    full = np.full(g711.FRAME_SAMPLES, 30_000, np.int16)
    for _ in range(2):
        mixer.add().waiting.extend([full, full])
    assert loudness(g711.decode(mixer.next_frame())) > 32_000


# The recording -----------------------------------------------------------------------------------


def test_both_sides_of_the_recording_are_on_one_clock(tmp_path: Path) -> None:
    recorder = Recorder(start=100.0)
    recorder.put("caller", g711.encode(LOUD), 100.5)
    recorder.put("heard", g711.encode(LOUD), 101.0)
    recorder.write(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate()) == (2, 8000)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    caller, far_end = (np.flatnonzero(np.abs(channel) > 1000) for channel in samples.T)
    assert caller[0] == pytest.approx(4000, abs=10)
    assert far_end[0] == pytest.approx(8000, abs=10)


def test_jitter_tears_no_holes_into_the_recording() -> None:
    recorder = Recorder(start=0.0)
    for number, late in enumerate([0.0, 0.03, 0.0, 0.05, -0.01]):
        recorder.put("heard", g711.encode(LOUD), number * FRAME + late)
    assert len(recorder.samples("heard")) == 5 * g711.FRAME_SAMPLES


def test_a_real_pause_stays_a_pause_in_the_recording() -> None:
    recorder = Recorder(start=0.0)
    recorder.put("heard", g711.encode(LOUD), 0.0)
    recorder.put("heard", g711.encode(LOUD), 1.0)
    assert len(recorder.samples("heard")) == g711.RATE + g711.FRAME_SAMPLES
