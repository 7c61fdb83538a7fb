"""The stand-in for Gemini Live: what it refuses, how its connections break, and what survives that."""

import asyncio
import json
import struct
import time
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest
from google.genai import Client, errors, types
from google.oauth2.credentials import Credentials
from websockets.exceptions import InvalidStatus

from local.gemini.mouth import Pace
from tests.contract.gemini_client import (
    CALLER,
    MODEL,
    NOW,
    answer_tool,
    answered,
    ask,
    handle_given,
    http_options,
    live_config,
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
QUESTION = "What is on my calendar tomorrow?"
ANSWER = "No, we are closed on Saturday."
THANKS = "Thank you, goodbye."
WELCOME = "You are welcome. Goodbye."
TWO_TURNS = scenario(
    turns=[
        {"caller": QUESTION, "agent": [{"call": "google_calendar_list_events"}, {"say": ANSWER}]},
        {"caller": THANKS, "agent": [{"say": WELCOME}]},
    ]
)


def resumes(handle: str | None) -> dict[str, Any]:
    return {
        "system_instruction": "",
        "session_resumption": types.SessionResumptionConfig(handle=handle),
    }


# --- setup


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"$defs": {}, "type": "OBJECT"}, 'Unknown name "$defs"'),
        ({"type": "OBJECT", "properties": {"a": {"type": ["string", "null"]}}}, "cannot start list"),
        ({"type": "OBJECT", "properties": {"a": {"type": "INTEGER", "enum": [1, 2]}}}, "TYPE_STRING"),
        ({"type": "OBJECT", "properties": {"a": {"$ref": "#/x"}}}, 'Unknown name "$ref"'),
    ],
)
async def test_schemas_that_gemini_does_not_take_are_refused(parameters, reason):
    function = types.FunctionDeclaration(name="f", parameters_json_schema=parameters)
    async with stand_in() as peer:
        with pytest.raises(errors.APIError) as refused:
            async with peer.connect(tools=[types.Tool(function_declarations=[function])]):
                pass
    assert refused.value.code == 1007
    assert reason in str(refused.value)


async def test_an_unknown_model_is_refused():
    async with stand_in() as peer:
        with pytest.raises(errors.APIError) as refused:
            async with peer.connect("gemini-9"):
                pass
    assert refused.value.code == 1008
    assert "models/gemini-9 is not found" in str(refused.value)


async def test_a_handle_that_was_not_given_out_is_refused():
    async with stand_in() as peer:
        with pytest.raises(errors.APIError) as refused:
            async with peer.connect(**resumes("who/1")):
                pass
    assert refused.value.code == 1008
    assert "session not found" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", 403),
        ("google.cloud.aiplatform.v1.LlmBidiService/BidiGenerateContent", 401),
        ("google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateMusic", 404),
    ],
)
async def test_a_handshake_without_credentials_or_on_another_path_is_refused(path, status):
    async with stand_in() as peer, aiohttp.ClientSession() as http:
        url = f"https://127.0.0.1:{peer.gemini.port}/ws/{path}"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect(url, ssl=peer.tls())
    assert refused.value.status == status


async def test_vertex_ai_has_its_own_path_and_models():
    model = "gemini-live-2.5-flash-native-audio"
    async with stand_in() as peer:
        conversation = await peer.register(scenario(greeting=[{"say": HELLO}]))
        vertex = Client(
            vertexai=True,
            project="p",
            location="l",
            credentials=Credentials("a-token"),
            http_options=http_options(peer.gemini, peer.certificates),
        )
        async with vertex.aio.live.connect(model=model, config=live_config()) as session:
            await ask(session, "Greet the caller.")
            assert (await read(session, answered)).said == HELLO
    assert conversation.journal.events[0]["model"] == model


# --- connections that end


async def test_after_go_away_the_conversation_goes_on_over_its_handle():
    script = scenario(
        turns=[
            {"caller": QUESTION, "agent": [{"misbehave": "go_away", "seconds": 0.1}, {"say": HELLO}]},
            {"caller": THANKS, "agent": [{"say": WELCOME}]},
        ]
    )
    async with stand_in() as peer:
        conversation = await peer.register(script)
        async with peer.connect() as session:
            handle = (await read(session, handle_given)).handle
            await speak(session, QUESTION)
            warned = await read(session, lambda m: m.go_away is not None)
            with pytest.raises(errors.APIError) as closed:
                await read(session, turn_complete)
        async with peer.connect(**resumes(handle)) as session:
            await speak(session, THANKS)
            answer = await read(session, answered)
    assert warned.messages[-1].go_away
    assert warned.messages[-1].go_away.time_left == "0.1s"
    assert closed.value.code == 1001
    assert answer.said == WELCOME
    assert conversation.journal.errors == []


@pytest.mark.parametrize(
    ("request_text", "said"),
    [
        ('Answer now. If you did not hear it, say: "One moment, please."', ANSWER),
        ('You were cut off. The caller heard only this: "No, we". Say the rest of it.', ANSWER),
        ('Say to the caller exactly: "One moment, please."', "One moment, please."),
        ('Say exactly: "One moment, please." Then answer the caller.', f"One moment, please.{ANSWER}"),
    ],
)
async def test_what_a_lost_connection_cut_off_is_said_when_the_client_asks_for_it(request_text, said):
    steps = [{"misbehave": "drop_connection"}, {"say": ANSWER}]
    async with stand_in() as peer:
        conversation = await peer.register(scenario(turns=[{"caller": QUESTION, "agent": steps}]))
        conversation.greeted = True
        async with peer.connect() as session:
            await speak(session, QUESTION)
            with pytest.raises(errors.APIError) as closed:
                await read(session, turn_complete)
        async with peer.connect() as session:  # found by the caller's number
            await ask(session, request_text)
            answer = await read(session, answered)
    assert closed.value.code == 1006
    assert answer.said == said


@pytest.mark.parametrize("answered_before", [False, True])
@pytest.mark.parametrize("told", [False, True])
async def test_a_resumed_session_knows_of_no_function_called_since_its_handle(answered_before, told):
    """Google's client tells of "some data loss" then (LiveServerSessionResumptionUpdate): the model takes no
    result of it, and calls it anew unless it is told."""
    breaks = [{"misbehave": "drop_connection"}] if answered_before else []
    cut_off = [{"call": "google_calendar_list_events"}, *breaks, {"say": ANSWER}]
    async with stand_in() as peer:
        conversation = await peer.register(scenario(turns=[{"caller": QUESTION, "agent": cut_off}]))
        conversation.greeted = True
        async with peer.connect() as session:
            handle = (await read(session, handle_given)).handle
            await speak(session, QUESTION)
            asked = await read(session, tool_called)
            if answered_before:
                await answer_tool(session, asked.calls[0], "Team meeting")
                with pytest.raises(errors.APIError):
                    await read(session, turn_complete)
        await eventually(lambda: conversation.line is None)
        async with peer.connect(**resumes(handle)) as session:
            await answer_tool(session, asked.calls[0], "Team meeting")
            if told:
                await ask(session, "Go on.", note='"google_calendar_list_events" has returned: Team meeting')
            else:
                await ask(session, "Go on.")
            seen = await read(session, lambda m: tool_called(m) or answered(m))
    assert [call.name for call in seen.calls] == ([] if told else ["google_calendar_list_events"])
    names = [event["event"] for event in conversation.journal.events]
    assert "unexpected_tool_result" in names


async def test_while_the_model_speaks_its_session_cannot_be_resumed():
    async with stand_in() as peer:
        await peer.register(TWO_TURNS)
        async with peer.connect() as session:
            await read(session, handle_given)
            await speak(session, QUESTION)
            updates = [
                message.session_resumption_update
                for message in (await read(session, tool_called)).messages
                if message.session_resumption_update
            ]
    assert [(update.resumable, update.new_handle) for update in updates] == [(False, None)]


async def test_progress_survives_a_restart_of_the_stand_in(tmp_path):
    state = tmp_path / "state"
    async with stand_in(state=state) as peer:
        await peer.register(TWO_TURNS)
        async with peer.connect() as session:
            await speak(session, QUESTION)
            await read(session, tool_called)
    async with stand_in(state=state) as peer, peer.connect() as session:
        await speak(session, THANKS)
        assert (await read(session, answered)).said == WELCOME


@pytest.mark.parametrize(
    ("kind", "code"), [("close_1007", 1007), ("close_1011", 1011), ("drop_connection", 1006)]
)
async def test_a_connection_breaks_as_told_over_http(kind, code):
    async with stand_in() as peer, peer.connect() as session, aiohttp.ClientSession() as http:
        await read(session, handle_given)
        async with http.post(peer.control("misbehave"), json={"misbehave": kind}) as answer:
            assert answer.status == 200
        with pytest.raises(errors.APIError) as closed:
            await read(session, turn_complete)
    assert closed.value.code == code


async def test_connections_are_refused_from_the_start_when_the_scenario_begins_so():
    script = scenario(greeting=[{"misbehave": "refuse_connections", "seconds": 30}])
    body = {"caller": CALLER, "scenario": script.model_dump(mode="json"), "now": NOW.isoformat()}
    async with stand_in() as peer, aiohttp.ClientSession() as http:
        async with http.post(peer.control("scenarios"), json=body) as answer:
            assert answer.status == 201
        with pytest.raises(InvalidStatus) as refused:
            async with peer.connect():
                pass
        async with http.delete(peer.control(f"scenarios/{CALLER}")) as answer:
            assert answer.status == 200
        async with peer.connect() as session:
            assert session.setup_complete
    assert refused.value.response.status_code == 503


# --- several calls, and what can be looked at


async def test_several_calls_at_once_keep_their_own_scripts():
    lines = {"+14155550200": HELLO, "+14155550201": ANSWER, "+14155550202": WELCOME}
    async with stand_in() as peer:

        async def greeting_of(caller: str) -> str:
            instruction = f"The caller's phone number is {caller}."
            async with peer.connect(MODEL, system_instruction=instruction) as session:
                await ask(session, "Greet the caller.")
                return (await read(session, answered)).said

        for caller, line in lines.items():
            await peer.register(scenario(greeting=[{"say": line}]), caller)
        assert await asyncio.gather(*map(greeting_of, lines)) == list(lines.values())


async def test_everything_that_the_model_is_given_to_read_can_be_looked_at():
    async with stand_in() as peer, aiohttp.ClientSession() as http:
        await peer.register(TWO_TURNS)
        async with peer.connect() as session:
            await speak(session, QUESTION)
            asked = await read(session, tool_called)
            await answer_tool(session, asked.calls[0], "Team meeting")
            await read(session, answered)
        async with http.get(peer.control("sent")) as answer:
            sent = await answer.json()
        async with http.get(peer.control(f"scenarios/{CALLER}")) as answer:
            status = await answer.json()
    assert [note["kind"] for note in sent] == ["setup", "tool_response"]
    assert CALLER in sent[0]["text"]
    assert json.loads(sent[1]["text"])["response"] == {"output": "Team meeting"}
    assert status["next_turn"] == 1
    first, *_, last = status["events"]
    assert abs(first["at_ms"] / 1000 - datetime.now(UTC).timestamp()) < 60
    assert first["monotonic_ns"] < last["monotonic_ns"]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (
            {"caller": "7", "scenario": {"name": "x", "dials": "+14155550100"}},
            "caller: must be a phone number in international form, such as +14155550100",
        ),
        ({"caller": CALLER, "scenario": {"name": "x"}}, "scenario.dials: Field required"),
    ],
)
async def test_a_wrong_registration_is_refused_with_one_line(body, error):
    async with (
        stand_in() as peer,
        aiohttp.ClientSession() as http,
        http.post(peer.control("scenarios"), json=body) as answer,
    ):
        assert answer.status == 400
        assert (await answer.text()).startswith(error)


async def test_stamped_sound_tells_how_long_it_was_under_way():
    script = scenario(greeting=[{"say": HELLO}])
    async with stand_in(Pace(speed=0, stamped=True)) as peer, aiohttp.ClientSession() as http:
        await peer.register(script)
        async with peer.connect() as session:
            began_ns = time.monotonic_ns()
            stamp = struct.pack("<8h", *began_ns.to_bytes(8, "little"))
            stamped = stamp + bytes(624)
            blob = types.Blob(data=stamped, mime_type="audio/pcm;rate=16000")
            await session.send_realtime_input(audio=blob)
            await ask(session, "Greet the caller.")
            reply = await read(session, answered)
        async with http.get(peer.control("latencies")) as answer:
            (latency_ns,) = (await answer.json())["caller_to_model_ns"]
    assert 0 < latency_ns < time.monotonic_ns() - began_ns
    sent_ns = int.from_bytes(reply.audio[:8], "little")
    assert 0 < time.monotonic_ns() - sent_ns < 10_000_000_000
