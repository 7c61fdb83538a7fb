"""A function's result answers the model's call, as long as the model knows of that call."""

import pytest
from google.genai import types
from livekit.agents import llm

from worker.function_results import FunctionResults

pytestmark = pytest.mark.unit


def results(*call_ids: str) -> FunctionResults:
    found = FunctionResults()
    for call_id in call_ids:
        found.call(types.FunctionCall(id=call_id, name="book", args={"day": "today"}))
    return found


def conversation(*items: llm.ChatItem) -> llm.ChatContext:
    return llm.ChatContext(list(items))


def output(call_id: str, text: str = '{"status": "ok", "id": "e1"}') -> llm.FunctionCallOutput:
    return llm.FunctionCallOutput(call_id=call_id, name="book", output=text, is_error=False)


def said(text: str) -> llm.ChatMessage:
    return llm.ChatMessage(role="user", content=[text])


def test_what_the_model_has_called_off_gets_no_result() -> None:
    found = results("c1", "c2")
    found.call_off(["c1"])
    first, second = output("c1"), output("c2")
    assert found.placed(conversation(first, second)).items == [second]
    assert (found.is_called_off("c1"), found.is_called_off("c2"), found.is_called_off(None)) == (
        True,
        False,
        False,
    )


def test_a_session_that_knows_of_no_calls_is_told_what_they_returned_once_and_in_their_place() -> None:
    found = results("c1", "c2")
    first, refused, words = output("c1"), output("c2", "Unknown function"), said("Thanks.")
    found.start_over(None)
    placed = found.placed(conversation(first, words, refused))
    assert [item.id for item in placed.items] == [first.id, words.id, refused.id]
    told = [message.text_content or "" for message in placed.messages()]
    assert [part for part in ('"book"', '"today"', '"e1"', "do not do it again") if part not in told[0]] == []
    assert "Unknown function" in told[2]
    assert found.placed(placed).items == placed.items


def test_a_resumed_session_is_told_of_what_was_called_since_its_handle_was_given_out() -> None:
    found = results("c1", "c2")
    before, since = output("c1"), output("c2")
    found.start_over(known=conversation(before))
    placed = found.placed(conversation(before, since))
    assert placed.items[0] == before
    assert [message.id for message in placed.messages()] == [since.id]


def test_a_session_that_knows_of_no_calls_is_not_told_of_what_it_may_ask_for_again() -> None:
    """It was told not to end the call again, which was to end and had gone on."""
    found = FunctionResults(withdrawn=frozenset({"end_call"}))
    found.call(types.FunctionCall(id="c1", name="end_call", args={}))
    found.call(types.FunctionCall(id="c2", name="book", args={}))
    ended = llm.FunctionCallOutput(call_id="c1", name="end_call", output="{}", is_error=False)
    words, booked = said("And on Saturday?"), output("c2")
    assert found.placed(conversation(ended, words, booked)).items == [ended, words, booked]
    found.start_over(None)
    assert [item.id for item in found.placed(conversation(ended, words, booked)).items] == [
        words.id,
        booked.id,
    ]


def test_a_call_of_the_present_session_gets_its_result() -> None:
    found = results("c1")
    found.start_over(None)
    found.call(types.FunctionCall(id="c2", name="book", args=None))
    second = output("c2")
    assert found.placed(conversation(second)).items == [second]


def test_what_functions_returned_is_kept_where_older_words_are_not() -> None:
    found = results("c1", "c2")
    first, second = output("c1"), output("c2")
    words = [said(str(number)) for number in range(5)]
    latest = found.latest(conversation(words[0], first, *words[1:], second), turns=2)
    assert latest.items == [first, words[4], second]
    found.start_over(None)
    again = found.latest(found.placed(latest), turns=1)
    assert [item.id for item in again.items] == [first.id, second.id]
