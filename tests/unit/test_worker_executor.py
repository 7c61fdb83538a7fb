"""Whatever a tool does, the model gets a JSON string with a status, and the call an event without secrets."""

import asyncio
import json
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from shared.errors import ToolError, UnavailableError
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool
from tests.unit.shop_tool import KEY_VERSION, Rig, ShopTool
from tests.waiting import eventually
from worker.agent_executor import (
    APOLOGY,
    CUT_SHORT,
    TOO_SLOW,
    UNSURE,
)
from worker.bounded_json import bounded_json
from worker.longest_step import LongestStep
from worker.tool_binding import bind_tools, withdrawn_functions

pytestmark = pytest.mark.unit


async def test_a_tool_gets_its_config_secrets_and_credential_and_its_result_reaches_the_model() -> None:
    rig = Rig()
    assert await rig.run(day="today") == {"status": "ok", "free": True}
    context = rig.tool.context
    assert (context.config.city, context.config.key.get_secret_value()) == ("Berlin", "s3cret-key")
    assert context.credential is not None
    assert REFRESH_TOKEN not in context.secrets
    assert rig.running == [True, False]


async def test_secrets_are_fetched_when_first_needed_and_once_in_a_call() -> None:
    rig = Rig()
    assert rig.fetched == []
    await rig.run(day="today")
    await rig.run(day="tomorrow", call_id="c2")
    assert rig.fetched == [KEY_VERSION]


async def test_a_call_repeated_with_the_same_id_has_the_same_idempotency_key() -> None:
    rig = Rig()
    keys: list[str] = []
    for call_id in ("c1", "c1", "c2"):
        await rig.run("book", call_id, day="today")
        keys.append(rig.tool.context.idempotency_key)
    assert keys[0] == keys[1] != keys[2]
    assert len(keys[0]) == 32


async def test_wrong_arguments_are_named_in_a_sentence() -> None:
    answer = await Rig().run(people=0)
    assert answer["status"] == "error"
    assert "day" in answer["message"]
    assert "people" in answer["message"]


@pytest.mark.parametrize("name", ["calendar", "shops"])
async def test_a_tool_that_the_snapshot_does_not_enable_is_refused(name: str) -> None:
    rig = Rig()
    answer = json.loads(await rig.executor.run_tool(name, action="look", day="today"))
    assert answer == {"status": "error", "message": "I do not have that tool."}
    assert rig.tool.runs == []


async def test_a_tool_disabled_in_the_snapshot_is_refused_and_not_offered() -> None:
    rig = Rig(AgentTool(slug="shop", enabled=False))
    assert (await rig.run(day="today"))["status"] == "error"
    assert bind_tools(rig.executor) == []


async def test_a_tool_that_the_platform_no_longer_has_is_told_of_once_in_a_call(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig(AgentTool(slug="shop", enabled=True), AgentTool(slug="fax", enabled=True))
    assert len(bind_tools(rig.executor)) == 4
    assert withdrawn_functions(rig.executor) == {"shop_ring"}
    assert caplog.messages == ["tool fax of the snapshot does not exist any more"]


async def test_an_unknown_action_is_refused() -> None:
    assert (await Rig().run("burn", day="today"))["status"] == "error"


async def test_a_read_that_found_the_provider_down_is_tried_once_more() -> None:
    rig = Rig()
    rig.tool.failures = [UnavailableError("down")]
    assert (await rig.run("look", day="today"))["status"] == "ok"
    assert rig.tool.runs == ["look", "look"]


async def test_a_booking_that_may_have_happened_is_never_tried_again() -> None:
    rig = Rig()
    rig.tool.failures = [UnavailableError("down")]
    answer = await rig.run("book", day="today")
    assert answer == {"status": "error", "message": UnavailableError.sentence}
    assert rig.tool.runs == ["book"]


@pytest.mark.parametrize(("action", "sentence"), [("look", TOO_SLOW), ("book", UNSURE)])
async def test_a_slow_tool_is_given_up(action: str, sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hasty = {name: replace(act, timeout_seconds=0.2) for name, act in ShopTool.metadata.actions.items()}
    monkeypatch.setattr(ShopTool, "metadata", replace(ShopTool.metadata, actions=hasty))
    rig = Rig()
    rig.tool.takes = 5
    assert (await rig.run(action, day="today"))["message"] == sentence


async def test_a_tool_error_is_told_and_an_unexpected_one_becomes_an_apology() -> None:
    rig = Rig()
    rig.tool.failures = [ToolError("We are closed then."), ValueError("internal: s3cret-key")]
    assert (await rig.run("book", day="today"))["message"] == "We are closed then."
    assert (await rig.run("book", day="today"))["message"] == APOLOGY


@pytest.mark.parametrize(
    ("result", "complaint"),
    [
        (None, "tool shop broke: it returned NoneType, expected a dict"),
        ({("a", 1): 2}, "tool shop broke: it returned what JSON cannot carry, expected texts as keys"),
    ],
)
async def test_what_is_no_result_becomes_an_apology_and_the_log_says_what_was_expected(
    result: Any, complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    rig = Rig()
    rig.tool.result = result
    assert (await rig.run(day="today"))["message"] == APOLOGY
    assert caplog.messages == [complaint]


async def test_the_log_tells_the_line_of_the_tool_and_not_of_a_library_it_uses(
    caplog: pytest.LogCaptureFixture,
) -> None:
    rig = Rig()

    def broken(event: dict[str, Any]) -> None:
        json.loads("s3cret-key")

    rig.tool.before_returning = broken
    await rig.run(day="today")
    [message] = caplog.messages
    line = broken.__code__.co_firstlineno + 1
    assert message == f"tool shop broke: JSONDecodeError at {__file__}:{line}"


async def test_a_tool_that_holds_up_the_call_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library that waits without awaiting stops the agent's voice, and looked like any slow tool."""
    now = 0.0

    def time_passes(_: object = None) -> None:
        nonlocal now
        now += 0.4

    monkeypatch.setattr("worker.agent_executor.LongestStep", partial(LongestStep, clock=lambda: now))
    rig = Rig()
    rig.tool.takes = 0.001
    running = asyncio.create_task(rig.run(day="today"))
    await eventually(lambda: rig.tool.runs, "the tool runs", pause=0)
    time_passes()  # while it awaits
    await running
    assert (now, caplog.messages) == (0.4, [])
    rig.tool.before_returning = time_passes
    assert (await rig.run(day="today"))["status"] == "ok"
    [message] = caplog.messages
    assert message.startswith("tool shop held up the whole call for 0.4 s: await what takes long")


async def test_a_tool_that_is_called_off_or_fails_while_it_awaits_can_clean_up() -> None:
    """What drives it, to take its time, hands on whatever is thrown into it."""
    cleaned: list[str] = []

    async def tidy() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cleaned.append("up")
            raise
        return "late"

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await LongestStep(tidy())
    assert cleaned == ["up"]


async def test_the_event_tells_what_was_done() -> None:
    rig = Rig()
    await rig.run(day="today")
    event = rig.events[0]
    assert event.pop("milliseconds") >= 0
    assert event == {
        "tool": "shop",
        "action": "look",
        "arguments": {"day": "today"},
        "ok": True,
        "result": {"free": True},
    }


async def test_a_tool_that_still_runs_when_the_call_ends_is_waited_for() -> None:
    rig = Rig()
    rig.tool.takes = 0.02
    running = asyncio.create_task(rig.run("book", day="today"))
    await eventually(lambda: rig.tool.runs, "the tool runs", pause=0)
    await rig.executor.settle(5)
    assert running.done() or rig.events[0]["ok"]
    await running


async def test_a_tool_that_is_cut_short_leaves_an_event() -> None:
    rig = Rig()
    rig.tool.takes = 60
    running = asyncio.create_task(rig.run("book", day="today"))
    await eventually(lambda: rig.tool.runs, "the tool runs", pause=0)
    await rig.executor.settle(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (rig.events[0]["ok"], rig.events[0]["sentence"]) == (False, CUT_SHORT)


async def test_no_secret_reaches_the_model_the_event_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    rig = Rig()
    rig.tool.result = {"echo": ["key=s3cret-key"]}
    answers = [await rig.run(day="today")]
    rig.tool.failures = [
        ToolError("The key s3cret-key was refused.", message="401 for s3cret-key"),
        ValueError("s3cret-key"),
    ]
    answers += [await rig.run("book", day="today"), await rig.run("book", day="today")]
    everything = json.dumps([answers, rig.events]) + caplog.text
    assert "s3cret-key" not in everything
    assert "[secret]" in everything


async def test_a_tool_that_is_not_set_up_completely_says_so() -> None:
    rig = Rig(AgentTool(slug="shop", enabled=True))
    assert "not set up" in (await rig.run(day="today"))["message"]


def test_functions_are_named_after_tool_and_action() -> None:
    names = [tool.info.name for tool in bind_tools(Rig().executor)]
    assert names == ["shop_look", "shop_book", "shop_ring", "shop_unbook"]


def test_a_long_result_is_shortened_and_says_so() -> None:
    events = [{"title": f"Event {number}", "notes": "x" * 50} for number in range(1000)]
    text = bounded_json({"status": "ok", "events": events, "count": 1000}, 2000)
    result = json.loads(text)
    assert len(text) <= 2000
    assert result["count"] == 1000
    assert result["events"][0]["title"] == "Event 0"
    assert "too long" in result["note"]


def test_a_result_of_many_small_fields_that_cannot_be_shortened_still_has_a_status() -> None:
    text = bounded_json({"status": "ok", **{f"field-{number}": number for number in range(1000)}}, 500)
    assert json.loads(text)["status"] == "ok"
    assert len(text) <= 500
