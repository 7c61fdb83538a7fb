"""An agent that takes a call over knows what was said and what was done: it books nothing twice."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.errors import UnavailableError
from shared.models.call import CallEvent, EventKind
from shared.tools.base.registry import ToolRegistry
from worker import history as history_module
from worker.agent_executor import CUT_SHORT
from worker.history import MAX_OF_CALL, history_of, read_history
from worker.storable import storable

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
BOOKED = {
    "tool": "google_calendar",
    "action": "create_event",
    "arguments": {"title": "Check-up", "start": "2026-11-24T10:00"},
    "ok": True,
    "result": {"event_id": "e1", "summary": "Zahnarzt für Müller"},
}


def event(kind: EventKind, **data: Any) -> CallEvent:
    return CallEvent(at=NOW, source="worker-1", kind=kind, data=data)


def told(*events: CallEvent) -> list[tuple[str, str]]:
    history = history_of(events, ToolRegistry())
    return [(message.role, message.text_content or "") for message in history.messages()]


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_events_that_cannot_be_read_at_once_are_read_all_the_same(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "ATTEMPT_WITHIN", 0.05)
    monkeypatch.setattr(history_module, "RETRY_AFTER", 0.001)
    monkeypatch.setattr(history_module, "READ_WITHIN", 30)
    attempts = 0

    async def read() -> list[tuple[str, CallEvent]]:
        nonlocal attempts
        attempts += 1
        if attempts < 3 and trouble == "fails":
            raise UnavailableError("Firestore: 14")
        if attempts < 3:
            await asyncio.Event().wait()
        return [("e1", event("turn", speaker="caller", text="Tuesday, please."))]

    history = await read_history(read, ToolRegistry())
    assert history is not None
    assert [message.text_content for message in history.messages()] == ["Tuesday, please."]


@pytest.mark.parametrize("trouble", ["fails", "hangs"])
async def test_events_that_cannot_be_read_are_given_up_in_time(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_module, "READ_WITHIN", 0.05)

    async def read() -> list[tuple[str, CallEvent]]:
        if trouble == "fails":
            raise UnavailableError("Firestore: 14")
        return await asyncio.Future()

    assert await read_history(read, ToolRegistry()) is None


def test_an_end_that_did_not_come_is_not_told_of_as_done() -> None:
    ended = {"tool": "end_call", "action": "end", "arguments": {}, "ok": True, "result": {"message": "…"}}
    assert told(event("turn", speaker="agent", text="Goodbye."), event("tool_call", **ended)) == [
        ("assistant", "Goodbye.")
    ]


def test_what_a_function_did_stands_between_the_turns() -> None:
    asked = event("turn", speaker="caller", text="Tuesday at ten, please.")
    said = event("turn", speaker="agent", text="You are booked.")
    timing = event("timing", name="answered", milliseconds=1)
    history = told(timing, asked, event("tool_call", **BOOKED), said)
    assert [role for role, _ in history] == ["user", "user", "assistant"]
    assert (history[0][1], history[2][1]) == ("Tuesday at ten, please.", "You are booked.")
    note = history[1][1]
    parts = ("nobody said", "google_calendar_create_event", "2026-11-24T10:00", '"e1"', "für Müller")
    assert [part for part in parts if part not in note] == []


@pytest.mark.parametrize("sentence", ["That time is taken.", CUT_SHORT])
def test_what_did_not_work_is_told_with_its_sentence(sentence: str) -> None:
    failed = {**BOOKED, "ok": False, "sentence": sentence}
    del failed["result"]
    [(_, note)] = told(event("tool_call", **failed))
    assert sentence in note


def test_a_tool_that_the_platform_does_not_have_goes_by_its_name() -> None:
    refused = {"tool": "weather", "action": None, "arguments": {}, "ok": False, "sentence": "No such tool."}
    [(_, note)] = told(event("tool_call", **refused))
    assert '"function": "weather"' in note


def test_arguments_that_were_stored_as_text_are_told_as_such() -> None:
    """The agent that came next could not read the call's history, and the caller got the fallback."""
    refused = storable({**BOOKED, "arguments": {"": "today"}, "ok": False, "sentence": "day is missing"})
    [(_, note)] = told(event("tool_call", **refused))
    assert [part for part in ("today", "day is missing") if part not in note] == []


def test_a_long_result_is_not_told_whole() -> None:
    for much in ({"events": ["x" * 100] * 100}, "what Firestore took as text only" * 1000):
        [(_, note)] = told(event("tool_call", **{**BOOKED, "result": much}))
        assert len(note) < MAX_OF_CALL + 500
        assert "google_calendar_create_event" in note
