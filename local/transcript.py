"""A call's events as lines on a terminal, while it goes on."""

import json
from collections.abc import Callable
from datetime import datetime

from local.report import tool_call
from shared.models.call import CallEvent, CallState

_SHOWN = {"turn", "tool_call", "state", "notice"}


class Transcript:
    """Takes events as they are stored; `write` gets a line each, in the order in which they happened.

    A turn is stored when it is over. What happens while the agent speaks is stored before it, and waits here;
    what a function does while nobody speaks is written at once.
    """

    def __init__(self, started: float, write: Callable[[str], None]) -> None:
        """`started` is the time, in seconds since the epoch, from which the lines count."""
        self.started = started
        self._write = write
        self._waiting: list[CallEvent] = []

    def add(self, event: CallEvent) -> None:
        if event.kind in _SHOWN:
            self._waiting.append(event)
            if not _happens_in_a_turn(event):
                self.flush()

    def flush(self) -> None:
        for event in sorted(self._waiting, key=lambda each: each.at):
            self._write(f"{_began(event).timestamp() - self.started:7.2f} s {_text(event)}")
        self._waiting.clear()


def _happens_in_a_turn(event: CallEvent) -> bool:
    return bool(event.data.get("in_turn")) or event.data.get("state") == CallState.IN_PROGRESS


def _began(event: CallEvent) -> datetime:
    """A caller begins to speak before the model writes their words down."""
    voice_from = event.data.get("voice_from")
    return event.at if voice_from is None else datetime.fromisoformat(voice_from)


def _text(event: CallEvent) -> str:
    data = event.data
    match event.kind:
        case "turn":
            return f"{data['speaker']:>6}: {data['text']}" + (" …" if data.get("interrupted") else "")
        case "tool_call":
            tool = tool_call(event)
            result = "ok" if tool.ok else f"failed: {data['sentence']}"
            arguments = json.dumps(tool.arguments, ensure_ascii=False)
            return f"  tool: {tool.name} {arguments} → {result}, {tool.milliseconds:.0f} ms"
        case "state":
            return f"  call: {data['state']}"
        case _:
            return f"  note: {data['text']}"
