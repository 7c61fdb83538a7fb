"""The phone edge over HTTP, as functions-framework runs it, with stand-ins for the systems around it."""

import asyncio
import hashlib
import time
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path

import jwt
import pytest
import pytest_asyncio
from google.protobuf.json_format import MessageToJson
from livekit import api
from livekit.protocol.models import Room
from livekit.protocol.webhook import WebhookEvent

from local import environment as env
from shared.models.session import RoomMetadata
from tests.edge_stack import AGENT, INCOMING, PERSON, TENANT, EdgeStack, call_params
from tests.waiting import eventually

pytestmark = pytest.mark.contract

LIVEKIT_WEBHOOK = "/api/v1/voice/livekit/webhook"
RECORDING = "/api/v1/voice/twilio/recording"
ENSURE_AGENT = "/api/v1/tasks/ensure-agent"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[EdgeStack]:
    async with EdgeStack(tmp_path_factory.mktemp("edge")) as stack:
        await stack.start_function()
        yield stack


on_the_stacks_loop = pytest.mark.asyncio(loop_scope="module")


@on_the_stacks_loop
async def test_a_signed_webhook_is_answered_with_a_dial_into_the_room(stack: EdgeStack) -> None:
    params = call_params(1)
    status, body = await stack.post(INCOMING, params)
    assert status == 200
    room = f"call-{params['CallSid'].lower()}"
    assert f"sip:{room}@{env.SIP_HOST};transport=tls" in body
    session = await stack.database.get(f"tenants/{TENANT}/sessions/{params['CallSid'].lower()}")
    assert session is not None
    assert room in await stack.rooms()


@on_the_stacks_loop
@pytest.mark.parametrize("signature", [None, "", "bm90IHR3aWxpbw=="])
async def test_a_forged_or_missing_signature_is_refused(stack: EdgeStack, signature: str | None) -> None:
    headers = {} if signature is None else {"X-Twilio-Signature": signature}
    async with stack.http.post(stack.url + INCOMING, data=call_params(2), headers=headers) as response:
        assert response.status == 403


@on_the_stacks_loop
async def test_a_signature_is_valid_for_its_own_url_and_fields_only(stack: EdgeStack) -> None:
    headers = stack.signed(INCOMING, call_params(3))
    for path, params in [(INCOMING, call_params(4)), (f"{INCOMING}?tenant=other", call_params(3))]:
        async with stack.http.post(stack.url + path, data=params, headers=headers) as response:
            assert response.status == 403


@on_the_stacks_loop
@pytest.mark.parametrize(
    ("changed", "status", "names"),
    [
        ({"CallSid": ""}, 400, "CallSid"),
        ({"CallSid": "CA../../x"}, 400, "CallSid"),
        ({"To": "4155550100"}, 400, "To"),
        ({"To": ""}, 400, "To"),
        ({"Padding": "x" * 70_000}, 413, "larger"),
    ],
)
async def test_a_malformed_request_is_refused_clearly(
    stack: EdgeStack, changed: dict[str, str], status: int, names: str
) -> None:
    answered, body = await stack.post(INCOMING, call_params(5, **changed))
    assert answered == status
    assert names in body


@on_the_stacks_loop
async def test_a_body_that_is_not_a_form_is_refused(stack: EdgeStack) -> None:
    async with stack.http.post(stack.url + INCOMING, json=call_params(6)) as response:
        assert response.status == 415
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with stack.http.post(stack.url + INCOMING, data=b"\xff\xfe=%zz", headers=headers) as response:
        assert response.status == 400


@on_the_stacks_loop
@pytest.mark.parametrize("caller", ["", "anonymous", "+266696687", "client:browser"])
async def test_callers_without_a_number_are_answered(stack: EdgeStack, caller: str) -> None:
    params = call_params(100 + len(caller), From=caller)
    status, body = await stack.post(INCOMING, params)
    assert (status, "<Sip" in body) == (200, True)
    call = await stack.database.get(f"tenants/{TENANT}/calls/{params['CallSid'].lower()}")
    assert call is not None
    assert call["caller"] is None


@on_the_stacks_loop
async def test_a_recording_is_stored_though_its_callback_names_neither_end_of_the_call(
    stack: EdgeStack,
) -> None:
    """Twilio's recordingStatusCallback carries no From and no To, as the webhooks of a call do."""
    params = call_params(150)
    await stack.post(INCOMING, params)
    recording = {
        "AccountSid": params["AccountSid"],
        "CallSid": params["CallSid"],
        "RecordingSid": "RE" + "0" * 32,
        "RecordingUrl": "https://api.twilio.com/2010-04-01/Accounts/AC/Recordings/RE",
        "RecordingStatus": "completed",
        "RecordingDuration": "7",
    }
    status, _ = await stack.post(f"{RECORDING}?tenant={TENANT}", recording)
    assert status == 200
    call = await stack.database.get(f"tenants/{TENANT}/calls/{params['CallSid'].lower()}")
    assert call is not None
    assert call["voicemail"]["seconds"] == 7


@on_the_stacks_loop
async def test_unknown_paths_and_methods_are_refused(stack: EdgeStack) -> None:
    async with stack.http.get(stack.url + INCOMING) as response:
        assert response.status == 405
    async with stack.http.get(stack.url + ENSURE_AGENT) as response:
        assert response.status == 405
    async with stack.http.post(stack.url + "/api/v1/tasks/unknown") as response:
        assert response.status == 404


@on_the_stacks_loop
async def test_livekits_webhook_needs_a_token_that_fits_the_body(stack: EdgeStack) -> None:
    body = livekit_event("room_started", 7)
    for token, status in [
        (livekit_token(body), 204),
        (livekit_token(body), 204),
        (livekit_token(body + " "), 401),
        (livekit_token(body, secret="x" * 40), 401),
        ("", 401),
    ]:
        async with stack.http.post(
            stack.url + LIVEKIT_WEBHOOK, data=body.encode(), headers={"Authorization": token}
        ) as response:
            assert response.status == status


@on_the_stacks_loop
async def test_a_room_without_an_agent_is_dispatched_to_again_by_the_watchdog(stack: EdgeStack) -> None:
    """The whole loop: CreateRoom → LiveKit's webhook → Cloud Tasks → its signed request → CreateDispatch."""
    params = call_params(8)
    await stack.post(INCOMING, params)
    call_path = f"tenants/{TENANT}/calls/{params['CallSid'].lower()}"

    async def causes() -> list[str]:
        call = await stack.database.get(call_path)
        found = call["dispatches"] if call else []
        return found if len(found) > 1 else []

    assert (await eventually(causes, "a second dispatch"))[:2] == ["incoming", "start-2"]


@on_the_stacks_loop
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 204),
        ({"aud": "https://elsewhere.example.com"}, 403),
        ({"email": "somebody@example.com"}, 403),
        ({"email_verified": False}, 403),
        ({"iss": "https://issuer.example.com"}, 403),
        ({"exp": 1, "iat": 0}, 401),
    ],
)
async def test_a_task_needs_the_queues_own_token(
    stack: EdgeStack, claims: dict[str, object], status: int
) -> None:
    token = stack.task_token(**claims)
    assert await post_task(stack, f"Bearer {token}") == status


@on_the_stacks_loop
async def test_a_task_without_a_genuine_token_is_refused(stack: EdgeStack) -> None:
    forged = jwt.encode({"aud": stack.url}, "k" * 40, algorithm="HS256", headers={"kid": "x"})
    for authorization in ("", "Basic abc", "Bearer not-a-token", f"Bearer {forged}"):
        assert await post_task(stack, authorization) == 401


@pytest.mark.alone
async def test_two_hundred_calls_at_once_each_delivered_twice_make_two_hundred_sessions(
    tmp_path: Path,
) -> None:
    """Without the watchdog, which would give up on calls that no agent of this test ever answers."""
    numbers = range(200)
    wanted = {f"ca{number:032x}" for number in numbers}
    async with EdgeStack(tmp_path, announces_rooms=False) as stack:
        await stack.start_function()
        answers = await asyncio.gather(*(stack.post(INCOMING, call_params(n)) for n in [*numbers, *numbers]))
        assert {status for status, _ in answers} == {200}
        firsts, seconds = answers[:200], answers[200:]
        assert firsts == seconds
        assert all("<Sip" in body for _, body in firsts)
        assert {
            session_id for session_id, _ in await stack.database.query(f"tenants/{TENANT}/sessions")
        } == wanted
        assert await stack.rooms() == {f"call-{session_id}" for session_id in wanted}


async def test_with_firestore_gone_callers_hear_the_last_resort_in_time(tmp_path: Path) -> None:
    async with EdgeStack(tmp_path) as stack:
        await stack.start_function(FALLBACK_NUMBER=PERSON)
        await stack.firestore.__aexit__(None, None, None)
        began = time.monotonic()
        status, body = await stack.post(INCOMING, call_params(1))
        assert (status, f"<Number>{PERSON}</Number>" in body) == (200, True)
        assert time.monotonic() - began < 10


async def test_with_livekit_hanging_callers_get_the_agents_fallback_in_time(tmp_path: Path) -> None:
    held: list[asyncio.StreamWriter] = []

    async def hold(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        held.append(writer)

    silent = await asyncio.start_server(hold, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent, EdgeStack(tmp_path) as stack:
        await stack.start_function(LIVEKIT_URL=f"ws://127.0.0.1:{port}")
        began = time.monotonic()
        params = call_params(1)
        status, body = await stack.post(INCOMING, params)
        assert (status, f"<Number>{PERSON}</Number>" in body) == (200, True)
        assert time.monotonic() - began < 10
        call = await stack.database.get(f"tenants/{TENANT}/calls/{params['CallSid'].lower()}")
        assert call is not None
        assert (call["fallback_reason"], call["fallback_served"]) == ("platform_unavailable", "forward")
        for writer in held:
            writer.close()


async def post_task(stack: EdgeStack, authorization: str) -> int:
    room = RoomMetadata(tenant_id=TENANT, agent_id=AGENT, session_id="ca0")
    body = {"room": room.model_dump(), "chain": "start", "attempt": 1}
    headers = {"Authorization": authorization}
    async with stack.http.post(stack.url + ENSURE_AGENT, json=body, headers=headers) as response:
        return response.status


def livekit_event(name: str, number: int) -> str:
    session_id = f"ca{number:032x}"
    metadata = RoomMetadata(tenant_id=TENANT, agent_id=AGENT, session_id=session_id)
    room = Room(name=f"call-{session_id}", metadata=metadata.model_dump_json())
    return MessageToJson(WebhookEvent(event=name, room=room, id="EV_1"))


def livekit_token(body: str, secret: str = env.LIVEKIT_SECRET) -> str:
    digest = b64encode(hashlib.sha256(body.encode()).digest()).decode()
    return api.AccessToken(env.LIVEKIT_KEY, secret).with_sha256(digest).to_jwt()
