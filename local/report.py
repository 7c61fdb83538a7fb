"""What came of a simulated call: its timeline, transcript and tool calls, and whether it went as planned."""

from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field

from local.phone.phone import CallResult
from shared.models.call import Call, CallEvent
from shared.tools.base.gemini_schema import function_name
from shared.tools.base.registry import ToolRegistry

Step = tuple[str, float | None]
"""A moment's name, and milliseconds since Twilio sent the webhook; None: it did not happen."""


class ToolCall(BaseModel):
    name: str
    ok: bool
    milliseconds: float
    arguments: dict[str, Any]


class TurnTime(BaseModel):
    said: str | None
    response_ms: int | None
    """From the caller's last word to the answer's first sound."""
    interrupted_ms: int | None = None
    """After a barge-in: from the caller's first word to the agent's silence."""


class CallReport(BaseModel):
    """Written as call.json. Milliseconds count from the moment in which Twilio sent the webhook."""

    scenario: str
    caller: str
    called: str
    call_sid: str | None
    outcome: str | None = None
    fallback_reason: str | None = None
    ended_by: str | None = None
    wav: Path | None = None
    steps: list[Step] = Field(default_factory=list)
    turns: list[TurnTime] = Field(default_factory=list)
    tools: list[ToolCall] = Field(default_factory=list)
    transcript: list[tuple[str, str]] = Field(default_factory=list)
    """(speaker, text), as stored with the call."""
    announcements: list[str] = Field(default_factory=list)
    """What Twilio's voice said (`<Say>`)."""
    failures: list[str] = Field(default_factory=list)
    """Everything that did not go as the scenario says, as sentences."""

    @property
    def ok(self) -> bool:
        return not self.failures

    def step(self, name: str) -> float | None:
        return next((ms for step, ms in self.steps if step == name), None)


def build_report(result: CallResult, call: Call | None, events: list[CallEvent]) -> CallReport:
    """Join what the telephone saw with what the platform stored."""
    return CallReport(
        scenario=result.scenario,
        caller=result.caller,
        called=result.called,
        call_sid=result.call_sid,
        outcome=call.outcome if call else None,
        fallback_reason=call.fallback_reason if call else None,
        ended_by=result.ended_by,
        wav=result.wav,
        steps=_steps(result, events),
        turns=[
            TurnTime(said=turn.said, response_ms=turn.response_ms, interrupted_ms=turn.interrupted_ms)
            for turn in result.turns
        ],
        tools=[tool_call(event) for event in events if event.kind == "tool_call"],
        transcript=[(event.data["speaker"], event.data["text"]) for event in events if event.kind == "turn"],
        announcements=result.heard_says,
        failures=[result.error] if result.error else [],
    )


def tool_call(event: CallEvent) -> ToolCall:
    data = event.data
    actions = ToolRegistry().get(data["tool"]).metadata.actions
    return ToolCall(
        name=function_name(data["tool"], data["action"], actions),
        ok=data["ok"],
        milliseconds=data["milliseconds"],
        arguments=data["arguments"],
    )


def _steps(result: CallResult, events: list[CallEvent]) -> list[Step]:
    webhook = result.moment("webhook_sent")
    if webhook is None:
        return []

    def phone(name: str) -> float | None:
        return result.milliseconds("webhook_sent", name)

    def since_webhook(at: datetime) -> float:
        return round((at.timestamp() - webhook.at) * 1000)

    def joined(role: str) -> float | None:
        """Rooms and participants are timed by LiveKit itself."""
        times = [e.at for e in events if e.kind == "timing" and e.data.get("name") == f"{role}_joined"]
        return since_webhook(min(times)) if times else None

    dispatches = [event.at for event in events if event.kind == "dispatch"]
    return [
        ("webhook", 0),
        ("room and dispatch", since_webhook(min(dispatches)) if dispatches else None),
        ("TwiML", phone("twiml_received")),
        ("agent ready", joined("agent")),
        ("caller in room", phone("sip_room_joined")),
        ("answered", phone("answered")),
        ("first word", phone("agent_first_heard")),
        ("hang-up", phone("ended")),
    ]


def timeline_text(report: CallReport) -> str:
    """Lines for a terminal."""
    lines = [f"{name:<18} {_ms(ms):>9}" for name, ms in report.steps]
    for number, turn in enumerate(report.turns, 1):
        lines.append(f"{f'turn {number} answered in':<18} {_ms(turn.response_ms):>9}")
        if turn.interrupted_ms is not None:
            lines.append(f"{'  agent silent in':<18} {_ms(turn.interrupted_ms):>9}")
    lines += [f"{tool.name:<30} {_ms(tool.milliseconds)}" for tool in report.tools]
    return "\n".join(lines)


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def percentiles_text(reports: list[CallReport]) -> str:
    """A table of the important times over many calls."""
    responses = [turn.response_ms for report in reports for turn in report.turns]
    rows: dict[str, list[float]] = {
        "TwiML": _values(report.step("TwiML") for report in reports),
        "answered": _values(report.step("answered") for report in reports),
        "first word": _values(report.step("first word") for report in reports),
        "turn answered in": _values(responses),
        "tool call": [tool.milliseconds for report in reports for tool in report.tools],
    }
    lines = [f"{'ms':<18} {'n':>4} {'p50':>8} {'p95':>8} {'max':>8}"]
    for name, values in rows.items():
        if values:
            p50, p95, top = (percentile(values, share) for share in (0.5, 0.95, 1.0))
            lines.append(f"{name:<18} {len(values):>4} {p50:>8,.0f} {p95:>8,.0f} {top:>8,.0f}")
    return "\n".join(lines)


def percentile(values: list[float], share: float) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(share * len(ordered) + 0.5) - 1))]


def _values(numbers: Any) -> list[float]:
    return [number for number in numbers if number is not None]
