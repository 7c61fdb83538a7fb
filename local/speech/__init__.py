"""Speech for both ends of a simulated call, recorded ahead of time so that it needs no speech engine.

    pcm = speech_for("Thank you, goodbye.", "caller")          # 16 kHz
    pcm = speech_for("Thank you, goodbye.", "caller", 8000)    # for a telephone

A line without a recording is spoken by piper where that is installed
(`.cache/uv/bin/uv sync --group speech`); else `MissingSpeech` names the line and the remedy.
`python -m local.speech render` records lines for good.
"""

from local.speech.lines import MissingSpeech, Voice, check_speech, speech_for
from local.speech.pcm import Pcm, silence, tone

__all__ = ["MissingSpeech", "Pcm", "Voice", "check_speech", "silence", "speech_for", "tone"]
