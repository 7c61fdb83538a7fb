"""What is printed of a call stands in the order in which it happened: a turn is stored when it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.transcript import Transcript
from shared.models.call import CallEvent, EventKind

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
END_CALL: dict[str, Any] = {
    "tool": "end_call",
    "action": "end",
    "ok": True,
    "milliseconds": 0.2,
    "arguments": {},
    "result": {"message": "Say nothing more."},
    "in_turn": True,
}


def event(seconds: float, kind: EventKind, **data: Any) -> CallEvent:
    return CallEvent(at=START + timedelta(seconds=seconds), source="worker-1", kind=kind, data=data)


def test_the_goodbye_comes_before_the_function_that_ends_the_call() -> None:
    lines: list[str] = []
    transcript = Transcript(START.timestamp(), lines.append)

    transcript.add(event(0.25, "state", state="ringing"))
    assert lines == ["   0.25 s   call: ringing"]
    transcript.add(event(0.83, "state", state="in_progress"))
    transcript.add(event(0.76, "turn", speaker="agent", text="Hello."))
    transcript.add(event(0.80, "timing", name="agent_joined", milliseconds=3))
    transcript.add(event(22.1, "turn", speaker="caller", text="Goodbye.", interrupted=True))
    transcript.add(event(23.24, "tool_call", **END_CALL))
    transcript.add(event(22.73, "turn", speaker="agent", text="You are welcome."))
    transcript.add(event(25.05, "state", state="ended"))

    assert lines[1:] == [
        "   0.76 s  agent: Hello.",
        "   0.83 s   call: in_progress",
        "  22.10 s caller: Goodbye. …",
        "  22.73 s  agent: You are welcome.",
        "  23.24 s   tool: end_call {} → ok, 0 ms",
        "  25.05 s   call: ended",
    ]


def test_a_function_that_ends_while_nobody_speaks_is_printed_at_once() -> None:
    """It was printed with the agent's next turn, which may be long."""
    lines: list[str] = []
    transcript = Transcript(START.timestamp(), lines.append)
    transcript.add(event(3, "tool_call", **(END_CALL | {"in_turn": False})))
    assert lines == ["   3.00 s   tool: end_call {} → ok, 0 ms"]


def test_a_caller_spoke_from_when_they_were_heard() -> None:
    lines: list[str] = []
    transcript = Transcript(START.timestamp(), lines.append)
    heard = {"voice_from": "2026-11-27T09:00:02.250+00:00", "voice_until": "2026-11-27T09:00:04+00:00"}
    transcript.add(event(4.5, "turn", speaker="caller", text="Hello?", **heard))
    assert lines == ["   2.25 s caller: Hello?"]


def test_a_function_after_which_nobody_speaks_is_printed_at_the_end() -> None:
    lines: list[str] = []
    transcript = Transcript(START.timestamp(), lines.append)
    refused = END_CALL | {"ok": False, "sentence": "I cannot do that."}
    transcript.add(event(3, "tool_call", **refused))
    assert lines == []
    transcript.flush()
    transcript.flush()
    assert lines == ["   3.00 s   tool: end_call {} → failed: I cannot do that., 0 ms"]
