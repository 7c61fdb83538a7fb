"""A minimal livekit-agents example: an AgentSession, the plugin's RealtimeModel as it comes, one tool.

Leaner than the tutorials', so that the comparison is a strict one: no local voice detection and no models
for turn detection, which a speech-to-speech model does not need, and no deaf seconds against echo.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from livekit.agents import Agent, AgentSession, function_tool
from livekit.plugins import google

from bench.variants.call import CallSpec
from bench.variants.caller import Ear, Hear
from bench.variants.memory_audio import connect


def prepare() -> None:
    """What livekit-agents itself has the processes of its calls inherit."""
    from livekit.agents.ipc import _preload  # noqa: F401


@asynccontextmanager
async def call(spec: CallSpec, ear: Ear) -> AsyncGenerator[Hear]:
    @function_tool
    async def look_up(day: str) -> str:
        """Looks up what is planned on a day."""
        return ear.look_up(day)

    session = AgentSession[None](
        llm=google.realtime.RealtimeModel(model=spec.model, voice=spec.voice, api_key=spec.api_key),
        vad=None,
        turn_handling={"turn_detection": "realtime_llm"},
        aec_warmup_duration=None,
    )
    hear = connect(session, ear)
    await session.start(Agent(instructions=spec.instructions, tools=[look_up]))
    session.generate_reply(instructions=spec.greet)
    try:
        yield hear
    finally:
        await session.aclose()
