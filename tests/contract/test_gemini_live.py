"""The stand-in for Gemini Live, driven by the real google-genai client."""

import pytest

from tests.contract.gemini_client import (
    CALLER,
    MODEL,
    NOW,
    answer_tool,
    ask,
    client,
    live_config,
    read,
    scenario,
    speak,
    stand_in,
    tool_called,
    turn_complete,
)

pytestmark = pytest.mark.contract

GREETING = "Hello, this is Harbor Dental. I am an AI assistant. How can I help you?"
QUESTION = "What is on my calendar tomorrow?"
ANSWER = "Tomorrow you have a team meeting at nine thirty, and lunch with Sam at twelve."
LOOK_UP = {
    "call": "google_calendar_list_events",
    "arguments": {"start": "{tomorrow}T00:00:00"},
    "expect": ["Team meeting"],
}
BOOK = scenario(
    greeting=[{"say": GREETING}],
    turns=[
        {"caller": QUESTION, "agent": [LOOK_UP, {"say": ANSWER}]},
        {"caller": "Thank you, goodbye.", "agent": [{"say": "You are welcome. Goodbye."}]},
    ],
)


async def test_a_call_goes_from_greeting_through_a_tool_to_the_spoken_answer(tmp_path):
    async with stand_in(tmp_path) as (gemini, certificates):
        call = await gemini.calls.register(CALLER, BOOK, NOW)
        async with client(gemini, certificates).aio.live.connect(
            model=MODEL, config=live_config()
        ) as session:
            await ask(session, 'Greet the caller with exactly: "Hello there."')
            greeting = await read(session, turn_complete)
            await speak(session, QUESTION)
            asked = await read(session, tool_called)
            await answer_tool(session, asked.calls[0], '{"events": ["Team meeting 9:30"]}')
            answer = await read(session, turn_complete)

    assert greeting.said == GREETING
    assert len(greeting.audio) / 2 / 24000 == pytest.approx(4.3, abs=0.3)
    assert asked.heard.strip() == QUESTION
    assert asked.calls[0].args == {"start": "2026-11-06T00:00:00"}
    assert answer.said == ANSWER
    assert answer.messages[-1].usage_metadata.response_token_count > 50
    assert call.journal.errors == []
    events = [event["event"] for event in call.journal.events]
    assert [e for e in events if e != "first_audio"] == [
        "setup", "greeting_asked", "turn_done", "caller_speech_start", "caller_speech_end", "tool_call",
        "tool_result", "turn_done", "disconnected",
    ]  # fmt: skip
