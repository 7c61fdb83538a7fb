"""The measured caller's ear and voice at an AgentSession."""

from typing import Any

from livekit.agents import AgentSession

from bench.variants.caller import Ear, Hear
from tests.memory_audio import MemoryInput, MemoryOutput


def connect(session: AgentSession[Any], ear: Ear) -> Hear:
    heard = MemoryInput()
    session.input.audio = heard
    session.output.audio = MemoryOutput(
        on_frame=lambda frame: ear.frame(frame.data.cast("B")), on_clear=ear.cleared
    )

    async def hear(pcm: bytes) -> None:
        heard.push(pcm)

    return hear
