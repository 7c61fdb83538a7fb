"""The worker's own model, session, tools and log, with memory audio in the place of a room."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from pydantic import BaseModel, SecretStr

from bench.variants.call import CallSpec
from bench.variants.caller import Ear, Hear
from bench.variants.memory_audio import connect
from shared.errors import DisconnectedError, NotFoundError
from shared.models.agent import Agent
from shared.models.agent_tool import AgentTool
from shared.models.base import utc_now
from shared.models.session import SessionSnapshot, room_name_for
from shared.repositories.calls import NamedEvent
from shared.tools.base.base_tool import Action, BaseTool, Credential, NoConfig, ToolContext, ToolMetadata
from shared.tools.base.registry import ToolRegistry
from worker.agent_executor import AgentExecutor, ToolEnvironment
from worker.call import WATCH_EVERY
from worker.call_log import CallLog
from worker.call_watch import CallWatch
from worker.conversation import Conversation
from worker.gemini import PhoneModel
from worker.settings import WorkerSettings
from worker.tool_binding import bind_tools
from worker.warm_up import tls_context

SESSION = "ca00000000000000000000000000000001"


class Day(BaseModel):
    day: str


class LookUpTool(BaseTool):
    metadata = ToolMetadata(
        slug="look_up",
        display_name="Look up",
        description="Looks up what is planned.",
        actions={
            "day": Action(
                "Looks up what is planned on a day.", arguments=Day, read_only=True, idempotent=True
            )
        },
    )

    def __init__(self, ear: Ear) -> None:
        self._ear = ear

    async def execute(
        self, action: str, arguments: BaseModel, context: ToolContext[NoConfig]
    ) -> dict[str, Any]:
        assert isinstance(arguments, Day)
        return {"message": self._ear.look_up(arguments.day)}


class OneTool(ToolRegistry):
    def __init__(self, tool: BaseTool) -> None:
        self._tools = {tool.metadata.slug: tool}


class SpokenCall:
    """Listens as `worker.call.Call` does, without lease and room; its events are written to nowhere."""

    def __init__(self, spec: CallSpec, ear: Ear) -> None:
        now = utc_now()
        agent = Agent(
            name="Reception", instructions="You answer the phone.", model=spec.model, voice=spec.voice
        )
        snapshot = SessionSnapshot(
            session_id=SESSION,
            tenant_id="harbor",
            agent_id="reception",
            call_sid=SESSION.upper(),
            caller=spec.caller,
            called="+14155550100",
            room=room_name_for(SESSION),
            agent=agent,
            tools=[AgentTool(slug=LookUpTool.metadata.slug, enabled=True)],
            max_concurrent_calls=10,
            started_at=now,
            expires_at=now + timedelta(days=1),
        )
        self._watch = CallWatch(agent, time.monotonic)
        self._log = CallLog(_written, generation=1, now=utc_now)
        environment = ToolEnvironment(
            registry=OneTool(LookUpTool(ear)),
            fetch_secret=_no_secret,
            credential=_no_credential,
            call=self,
            record=lambda data: self._log.add("tool_call", **data),
            is_called_off=lambda call_id: self.conversation.is_called_off(call_id),
            running=self._watch.tool_runs,
            now=utc_now,
        )
        settings = WorkerSettings(
            google_cloud_project="bench",
            livekit_url="ws://unused",
            livekit_api_key="unused",
            livekit_api_secret=SecretStr("unused"),
            agent_name="bench",
            gemini_api_key=SecretStr(spec.api_key),
        )
        model = PhoneModel(agent, settings, tls_context(), self._watch, self)
        tools = bind_tools(AgentExecutor(snapshot, environment))
        self.conversation = Conversation(model, spec.instructions, tools, self)
        self._watching = asyncio.create_task(self._keep_watch())

    async def close(self) -> None:
        self._watching.cancel()
        await self.conversation.session.aclose()
        await self._log.close()

    async def _keep_watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_EVERY)
            if due := self._watch.due():
                raise RuntimeError(f"nothing should be due in a measured call: {due}")

    async def hang_up(self) -> None: ...
    def connected(self) -> None: ...

    def functions_called_off(self) -> None: ...

    def reply_began(self) -> None: ...

    def reply_broke_off(self) -> None: ...

    def reply_lost(self, said: str) -> None: ...

    def caller_transcribed(self) -> None:
        self._watch.caller_spoke()

    def functions_answered(self, unknown: list[str]) -> None:
        self._watch.reply_owed()

    def agent_speaks(self, speaking: bool) -> None:
        self._watch.agent_speaks(speaking)

    def turn_added(self, speaker: str, text: str, *, interrupted: bool, at: datetime, turn: str) -> None:
        heard = self._watch.caller_spoke_ago(turn)
        self._log.turn(speaker, text, interrupted=interrupted, at=at, heard=heard)

    def conversation_closed(self, error: bool) -> None: ...


def prepare() -> None:
    """What the worker's fork server has the processes of calls inherit."""
    from livekit.agents.ipc import _preload  # noqa: F401

    import worker.preload  # noqa: F401

    tls_context()


@asynccontextmanager
async def call(spec: CallSpec, ear: Ear) -> AsyncGenerator[Hear]:
    spoken = SpokenCall(spec, ear)
    hear = connect(spoken.conversation.session, ear)
    await spoken.conversation.start(None)
    spoken.conversation.ask(spec.greet)
    try:
        yield hear
    finally:
        await spoken.close()


async def _written(events: list[NamedEvent]) -> None: ...


async def _no_secret(version: str) -> SecretStr:
    raise NotFoundError(version)


def _no_credential(tool: AgentTool) -> Credential:
    raise DisconnectedError("not connected")
