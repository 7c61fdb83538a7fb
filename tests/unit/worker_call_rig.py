"""A call that has not begun, over fakes of what is around it: tests tell it what happens."""

import asyncio
import ssl
import time
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from livekit import rtc
from pydantic import BaseModel

from shared.errors import UnavailableError
from shared.models.call import CallState, Outcome
from shared.tools.base.base_tool import Action, BaseTool, ToolContext, ToolMetadata
from shared.tools.base.registry import ToolRegistry
from shared.tools.implementations.end_call import EndCallTool
from tests.unit.worker_fakes import CALLER, NOW, FakeRoom, FakeServices, Rooms
from worker import call as call_module
from worker import call_watch, goodbye
from worker.call import Call
from worker.settings import WorkerSettings

SETTINGS = WorkerSettings.model_validate(
    {
        "google_cloud_project": "p",
        "livekit_url": "ws://unused",
        "livekit_api_key": "unused",
        "livekit_api_secret": "unused",
        "gemini_api_key": "unused",
    }
)
TLS = ssl.create_default_context()
ECHO = 0.1
"""Seconds after the agent's last word in which what is heard may be its own."""


class Nothing(BaseModel):
    pass


class SlowTool(BaseTool):
    metadata = ToolMetadata(
        slug="slow",
        display_name="Slow",
        description="For tests.",
        actions={"run": Action("Runs.", Nothing, read_only=False, idempotent=True)},
    )

    async def execute(self, action: str, arguments: BaseModel, context: ToolContext[Any]) -> dict[str, Any]:
        await asyncio.sleep(60)
        return {}


class FailingRooms(Rooms):
    """Cannot delete a room `failures` times."""

    failures = 0

    async def delete_room(self, room: str) -> None:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("LiveKit: delete room: TimeoutError")
        await super().delete_room(room)


class Rig:
    """A call whose conversation is not begun."""

    def __init__(self, call: Call, services: Any) -> None:
        self.call = call
        self.services = services

    @classmethod
    async def start(cls, *, began: float | None = None) -> "Rig":
        services: Any = await FakeServices(FailingRooms(CALLER)).start()
        path = "tenants/harbor/sessions/ca1"
        tools = [{"slug": slug, "enabled": True} for slug in ("slow", "end_call")]
        services.database.documents[path]["tools"] = tools
        services.settings, services.tls, services.now = SETTINGS, TLS, lambda: NOW
        services.registry = ToolRegistry((SlowTool, EndCallTool))
        services.secrets = SimpleNamespace(access=None)
        lease = await services.sessions.claim_lease("harbor", "ca1", "job-1", timedelta(minutes=1))
        snapshot = await services.sessions.get_session("harbor", "ca1")
        context: Any = SimpleNamespace(room=FakeRoom(), local_participant_identity="agent-1")
        began = time.monotonic() if began is None else began
        return cls(Call(context, services, snapshot, lease, began=began), services)

    async def timings(self) -> dict[str, float]:
        return {event["name"]: event["milliseconds"] for event in await self.events("timing")}

    async def state(self) -> tuple[CallState, Outcome | None]:
        call = await self.services.calls.get_call("harbor", "ca1")
        return call.state, call.outcome

    async def events(self, kind: str) -> list[dict[str, Any]]:
        found = await self.services.calls.read_events("harbor", "ca1")
        return [event.data for _, event in found if event.kind == kind]


async def idle_call(monkeypatch: pytest.MonkeyPatch) -> Rig:
    """Its story does not go on by itself, and its clocks are quick."""

    async def for_ever(_: Call) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Call, "_serve", for_ever)
    monkeypatch.setattr(goodbye, "QUIET_BEFORE_HANG_UP", 0.05)
    monkeypatch.setattr(goodbye, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(goodbye, "WORDS_WITHIN", 1.0)
    monkeypatch.setattr(call_watch, "ECHO_WITHIN", ECHO)
    monkeypatch.setattr(call_module, "WATCH_EVERY", 0.01)
    monkeypatch.setattr(call_module, "TOOLS_FINISH_WITHIN", 0.05)
    return await Rig.start()


def voice(rig: Rig) -> None:
    """A fifth of a second of it, on the line at once."""
    samples = np.tile(np.array([4000, -4000], "<i2"), 1600)
    rig.call._watch.caller_audio(rtc.AudioFrame(samples.tobytes(), 16000, 1, 3200))
