"""Twilio towards an application: what it sends, how it insists, and what it does with the answers."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local.free_port import free_port
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from local.twilio.webhooks import (
    TIMEOUT_SECONDS,
    Answer,
    NotConnectedError,
    Params,
    Target,
    Webhooks,
)
from tests.contract.twilio_application import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CALLER,
    NUMBER,
    Application,
    Received,
    Reply,
)
from tests.waiting import eventually

pytestmark = pytest.mark.contract


@dataclass
class Rig:
    application: Application
    twilio: TwilioStandIn
    http: aiohttp.ClientSession

    def configure(self, **settings: Any) -> None:
        values = {"phone_number": NUMBER, "voice_url": f"{self.application.url}/incoming"} | settings
        self.twilio.exchange.store.put_number(Number.model_validate(values))

    async def deliver(self, **settings: Any) -> None:
        async with self.http.put("/_local/delivery", json=settings) as response:
            assert response.status == 200

    async def start(self, **settings: Any) -> str:
        body = {"from": CALLER, "to": NUMBER} | settings
        async with self.http.post("/_local/calls", json=body) as response:
            assert response.status == 201, await response.text()
            return (await response.json())["call_sid"]

    async def finished(self, call_sid: str) -> dict[str, Any]:
        async with self.http.get(f"/_local/calls/{call_sid}", params={"wait": 20}) as response:
            call = await response.json()
        assert call["done"]
        return call

    async def call(self, **settings: Any) -> dict[str, Any]:
        return await self.finished(await self.start(**settings))

    def at(self, path: str) -> list[Received]:
        return self.application.at(path)


def says(call: dict[str, Any]) -> list[str]:
    return [moment["data"]["text"] for moment in call["timeline"] if moment["name"] == "say"]


def failures(call: dict[str, Any]) -> list[int]:
    return [moment["data"]["code"] for moment in call["timeline"] if moment["name"] == "webhook_failed"]


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with contextlib.AsyncExitStack() as stack:
        application = await stack.enter_async_context(Application())
        twilio = await stack.enter_async_context(
            TwilioStandIn(tmp_path, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN)
        )
        rig = Rig(application, twilio, await stack.enter_async_context(aiohttp.ClientSession(twilio.url)))
        rig.configure()
        yield rig


# The request -------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_every_request_carries_a_signature_that_twilios_validator_accepts(
    rig: Rig, method: str
) -> None:
    rig.configure(
        voice_url=f"{rig.application.url}/incoming?tenant=a%20b",
        voice_method=method,
        status_callback=f"{rig.application.url}/status",
    )
    rig.application.on("/incoming", '<Dial action="/result"><Number>+14155550111</Number></Dial>')
    await rig.call()
    await eventually(lambda: rig.at("/status"), "the status callback")
    assert [received.path for received in rig.application.received] == ["/incoming", "/result", "/status"]
    assert all(received.signed for received in rig.application.received)


async def test_an_incoming_call_is_described_as_twilio_describes_it(rig: Rig) -> None:
    call = await rig.call()
    [received] = rig.at("/incoming")
    assert (
        received.params.items()
        >= {
            "AccountSid": ACCOUNT_SID,
            "ApiVersion": "2010-04-01",
            "CallSid": call["call_sid"],
            "CallStatus": "ringing",
            "Direction": "inbound",
            "From": CALLER,
            "Caller": CALLER,
            "To": NUMBER,
            "Called": NUMBER,
            "CallerCountry": "US",
            "FromCity": "",
        }.items()
    )


async def test_a_number_that_nobody_has_cannot_be_called(rig: Rig) -> None:
    async with rig.http.post("/_local/calls", json={"from": CALLER, "to": "+14155550999"}) as response:
        assert response.status == 404
    assert rig.application.received == []


# Following TwiML ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twiml", "heard", "status"),
    [
        ("<Say>One</Say><Say loop='2'>Two</Say>", ["One", "Two", "Two"], "completed"),
        ("<Say>One</Say><Hangup/><Say>Two</Say>", ["One"], "completed"),
        ("<Redirect>/other</Redirect><Say>One</Say>", ["Elsewhere"], "completed"),
        ("<Pause length='1'/>", [], "no-answer"),
        ("<Reject/>", [], "failed"),
        ("<Reject reason='busy'/>", [], "busy"),
        ("", [], "no-answer"),
        ("<Dial>+14155550111</Dial><Say>After</Say>", ["After"], "completed"),
        ("<Record playBeep='false' action='/recorded'/><Say>After</Say>", ["Recorded"], "completed"),
    ],
)
async def test_verbs_are_followed_in_order(rig: Rig, twiml: str, heard: list[str], status: str) -> None:
    rig.application.on("/incoming", twiml)
    rig.application.on("/other", "<Say>Elsewhere</Say>")
    rig.application.on("/recorded", "<Say>Recorded</Say>")
    call = await rig.call()
    assert says(call) == heard
    assert call["status"] == status


async def test_an_empty_body_ends_the_call(rig: Rig) -> None:
    rig.application.on("/incoming", Reply("", content_type="text/plain"))
    assert (await rig.call())["status"] == "no-answer"


@pytest.mark.parametrize(
    ("result", "sip_code", "bridged"),
    [("completed", "200", "true"), ("busy", "486", "false"), ("no-answer", "408", "false"),
     ("failed", "503", "false")],
)  # fmt: skip
async def test_the_dial_action_is_told_how_it_went(
    rig: Rig, result: str, sip_code: str, bridged: str
) -> None:
    rig.application.on(
        "/incoming",
        '<Dial action="/result" answerOnBridge="true"><Sip statusCallback="/child" '
        'statusCallbackEvent="initiated ringing answered completed">sip:a@b</Sip></Dial>',
    )
    rig.application.on("/result", "<Say>Goodbye</Say>")
    call = await rig.call(dial=result)
    [received] = rig.at("/result")
    assert received.params["DialCallStatus"] == result
    assert received.params["DialSipResponseCode"] == sip_code
    assert received.params["DialBridged"] == bridged
    assert received.params["CallStatus"] == ("in-progress" if bridged == "true" else "ringing")
    assert says(call) == ["Goodbye"]
    callbacks = await eventually(
        lambda: len(rig.at("/child")) == (4 if bridged == "true" else 3) and rig.at("/child"), "child events"
    )
    assert {c.params["CallSid"] for c in callbacks} == {received.params["DialCallSid"]}
    assert {c.params["ParentCallSid"] for c in callbacks} == {call["call_sid"]}
    assert result in [c.params["CallStatus"] for c in callbacks]


async def test_the_call_ends_when_the_actions_answer_is_empty(rig: Rig) -> None:
    rig.application.on("/incoming", '<Dial action="/result">+14155550111</Dial><Say>Not heard</Say>')
    call = await rig.call()
    assert says(call) == []
    assert call["ended_by"] == "agent"


async def test_a_recording_reaches_the_action_and_the_callback(rig: Rig) -> None:
    rig.application.on(
        "/incoming", '<Record action="/recorded" recordingStatusCallback="/recording" maxLength="3"/>'
    )
    call = await rig.call(message_seconds=2)
    [action] = rig.at("/recorded")
    [callback] = await eventually(lambda: rig.at("/recording"), "the recording's callback")
    assert action.params["RecordingDuration"] == "2"
    assert callback.params["RecordingStatus"] == "completed"
    assert callback.params["CallSid"] == call["call_sid"]
    assert callback.params["RecordingUrl"] == action.params["RecordingUrl"]


async def test_a_silent_message_is_no_recording(rig: Rig) -> None:
    rig.application.on("/incoming", '<Record action="/recorded"/><Say>We heard nothing</Say>')
    call = await rig.call(message_seconds=0)
    assert rig.at("/recorded") == []
    assert says(call) == ["We heard nothing"]


# Bad days ----------------------------------------------------------------------------------------


async def test_a_server_error_is_final_and_the_fallback_url_is_asked_and_told_why(rig: Rig) -> None:
    """Twilio's retry is for connections that could not be made (`rp=ct`)."""
    rig.configure(voice_fallback_url=f"{rig.application.url}/fallback")
    rig.application.on("/incoming", Reply(status=503), "<Say>Recovered</Say>")
    rig.application.on("/fallback", "<Say>Fallback</Say>")
    call = await rig.call()
    [fallback] = rig.at("/fallback")
    assert len(rig.at("/incoming")) == 1
    assert fallback.params["ErrorCode"] == "11200"
    assert fallback.params["ErrorUrl"] == f"{rig.application.url}/incoming"
    assert fallback.params["CallSid"] == call["call_sid"]
    assert says(call) == ["Fallback"]


async def test_a_refusal_is_an_answer_and_is_not_tried_again(rig: Rig) -> None:
    rig.application.on("/incoming", Reply(status=403))
    await rig.call()
    assert len(rig.at("/incoming")) == 1


async def test_an_application_that_is_too_slow_is_left_for_the_fallback(rig: Rig) -> None:
    never = asyncio.Event()
    rig.twilio.exchange.webhooks.timeout = 0.2
    rig.configure(voice_fallback_url=f"{rig.application.url}/fallback")
    rig.application.on("/incoming", Reply(after=never))
    sid = await rig.start()
    await eventually(lambda: rig.at("/incoming") or rig.at("/fallback"), "the application is asked")
    rig.twilio.exchange.webhooks.timeout = TIMEOUT_SECONDS
    call = await rig.finished(sid)
    never.set()
    assert failures(call) == [11205]
    assert rig.at("/fallback")[0].params["ErrorCode"] == "11205"


async def test_an_application_that_is_down_leads_to_the_fallback(rig: Rig) -> None:
    rig.configure(
        voice_url=f"http://127.0.0.1:{free_port()}/incoming",
        voice_fallback_url=f"{rig.application.url}/fallback",
    )
    await rig.call()
    assert rig.at("/fallback")[0].params["ErrorCode"] == "11205"


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply("<Response><Say>Hi"), 12100),
        (Reply("<Response><Gather/></Response>"), 12200),
        (Reply("{}", content_type="application/json"), 12300),
    ],
)
async def test_an_answer_that_is_not_twiml_leads_to_the_fallback(rig: Rig, reply: Reply, code: int) -> None:
    rig.configure(voice_fallback_url=f"{rig.application.url}/fallback")
    rig.application.on("/incoming", reply)
    call = await rig.call()
    assert failures(call) == [code]
    assert rig.at("/fallback")[0].params["ErrorCode"] == str(code)


async def test_without_a_usable_fallback_the_caller_hears_an_apology(rig: Rig) -> None:
    rig.configure(voice_fallback_url=f"{rig.application.url}/fallback")
    rig.application.on("/incoming", Reply(status=500))
    rig.application.on("/fallback", Reply(status=500))
    call = await rig.call()
    assert says(call) == ["We are sorry, an application error has occurred. Goodbye."]
    assert call["ended_by"] == "error"
    assert call["status"] == "completed"


# Status callbacks and disorder -------------------------------------------------------------------


async def test_the_number_hears_of_the_end_of_each_call(rig: Rig) -> None:
    rig.configure(status_callback=f"{rig.application.url}/status")
    rig.application.on("/incoming", "<Say>Hi</Say>")
    began = time.monotonic()
    call = await rig.call()
    [status] = await eventually(lambda: rig.at("/status"), "the status callback")
    assert status.params["CallStatus"] == "completed"
    assert status.params["CallSid"] == call["call_sid"]
    assert 0 <= int(status.params["CallDuration"]) <= time.monotonic() - began + 0.5, "rounded"


async def test_a_callback_that_fails_is_lost(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.configure(status_callback=f"{rig.application.url}/status")
    rig.application.on("/status", Reply(status=503), Reply())
    await rig.call()
    await eventually(lambda: "callback lost" in caplog.text, "Twilio has given it up")
    assert len(rig.at("/status")) == 1


async def test_a_connection_that_could_not_be_made_is_tried_once_more() -> None:
    class Shaky(Webhooks):
        def __init__(self) -> None:
            super().__init__(AUTH_TOKEN)
            self.tokens: list[str] = []

        async def _request(self, target: Target, params: Params, token: str) -> Answer:
            self.tokens.append(token)
            if len(self.tokens) == 1:
                raise NotConnectedError(11205, target.url, "refused")
            return Answer("<Response/>", "text/xml")

    async with Shaky() as webhooks:
        answer = await webhooks.ask(Target("https://voice.example.com/incoming"), {})
    assert answer.body == "<Response/>"
    assert len(webhooks.tokens) == 2
    assert len(set(webhooks.tokens)) == 1


async def test_every_webhook_can_be_delivered_twice_with_the_same_token(rig: Rig) -> None:
    rig.configure(status_callback=f"{rig.application.url}/status")
    rig.application.on("/incoming", "<Say>Once</Say>")
    await rig.deliver(twice=True)
    call = await rig.call()
    await eventually(lambda: len(rig.at("/incoming")) == len(rig.at("/status")) == 2, "both twice")
    assert len({received.token for received in rig.at("/incoming")}) == 1
    assert says(call) == ["Once"]


async def test_callbacks_can_overtake_each_other(rig: Rig) -> None:
    rig.configure(
        status_callback=f"{rig.application.url}/status",
        status_callback_events=["initiated", "ringing", "in-progress", "completed"],
    )
    rig.application.on("/incoming", "<Say>Hi</Say>")
    await rig.deliver(reorder=True)
    await rig.call()
    await eventually(lambda: len(rig.at("/status")) == 4, "four callbacks")
    order = [received.params["SequenceNumber"] for received in rig.at("/status")]
    assert sorted(order) == ["0", "1", "2", "3"]
    assert order != sorted(order)


@pytest.mark.alone
async def test_two_hundred_calls_at_once_each_delivered_twice(rig: Rig) -> None:
    rig.application.on("/incoming", "<Say>Hi</Say>")
    await rig.deliver(twice=True)
    sids = await asyncio.gather(*(rig.start(**{"from": f"+1415556{n:04}"}) for n in range(200)))
    calls = await asyncio.gather(*(rig.finished(sid) for sid in sids))
    assert [call["status"] for call in calls] == ["completed"] * 200
    await eventually(lambda: len(rig.at("/incoming")) == 400, "every webhook twice")
    assert {received.params["CallSid"] for received in rig.at("/incoming")} == set(sids)
