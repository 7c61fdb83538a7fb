"""Spoken lines: from a recording, else from the speech engine."""

from functools import lru_cache
from importlib.util import find_spec
from typing import Literal

from local.speech import recordings
from local.speech.pcm import Pcm

Voice = Literal["agent", "caller"]

_NOBODY = (
    'the {voice} line "{text}" has no recording and piper is not installed: '
    ".cache/uv/bin/uv sync --group speech"
)


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
    return _recorded(text, voice).at(rate)


@lru_cache(maxsize=256)
def _recorded(text: str, voice: Voice) -> Pcm:
    """Whatever rates are asked for later, in the middle of a call, the engine speaks a line once."""
    recording = recordings.load(text, voice)
    return synthesised(text, voice) if recording is None else recording


def check_speech(text: str, voice: Voice) -> None:
    """Raises `MissingSpeech` when nobody can speak `text`; speaks nothing."""
    if not recordings.has(" ".join(text.split()), voice) and find_spec("piper") is None:
        raise MissingSpeech(_NOBODY.format(voice=voice, text=text))


def synthesised(text: str, voice: Voice) -> Pcm:
    """`text` from the speech engine, whether or not it has a recording. Raises `MissingSpeech`."""
    try:
        from local.speech import piper_voice
    except ModuleNotFoundError:
        raise MissingSpeech(_NOBODY.format(voice=voice, text=text)) from None
    return piper_voice.speak(text, voice)
