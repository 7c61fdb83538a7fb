"""What `<Say>` and people on other telephones sound like."""

import asyncio
import logging

from local.phone import g711
from local.phone.audio import tone
from local.speech import MissingSpeech, speech_for

log = logging.getLogger(__name__)

_SECONDS_PER_CHARACTER = 0.06


async def spoken(text: str) -> g711.Pcm:
    """`text` as 8 kHz sound. A text that this machine cannot speak becomes a hum of about its length.

    The hum keeps a call alive whose configuration has its own prompt; the log says how to get the words.
    """
    try:
        return (await asyncio.to_thread(speech_for, text, "agent", g711.RATE)).samples
    except MissingSpeech as error:
        log.warning("a hum instead of words: %s", error)
        return tone((220.0, 330.0), max(0.5, len(text) * _SECONDS_PER_CHARACTER))


BEEP = tone((1000.0,), 0.3)
RINGBACK = tone((440.0, 480.0), 2.0, amplitude=3000)
"""Two seconds of ringing, to be followed by four of silence (North America)."""
RINGBACK_PAUSE_SECONDS = 4.0
