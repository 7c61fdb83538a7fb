"""Spoken lines: from a recording, else from the speech engine."""

from functools import lru_cache
from typing import Literal

from local.speech import recordings
from local.speech.pcm import Pcm

Voice = Literal["agent", "caller"]


class MissingSpeech(Exception):
    """Nobody can speak a line: one sentence with the line and the remedy."""


def speech_for(text: str, voice: Voice, rate: int = 16_000) -> Pcm:
    """`text` spoken by `voice`, at `rate` samples per second. Kept in memory once asked for.

    Takes a few milliseconds for a recorded line, up to a second for a new one: from an event loop, call
    it through `asyncio.to_thread`. Raises `MissingSpeech`.
    """
    return _spoken(" ".join(text.split()), voice, rate)


@lru_cache(maxsize=256)
def _spoken(text: str, voice: Voice, rate: int) -> Pcm:
    recording = recordings.load(text, voice)
    if recording is None:
        recording = synthesised(text, voice)
    return recording.at(rate)


def synthesised(text: str, voice: Voice) -> Pcm:
    """`text` from the speech engine, whether or not it has a recording. Raises `MissingSpeech`."""
    try:
        from local.speech import piper_voice
    except ModuleNotFoundError:
        raise MissingSpeech(
            f'the {voice} line "{text}" has no recording and piper is not installed: uv sync --group speech'
        ) from None
    return piper_voice.speak(text, voice)
