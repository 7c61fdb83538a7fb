"""What the model has called off is done once all the same, and the model is told of it."""

import asyncio
from typing import Any

import pytest

from shared.errors import ToolError
from tests.unit.shop_tool import Rig
from tests.waiting import eventually
from worker.tool_binding import withdrawn_functions

pytestmark = pytest.mark.unit


async def test_a_tool_that_the_model_calls_off_runs_to_its_end_and_is_not_waited_for() -> None:
    rig = Rig()
    rig.tool.takes = 0.02
    first, second = (asyncio.create_task(rig.run("book", call_id=i, day="today")) for i in ("c1", "c2"))
    await eventually(lambda: len(rig.tool.runs) == 2, "the tool runs twice", pause=0)
    rig.called_off.add("c1")
    assert rig.executor.awaited() == 1
    rig.called_off.add("c2")
    assert rig.executor.awaited() == 0
    await rig.run("book", call_id="c3", day="today")
    await asyncio.gather(first, second)
    assert [event["ok"] for event in rig.events] == [True, True, True]
    assert rig.running == [True, True, False], "the third counts anew, and the first two end unnoticed"


async def called_off_booking(rig: Rig, *, result: dict[str, Any] | None = None) -> None:
    rig.tool.result = result or {"event_id": "e1"}
    await rig.run("book", call_id="c1", day="today")
    rig.called_off.add("c1")


async def test_a_write_that_was_done_although_called_off_is_not_done_again_when_asked_for_again() -> None:
    rig = Rig()
    await called_off_booking(rig)
    rig.tool.result = {"event_id": "e2"}
    assert await rig.run("book", call_id="c2", day="today") == {"status": "ok", "event_id": "e1"}
    assert rig.tool.runs == ["book"]
    again = await rig.run("book", call_id="c3", day="today")
    assert again["event_id"] == "e2", "the model knows by now, and wants another"


async def test_one_that_still_runs_is_waited_for_before_it_is_asked_for_again() -> None:
    rig = Rig()
    rig.tool.takes, rig.tool.result = 0.05, {"event_id": "e1"}
    first = asyncio.create_task(rig.run("book", call_id="c1", day="today"))
    await eventually(lambda: rig.tool.runs, pause=0)
    rig.called_off.add("c1")
    assert await rig.run("book", call_id="c2", day="today") == await first
    assert rig.tool.runs == ["book"]


async def test_something_else_of_the_same_function_is_done_at_once_and_the_model_told_of_the_first() -> None:
    rig = Rig()
    await called_off_booking(rig, result={"event_id": "e1", "said": "it costs s3cret-key"})
    assert (await rig.run("book", call_id="c2", day="tomorrow"))["status"] == "ok"
    assert rig.tool.runs == ["book", "book"]
    [write] = rig.executor.writes_unknown_to_the_model()
    assert [part for part in ("shop_book", '"today"', '"e1"') if part not in write.called] == []
    assert "s3cret" not in write.called


async def test_what_the_model_knows_of_and_may_have_undone_is_done_again_when_asked_for_again() -> None:
    rig = Rig()
    await called_off_booking(rig)
    assert rig.executor.writes_unknown_to_the_model()
    await rig.run("unbook", call_id="c2", day="today")
    await rig.run("book", call_id="c3", day="today")
    assert rig.tool.runs == ["book", "unbook", "book"]


async def test_the_model_is_told_that_a_write_runs_on_and_then_what_came_of_it() -> None:
    rig = Rig()
    rig.tool.takes = 0.05
    rig.tool.failures = [ToolError("That time is taken.")]
    booking = asyncio.create_task(rig.run("book", call_id="c1", day="today"))
    await eventually(lambda: rig.tool.runs, pause=0)
    assert rig.executor.writes_unknown_to_the_model() == []
    rig.called_off.add("c1")
    [write] = rig.executor.writes_unknown_to_the_model()
    assert write.standing == "runs_on"
    assert rig.executor.writes_unknown_to_the_model() == []
    await booking
    assert rig.executor.writes_unknown_to_the_model() == [write]
    assert write.standing == "failed"
    assert "That time is taken." in write.called


async def test_what_is_withdrawn_when_called_off_is_no_news_and_can_be_done_again() -> None:
    rig = Rig()
    assert withdrawn_functions(rig.executor) == {"shop_ring"}
    for call_id in ("c1", "c2"):
        await rig.run("ring", call_id=call_id, day="today")
        rig.called_off.add(call_id)
    assert rig.tool.runs == ["ring", "ring"]
    assert rig.executor.writes_unknown_to_the_model() == []


async def test_a_write_that_was_called_off_and_failed_is_done_when_it_is_asked_for_again() -> None:
    rig = Rig()
    rig.tool.failures = [ToolError("That time is taken.")]
    await called_off_booking(rig)
    assert (await rig.run("book", call_id="c2", day="today"))["status"] == "ok"
    assert rig.executor.writes_unknown_to_the_model() == []


async def test_what_is_only_looked_up_and_what_was_not_called_off_is_done_each_time() -> None:
    rig = Rig()
    rig.called_off.add("c1")
    for call_id in ("c1", "c2"):
        await rig.run("look", call_id=call_id, day="today")
    for call_id in ("c3", "c4"):
        await rig.run("book", call_id=call_id, day="today")
    assert rig.tool.runs == ["look", "look", "book", "book"]
    assert rig.executor.writes_unknown_to_the_model() == []


async def test_what_was_done_though_called_off_is_told_of_once() -> None:
    rig = Rig()
    await called_off_booking(rig)
    [write] = rig.executor.writes_unknown_to_the_model()
    assert '"shop_book"' in write.called
    assert '"e1"' in write.called
    assert rig.executor.writes_unknown_to_the_model() == []
