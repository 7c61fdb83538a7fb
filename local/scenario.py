"""A scenario: what the simulated caller says and does, and what the scripted model answers.

One file drives both ends of a call: the phone speaks the `caller` lines, and the Gemini stand-in, which
really listens, answers each with that turn's `agent` steps. With a real model only the caller's half and
`expect` are used.

`{today}`, `{tomorrow}` and `{in_2_days}` in tool arguments and expectations become dates in the agent's
time zone, so that a scenario is true on any day.
"""

import re
from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from shared.models.base import PhoneNumber, Slug
from shared.models.call import FallbackReason, Outcome
from shared.patterns import named
from shared.tools.base.gemini_schema import function_name
from shared.tools.base.registry import ToolRegistry

_DATE = re.compile(r"\{(today|tomorrow|in_(\d{1,4})_days)\}")


def fill_dates(value: Any, now: datetime) -> Any:
    """Replace the date placeholders in every string inside `value`; `now` is in the agent's time zone."""
    if isinstance(value, str):

        def date(match: re.Match[str]) -> str:
            days = {"today": 0, "tomorrow": 1}.get(match[1])
            return (now + timedelta(days=int(match[2]) if days is None else days)).date().isoformat()

        return _DATE.sub(date, value)
    if isinstance(value, dict):
        return {key: fill_dates(item, now) for key, item in value.items()}
    if isinstance(value, list):
        return [fill_dates(item, now) for item in value]
    return value


def _known_dates(value: Any) -> Any:
    """Raises `ValueError` about what begins like a placeholder and is none."""
    for text in _texts(value):
        if (found := re.match(r"\{[A-Za-z0-9_]+\}", text)) and not _DATE.match(text):
            raise ValueError(f"expected {{today}}, {{tomorrow}} or {{in_2_days}}, found {found[0]}")
    return value


def _day_or_time(text: str) -> str:
    """Raises `ValueError` about what no event could begin at."""
    try:
        datetime.fromisoformat(fill_dates(text, datetime.now(UTC)))
    except ValueError:
        raise ValueError(f"expected a day or a time, such as {{tomorrow}}T14:00, found {text!r}") from None
    return text


def _texts(value: Any) -> Generator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _texts(each)


def tool_of(function: str) -> Slug:
    """Raises `ValueError` about a name under which the model can call nothing."""
    known = {
        function_name(tool.metadata.slug, action, tool.metadata.actions): tool.metadata.slug
        for tool in ToolRegistry().all()
        for action in tool.metadata.actions
    }
    if function not in known:
        raise ValueError(f"expected one of {', '.join(known)}, found {function!r}")
    return known[function]


def _known_function(name: str) -> str:
    tool_of(name)
    return name


def _words(text: str) -> str:
    if not re.search(r"\w", text):
        raise ValueError(f"expected words to speak, found {text!r}")
    return text


Line = Annotated[str, AfterValidator(_words)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Say(_Part):
    """The model speaks."""

    say: Line


class CallTool(_Part):
    """The model calls a function and waits for its answer, which must contain every text of `expect`."""

    call: str
    """The function's name as the model sees it, for example google_calendar_list_events."""
    arguments: Annotated[dict[str, Any], AfterValidator(_known_dates)] = Field(default_factory=dict)
    expect: list[str] = Field(default_factory=list)


class Misbehave(_Part):
    """The model does something that the real one does on a bad day; see local/gemini for each."""

    misbehave: Literal[
        "go_away", "close_1007", "close_1011", "drop_connection", "refuse_connections", "stay_silent"
    ]
    seconds: float = Field(default=0, ge=0)
    """How long: of refused connections, of silence, of warning before a go_away closes."""


def _kind_of_step(step: Any) -> str | None:
    keys = step if isinstance(step, dict) else getattr(type(step), "model_fields", ())
    return next((key for key in ("say", "call", "misbehave") if key in keys), None)


AgentStep = Annotated[
    Annotated[Say, Tag("say")] | Annotated[CallTool, Tag("call")] | Annotated[Misbehave, Tag("misbehave")],
    Discriminator(
        _kind_of_step,
        custom_error_type="step",
        custom_error_message="expected a step with say, call or misbehave",
    ),
]


class Turn(_Part):
    """One thing that the caller does, and the model's answer to it."""

    caller: Line | None = None
    """Words to speak. None: the caller stays silent for `wait_seconds`."""
    press: str | None = Field(
        default=None, pattern=named(r"^[0-9*#]+$", "keys of a telephone, such as 1 or *#")
    )
    """Keys to press (DTMF) instead of speaking."""
    wait_seconds: float = Field(default=0, ge=0)
    """Silence before the caller acts."""
    interrupt_after_seconds: float | None = Field(default=None, ge=0)
    """Barge-in: act so long after the agent began to speak instead of waiting until it has finished."""
    written: bool = True
    """Whether the model writes these words down. The real one may answer without having done so."""
    agent: list[AgentStep] = Field(default_factory=list)

    @model_validator(mode="after")
    def _caller_does_one_thing(self) -> "Turn":
        if self.caller is not None and self.press is not None:
            raise ValueError("expected caller or press, not both")
        if self.caller is None and self.press is None and self.wait_seconds == 0:
            raise ValueError("expected one of caller, press or wait_seconds")
        return self


class CalendarEntry(_Part):
    """An event that must be in the tenant's calendar after the call, in the agent's time zone."""

    summary: str
    start: Annotated[str, AfterValidator(_known_dates), AfterValidator(_day_or_time)]
    """For example "{tomorrow}T14:00"."""


class Expect(_Part):
    """What must be true after the call; anything else makes the run fail."""

    outcome: Outcome | None = None
    fallback_reason: FallbackReason | None = None
    tools: list[Annotated[str, AfterValidator(_known_function)]] = Field(default_factory=list)
    """Functions that must have run without error, in this order (others may run in between)."""
    calendar: list[CalendarEntry] = Field(default_factory=list)
    hears: list[str] = Field(default_factory=list)
    """Texts that must appear in the agent's half of the stored transcript, in this order."""
    greeting_within_ms: int | None = Field(default=None, gt=0)


class Scenario(_Part):
    name: str
    dials: PhoneNumber
    caller: PhoneNumber | None = None
    """None: a number that no other call uses at the moment."""
    greeting: list[AgentStep] = Field(default_factory=list)
    turns: list[Turn] = Field(default_factory=list)
    hangs_up: Literal["caller", "agent"] = "caller"
    """Who ends the call after the last turn."""
    answered_within_seconds: float = Field(default=30, gt=0)
    expect: Annotated[Expect, Field(default_factory=Expect)]

    def lines(self) -> set[str]:
        """Every sentence that somebody speaks."""
        return {text for _, text in self.spoken_lines()}

    def spoken_lines(self) -> set[tuple[Literal["agent", "caller"], str]]:
        """Who says what, for rendering speech ahead of time."""
        steps = [*self.greeting, *(step for turn in self.turns for step in turn.agent)]
        lines: set[tuple[Literal["agent", "caller"], str]] = set()
        lines.update(("agent", step.say) for step in steps if isinstance(step, Say))
        lines.update(("caller", turn.caller) for turn in self.turns if turn.caller)
        return lines
