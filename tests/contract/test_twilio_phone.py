"""A telephone on the stand-in without any room: what callers hear and say through TwiML verbs alone."""

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from twilio.rest import Client

from local.phone.phone import CallResult, Phone
from local.scenario import Scenario
from local.twilio.legs import SecondPhone
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from tests.contract.twilio_application import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CALLER,
    NUMBER,
    Application,
    Reply,
)
from tests.waiting import eventually

pytestmark = pytest.mark.contract

FORWARD = "+14155550111"
LINE = "Thank you, goodbye."
PROMPT = "Are you still there?"


@dataclass
class Rig:
    application: Application
    twilio: TwilioStandIn
    phone: Phone

    async def play(self, **fields: object) -> CallResult:
        scenario = Scenario.model_validate({"name": "test", "dials": NUMBER} | fields)
        return await self.phone.play(scenario, CALLER, max_seconds=30)


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with contextlib.AsyncExitStack() as stack:
        application = await stack.enter_async_context(Application())
        number = Number(phone_number=NUMBER, voice_url=f"{application.url}/incoming")
        twilio = await stack.enter_async_context(
            TwilioStandIn(
                tmp_path / "twilio", account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, numbers=[number]
            )
        )
        phone = await stack.enter_async_context(Phone(twilio.url, tmp_path / "out", reply_seconds=1))
        yield Rig(application, twilio, phone)


async def test_a_voicemail_is_prompted_for_spoken_and_kept(rig: Rig) -> None:
    rig.phone._reply_seconds = 15  # who gave up sooner would speak into the prompt when the machine is busy
    rig.application.on("/incoming", f'<Say>{PROMPT}</Say><Record action="/recorded" timeout="5"/>')
    result = await rig.play(turns=[{"caller": LINE}])
    [action] = await eventually(lambda: rig.application.at("/recorded"), "the action")
    assert result.error is None
    assert result.heard_says == [PROMPT]
    assert action.params["Digits"] in ("", "hangup")
    file = rig.twilio.exchange.store.recording_file(action.params["RecordingSid"])
    with wave.open(str(file)) as recording:
        assert recording.getnframes() / recording.getframerate() == pytest.approx(1.0, abs=0.3)


async def test_hanging_up_in_the_middle_of_a_message_keeps_it(rig: Rig) -> None:
    rig.application.on("/incoming", '<Record action="/recorded" timeout="0"/>')
    result = await rig.play(turns=[{"caller": LINE}])
    [action] = await eventually(lambda: rig.application.at("/recorded"), "the action")
    assert action.params["Digits"] == "hangup"
    assert action.params["CallStatus"] == "completed"
    assert result.ended_by == "caller"


async def test_a_key_ends_the_message(rig: Rig) -> None:
    rig.application.on("/incoming", '<Record action="/recorded" finishOnKey="#" timeout="0"/>')
    await rig.play(turns=[{"caller": LINE}, {"press": "5#", "interrupt_after_seconds": 0}], hangs_up="agent")
    [action] = await eventually(lambda: rig.application.at("/recorded"), "the action")
    assert action.params["Digits"] == "#"


async def test_a_forwarded_caller_hears_ringing_and_then_the_other_person(rig: Rig) -> None:
    rig.twilio.exchange.second_phones[FORWARD] = SecondPhone(
        after_seconds=0.5, says=PROMPT, hangs_up_after_seconds=0.1
    )
    rig.application.on("/incoming", f'<Dial action="/result"><Number>{FORWARD}</Number></Dial>')
    result = await rig.play(hangs_up="agent")
    assert result.forwarded_to == [FORWARD]
    assert result.ended_by == "agent"
    answered, first_heard = result.moment("dial_answered"), result.moment("agent_first_heard")
    assert answered
    assert first_heard
    assert first_heard.monotonic > answered.monotonic  # the ring tone before it is not speech
    assert rig.application.at("/result")[0].params["DialCallStatus"] == "completed"


@pytest.mark.parametrize(("does", "status"), [("busy", "busy"), ("no_answer", "no-answer")])
async def test_a_person_who_cannot_be_reached_leads_to_the_action(rig: Rig, does: str, status: str) -> None:
    rig.twilio.exchange.second_phones[FORWARD] = SecondPhone.model_validate(
        {"does": does, "after_seconds": 0}
    )
    rig.application.on(
        "/incoming", f'<Dial answerOnBridge="true" timeout="1" action="/result">{FORWARD}</Dial>'
    )
    rig.application.on("/result", f"<Say>{PROMPT}</Say>")
    result = await rig.play(hangs_up="agent")
    assert rig.application.at("/result")[0].params["DialCallStatus"] == status
    assert result.heard_says == [PROMPT]
    assert result.forwarded_to == []


async def test_a_bridged_call_is_recorded_on_two_channels(rig: Rig) -> None:
    rig.twilio.exchange.second_phones[FORWARD] = SecondPhone(after_seconds=0, says=PROMPT)
    rig.application.on(
        "/incoming", f'<Dial answerOnBridge="true" record="record-from-answer-dual">{FORWARD}</Dial>'
    )
    await rig.play(turns=[{"caller": LINE}])
    recordings = await eventually(lambda: rig.twilio.exchange.store.recordings, "the recording")
    [recording] = recordings.values()
    with wave.open(str(rig.twilio.exchange.store.recording_file(recording.sid))) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    loud = [np.flatnonzero(np.abs(channel) > 2000) for channel in samples.T]
    assert all(len(moments) for moments in loud)
    caller, person = loud
    assert person[0] < caller[0], "the caller, who lets the other finish first, is on the first channel"


async def test_a_transfer_over_rest_cuts_what_the_caller_hears(rig: Rig) -> None:
    rig.application.on("/incoming", '<Pause length="1"/><Say loop="20">Are you still there?</Say>')
    client = Client(ACCOUNT_SID, AUTH_TOKEN)
    client.api.base_url = rig.twilio.url
    call = asyncio.create_task(rig.play(hangs_up="agent"))
    calls = rig.twilio.exchange.calls
    await eventually(lambda: any(c.answered for c in calls.values()), "the call is answered")
    [sid] = calls
    document = f"<Response><Dial>{FORWARD}</Dial></Response>"
    rig.twilio.exchange.second_phones[FORWARD] = SecondPhone(says=PROMPT, hangs_up_after_seconds=0)
    await asyncio.to_thread(lambda: client.calls(sid).update(twiml=document))
    result = await call
    assert set(result.heard_says) == {PROMPT}
    assert len(result.heard_says) < 20
    assert result.forwarded_to == [FORWARD]


async def test_the_callers_wish_to_hang_up_reaches_a_dial_that_still_rings(rig: Rig) -> None:
    rig.twilio.exchange.second_phones[FORWARD] = SecondPhone(does="no_answer")
    rig.application.on("/incoming", f'<Dial answerOnBridge="true" action="/result">{FORWARD}</Dial>')
    result = await rig.play(answered_within_seconds=1)
    [action] = await eventually(lambda: rig.application.at("/result"), "the action")
    assert action.params["DialCallStatus"] == "canceled"
    assert result.error == "not answered within 1 s"
    assert result.ended_by == "caller"
    assert result.moment("ended")


async def test_a_number_that_does_not_exist_is_an_error_in_the_result(rig: Rig) -> None:
    result = await rig.play(dials="+14155550999")
    assert result.error
    assert "+14155550999 cannot be dialled" in result.error
    assert result.wav is None


async def test_a_line_that_is_lost_ends_the_call_at_once(rig: Rig) -> None:
    never = asyncio.Event()
    rig.application.on("/incoming", Reply(after=never))
    call = asyncio.create_task(rig.play())
    await eventually(lambda: rig.application.at("/incoming"), "the call has started")
    for call_object in rig.twilio.exchange.calls.values():
        await call_object.line.close()
    result = await call
    never.set()
    assert result.ended_by == "network"
    assert result.error == "the call ended before it was answered"


async def test_ten_calls_at_once_each_hear_the_whole_prompt(rig: Rig) -> None:
    rig.application.on("/incoming", f"<Say>{PROMPT}</Say>")
    scenario = Scenario.model_validate({"name": "test", "dials": NUMBER, "hangs_up": "agent"})
    results = await asyncio.gather(*(rig.phone.play(scenario) for _ in range(10)))
    assert [result.heard_says for result in results] == [[PROMPT]] * 10
    assert len({result.call_sid for result in results}) == 10
    assert len({result.caller for result in results}) == 10
