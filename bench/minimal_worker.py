"""A minimal livekit-agents worker, as documented, in the place of ours (`bench.worker_footprint`).

Lean where that makes the comparison strict: no local voice detection, no models for turn detection. It takes
every call that it is offered, and keeps as many processes ready as ours is told to: with the two that
livekit-agents keeps by default on two cores, five calls at once are not all answered.
"""

import os

from livekit.agents import Agent, AgentServer, AgentSession, JobContext, cli
from livekit.plugins import google

server = AgentServer(
    load_fnc=lambda: 0.0, port=0, num_idle_processes=int(os.environ.get("WARM_PROCESSES", "5"))
)


@server.rtc_session(agent_name=os.environ.get("AGENT_NAME", ""))
async def entrypoint(ctx: JobContext) -> None:
    await ctx.connect()
    caller = await ctx.wait_for_participant()
    session = AgentSession[None](
        llm=google.realtime.RealtimeModel(
            model="gemini-3.8-live", voice="Kore", api_key=os.environ["GEMINI_API_KEY"]
        ),
        vad=None,
        turn_handling={"turn_detection": "realtime_llm"},
        aec_warmup_duration=None,
    )
    number = caller.attributes.get("sip.phoneNumber")
    instructions = f"You answer the phone. The caller's phone number is {number}."
    await session.start(Agent(instructions=instructions), room=ctx.room)
    session.generate_reply(instructions="Greet the caller.")


if __name__ == "__main__":
    cli.run_app(server)
