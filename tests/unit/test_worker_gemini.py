"""What the session with the model does about its connections, without having any; with them: tests/calls."""

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from google.genai import types
from livekit.plugins.google.realtime.realtime_api import RealtimeSession

from shared.models.agent import Agent
from tests.unit.worker_call_rig import SETTINGS, TLS
from worker.call_watch import CallWatch
from worker.gemini import PhoneModel, PhoneSession

pytestmark = pytest.mark.unit


class Listener:
    def connected(self) -> None: ...


@pytest.fixture
async def session(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[PhoneSession]:
    async def never_connects(_: Any) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(RealtimeSession, "_main_task", never_connects)
    listener: Any = Listener()
    agent = Agent(name="a", instructions="b")
    model = PhoneModel(agent, SETTINGS, TLS, CallWatch(agent, time.monotonic), listener)
    model.session()
    assert model.phone_session is not None
    yield model.phone_session
    await model.phone_session.aclose()


async def test_a_connection_that_is_gone_does_not_take_the_next_one_along_when_it_was_to_go_away(
    session: PhoneSession,
) -> None:
    """It had said that it would, and broke before that: at the announced time the next one was closed, in the
    middle of whatever was being said, and what that one announced meant nothing."""
    watch = session._watch
    watch.tool_runs(True)
    session._handle_go_away(types.LiveServerGoAway(time_left="50s"))
    first: Any = session._going_away
    await asyncio.sleep(0)
    session.connection_up()
    await asyncio.wait([first], timeout=5)
    assert first.cancelled()
    assert not session._session_should_close.is_set()
    session._handle_go_away(types.LiveServerGoAway(time_left="1s"))
    await asyncio.wait_for(session._session_should_close.wait(), 5)
