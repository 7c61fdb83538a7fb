"""A conversation with the stand-in for Gemini Live, held with the real google-genai client."""

import pytest
from google.genai import types

from local.gemini.mouth import Pace
from local.speech import Pcm, silence, speech_for
from tests.contract.gemini_client import (
    answer_tool,
    answered,
    ask,
    call,
    interrupted,
    play,
    read,
    scenario,
    speak,
    stand_in,
    tool_called,
    turn_complete,
)
from tests.waiting import eventually

pytestmark = pytest.mark.contract

HELLO = "Hello, how can I help you?"
GREET = f'Greet the caller with exactly: "{HELLO}"'
QUESTION = "What is on my calendar tomorrow?"
ANSWER = "No, we are closed on Saturday."
LONG_ANSWER = "We are open from Monday to Friday, next to the ferry terminal."
THANKS = "Thank you, goodbye."
WELCOME = "You are welcome. Goodbye."
LOOK_UP = {
    "call": "google_calendar_list_events",
    "arguments": {"start": "{tomorrow}T00:00:00"},
    "expect": ["Team meeting"],
}
BOOK = scenario(
    greeting=[{"say": HELLO}],
    turns=[
        {"caller": QUESTION, "agent": [LOOK_UP, {"say": ANSWER}]},
        {"caller": THANKS, "agent": [{"say": WELCOME}]},
    ],
)


async def test_a_call_goes_from_greeting_through_a_tool_to_the_spoken_answer():
    async with call(BOOK) as (conversation, session):
        await ask(session, GREET)
        greeting = await read(session, turn_complete)
        await speak(session, QUESTION)
        asked = await read(session, tool_called)
        await answer_tool(session, asked.calls[0], '{"events": ["Team meeting 9:30"]}')
        answer = await read(session, turn_complete)
        await eventually(lambda: conversation.journal.events[-1]["event"] == "turn_done")

    assert greeting.said == HELLO
    assert len(greeting.audio) / 2 / 24000 == pytest.approx(speech_for(HELLO, "agent").seconds, abs=0.01)
    assert asked.heard.strip() == QUESTION
    assert asked.calls[0].args == {"start": "2026-11-06T00:00:00"}
    assert answer.said == ANSWER
    usage = answer.messages[-1].usage_metadata
    assert usage
    assert usage.response_token_count == round(speech_for(ANSWER, "agent").seconds * 25)
    assert conversation.journal.errors == []
    events = [event["event"] for event in conversation.journal.events]
    assert events == [
        "setup", "greeting_asked", "first_audio", "turn_done", "caller_speech_start", "caller_speech_end",
        "tool_call", "tool_result", "first_audio", "turn_done", "disconnected",
    ]  # fmt: skip


async def test_a_pause_within_a_line_does_not_end_the_callers_turn():
    words, pause = speech_for("And on Saturday?", "caller"), silence(0.8)
    halves = [words.samples[: len(words.samples) // 2], words.samples[len(words.samples) // 2 :]]
    script = scenario(turns=[{"caller": "And on Saturday?", "agent": [{"say": ANSWER}]}])
    async with call(script) as (conversation, session):
        for half in halves:
            await play(session, Pcm(half, words.rate) + pause)
        answer = await read(session, answered)
    assert answer.said == ANSWER
    assert [e["event"] for e in conversation.journal.events].count("caller_speech_end") == 2


async def test_the_end_of_a_line_that_comes_after_the_answer_has_begun_interrupts_nothing():
    words, gap = speech_for(THANKS, "caller"), silence(0.4)
    at = len(words.samples) * 7 // 10
    script = scenario(turns=[{"caller": THANKS, "agent": [{"say": WELCOME}]}])
    async with call(script, Pace(speed=3.0)) as (conversation, session):
        await play(session, Pcm(words.samples[:at], words.rate) + gap)
        await read(session, lambda m: bool(m.server_content and m.server_content.model_turn))
        await play(session, Pcm(words.samples[at:], words.rate) + gap)
        await read(session, turn_complete)
        await eventually(lambda: conversation.journal.events[-1]["event"] == "turn_done")
    events = [event["event"] for event in conversation.journal.events]
    assert "caller_late_end" in events
    assert "reply_cut_short" not in events
    assert conversation.journal.errors == []


async def test_a_line_of_which_half_is_missing_gets_no_answer_but_an_error(monkeypatch):
    monkeypatch.setattr("local.gemini.conversation.REST_OF_LINE_SECONDS", 0.05)
    async with call(BOOK) as (conversation, session):
        line = speech_for(QUESTION, "caller")
        await play(session, Pcm(line.samples[: len(line.samples) // 2], line.rate) + silence(1))
        await eventually(lambda: conversation.journal.errors)
    assert "ms of a line that lasts" in conversation.journal.errors[0]
    assert conversation.next_turn == 0


async def test_the_caller_interrupts_a_long_answer():
    script = scenario(
        turns=[
            {"caller": QUESTION, "agent": [{"say": LONG_ANSWER}, LOOK_UP]},
            {"caller": "And on Saturday?", "agent": [{"say": ANSWER}]},
        ]
    )
    async with call(script, Pace(speed=1)) as (conversation, session):
        await speak(session, QUESTION)
        await read(session, lambda m: bool(m.server_content and m.server_content.model_turn))
        await speak(session, "And on Saturday?")
        cut = await read(session, interrupted)
        ended = await read(session, turn_complete)
        answer = await read(session, answered)
    assert len(cut.audio) / 2 / 24000 < speech_for(LONG_ANSWER, "agent").seconds - 1
    assert ended.audio == b""
    assert answer.said == ANSWER
    # What came after the interrupted sentence is not done.
    assert not any(event["event"] == "tool_call" for event in conversation.journal.events)


async def test_speech_that_is_sent_but_still_playing_can_be_interrupted():
    async with call(BOOK, Pace(speed=0)) as (_, session):
        await ask(session, GREET)
        await read(session, lambda m: bool(m.server_content and m.server_content.generation_complete))
        await speak(session, QUESTION)
        assert interrupted((await read(session, interrupted)).messages[-1])


async def test_a_blocking_function_is_cancelled_by_the_callers_next_words():
    blocking = types.FunctionDeclaration(name=LOOK_UP["call"], behavior=types.Behavior.BLOCKING)
    tools = [types.Tool(function_declarations=[blocking])]
    async with call(BOOK, tools=tools) as (_, session):
        await speak(session, QUESTION)
        asked = (await read(session, tool_called)).calls[0]
        await speak(session, THANKS)
        cancelled = await read(session, lambda m: m.tool_call_cancellation is not None)
        answer = await read(session, answered)
    assert cancelled.messages[-1].tool_call_cancellation
    assert cancelled.messages[-1].tool_call_cancellation.ids == [asked.id]
    assert answer.said == WELCOME


async def test_while_a_non_blocking_function_runs_the_model_can_be_asked_for_a_filler():
    script = scenario(turns=[{"caller": QUESTION, "agent": [LOOK_UP, {"say": ANSWER}]}])
    async with call(script) as (_, session):
        await speak(session, QUESTION)
        asked = await read(session, tool_called)
        await ask(session, 'Say to the caller exactly: "One moment, please."')
        filler = await read(session, turn_complete)
        await answer_tool(session, asked.calls[0], "Team meeting")
        answer = await read(session, answered)
    assert filler.said == "One moment, please."
    assert answer.said == ANSWER


async def test_a_result_without_the_expected_text_and_an_undeclared_function_are_errors():
    script = scenario(
        turns=[{"caller": QUESTION, "agent": [LOOK_UP, {"call": "order_pizza"}, {"say": ANSWER}]}]
    )
    async with call(script) as (conversation, session):
        await speak(session, QUESTION)
        asked = await read(session, tool_called)
        await answer_tool(session, asked.calls[0], "Nothing there.")
        assert (await read(session, turn_complete)).said == ANSWER
    assert conversation.journal.errors == [
        "expected text not in the result of google_calendar_list_events: 'Team meeting'",
        "function order_pizza is not declared (declared: google_calendar_list_events)",
    ]


async def test_a_silent_model_hears_and_says_nothing_until_its_time_is_over():
    script = scenario(
        turns=[{"caller": QUESTION, "agent": [{"misbehave": "stay_silent", "seconds": 2}, {"say": HELLO}]}]
    )
    async with call(script) as (conversation, session):
        await speak(session, QUESTION)
        await eventually(lambda: any(e["event"] == "misbehaves" for e in conversation.journal.events))
        await ask(session, 'Say exactly: "Are you still there?"')
        assert (await read(session, answered)).said == HELLO


async def test_asked_for_exact_words_it_says_them_and_asked_for_any_it_goes_on_with_the_script():
    script = scenario(turns=[{"press": "1", "agent": [{"say": ANSWER}]}])
    async with call(script) as (_, session):
        await ask(
            session, '<instructions>\nSay to the caller exactly: "One moment, please."\n</instructions>'
        )
        assert (await read(session, turn_complete)).said == "One moment, please."
        await ask(session, "The caller pressed 1.")
        assert (await read(session, answered)).said == ANSWER


async def test_a_call_without_a_scenario_is_greeted_as_told_and_learns_that_this_is_a_stand_in():
    async with stand_in() as peer, peer.connect() as session:
        await ask(session, f'Greet the caller with exactly: "{WELCOME}"')
        greeting = await read(session, turn_complete)
        await speak(session, QUESTION)
        answer = await read(session, answered)
    assert greeting.said == WELCOME
    assert answer.said.startswith("I am the laptop's stand-in for the model.")
