"""The telephone leg over a real LiveKit server: what livekit-sip does between `<Dial><Sip>` and a room."""

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from livekit import api
from pydantic import SecretStr

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, find_server
from local.phone.audio import VoiceDetector
from local.phone.g711 import FRAME_SAMPLES, RATE
from local.phone.phone import CallResult, Phone
from local.phone.sip_bridge import SipSettings
from local.scenario import Scenario
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from tests.contract.twilio_application import (
    ACCOUNT_SID,
    AUTH_TOKEN,
    CALLER,
    NUMBER,
    Application,
    ToneAgent,
)
from tests.waiting import eventually

pytestmark = [pytest.mark.contract, pytest.mark.alone]

KEY, SECRET = "contract", "contract-secret-of-32-or-more-characters"
ROOM = "call-ca1"


@dataclass
class Rig:
    application: Application
    twilio: TwilioStandIn
    livekit_url: str
    api: api.LiveKitAPI
    phone: Phone

    def dial(self, password: str = "right", **attributes: object) -> None:
        extra = "".join(f' {name}="{value}"' for name, value in attributes.items())
        self.application.on(
            "/incoming",
            f'<Dial answerOnBridge="true" action="/result"{extra}>'
            f'<Sip username="trunk" password="{password}">sip:{ROOM}@sip.example;transport=tls</Sip></Dial>',
        )

    async def room(self) -> None:
        await self.api.room.create_room(api.CreateRoomRequest(name=ROOM))

    def agent(self) -> ToneAgent:
        return ToneAgent(self.livekit_url, KEY, SECRET, ROOM)

    async def result(self) -> dict[str, str]:
        return (await eventually(lambda: self.application.at("/result"), "the dial's action"))[0].params


@pytest.fixture(params=["embedded", "real"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    binary = find_server()
    if request.param == "real" and binary is None:
        pytest.skip("livekit-server is not there: make livekit-server (needs Go)")
    async with contextlib.AsyncExitStack() as stack:
        config = Config(KEY, SECRET)
        real = RealServer(binary, config) if request.param == "real" and binary else None
        server = await stack.enter_async_context(real or EmbeddedServer(config))
        client = api.LiveKitAPI(server.url.replace("ws", "http", 1), KEY, SECRET)
        stack.push_async_callback(client.aclose)
        application = await stack.enter_async_context(Application())
        sip = SipSettings(
            livekit_url=server.url,
            livekit_api_key=KEY,
            livekit_api_secret=SecretStr(SECRET),
            sip_host="sip.example",
            sip_username="trunk",
            sip_password=SecretStr("right"),
            sip_ringing_timeout=1.5,
        )
        number = Number(phone_number=NUMBER, voice_url=f"{application.url}/incoming")
        twilio = await stack.enter_async_context(
            TwilioStandIn(
                tmp_path / "twilio", account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, numbers=[number], sip=sip
            )
        )
        phone = await stack.enter_async_context(Phone(twilio.url, tmp_path / "out", reply_seconds=3))
        yield Rig(application, twilio, server.url, client, phone)


def scenario(**fields: object) -> Scenario:
    return Scenario.model_validate({"name": "test", "dials": NUMBER} | fields)


async def test_the_caller_and_the_agent_hear_each_other_and_keys_arrive(rig: Rig) -> None:
    rig.dial()
    await rig.room()
    async with rig.agent() as agent:
        await agent.publish()
        turns = [{"caller": "Thank you, goodbye."}, {"press": "4#"}]
        seen: list[str] = []
        play = rig.phone.play(scenario(turns=turns), CALLER, on_moment=lambda m: seen.append(m.name))
        call = asyncio.create_task(play)
        caller = await agent.answered()
        assert caller.identity == f"sip_{CALLER}"
        assert caller.attributes.items() >= {"sip.phoneNumber": CALLER, "sip.trunkPhoneNumber": ROOM}.items()
        await agent.speak(0.5)
        await eventually(lambda: agent.heard_loudness > 500, "the caller's voice")
        await eventually(lambda: "caller_ends" in seen, "the end of the first turn")
        await agent.speak(0.3)
        await eventually(lambda: agent.digits == "4#", "two keys")
        await agent.speak(0.3)
        result = await call
        await eventually(lambda: agent.caller is None, "the caller leaves the room")
    assert result.error is None
    assert result.ended_by == "caller"
    assert (await rig.result())["DialCallStatus"] == "completed"
    names = [moment.name for moment in result.timeline]
    in_order = ["dialed", "webhook_sent", "twiml_received", "dial", "sip_room_joined", "answered", "ended"]
    assert [name for name in names if name in in_order] == in_order
    assert result.call_sid == caller.attributes["sip.twilio.callSid"]
    said, heard = voices(result)
    assert len(said.speeches) == 1
    assert len(heard.speeches) == 3
    assert heard.speeches[0].end < said.speeches[0].start < said.speeches[0].end < heard.speeches[1].start


async def test_the_caller_hears_ringing_until_an_agent_publishes_audio(rig: Rig) -> None:
    rig.dial()
    await rig.room()
    async with rig.agent() as agent:
        call = asyncio.create_task(rig.phone.play(scenario(), CALLER))
        caller = await eventually(lambda: agent.caller, "the caller joins")
        assert caller.attributes["sip.callStatus"] == "ringing"
        await agent.publish()
        await agent.answered()
        await rig.api.room.delete_room(api.DeleteRoomRequest(room=ROOM))
        result = await call
    assert result.ended_by == "agent"
    assert result.moment("answered")


async def test_ringing_for_too_long_is_busy(rig: Rig) -> None:
    rig.dial()
    await rig.room()
    result = await rig.phone.play(scenario(), CALLER)
    dialled = await rig.result()
    assert (dialled["DialCallStatus"], dialled["DialSipResponseCode"]) == ("busy", "486")
    assert result.moment("answered") is None


async def test_a_dial_that_times_out_leaves_no_caller_in_the_room(rig: Rig) -> None:
    rig.dial(timeout=1)
    await rig.room()
    async with rig.agent() as agent:
        await rig.phone.play(scenario(), CALLER)
        assert (await rig.result())["DialCallStatus"] == "no-answer"
        await eventually(lambda: agent.caller is None, "the caller leaves the room")


@pytest.mark.parametrize(
    ("room", "password", "status", "code"),
    [(True, "wrong", "failed", "403"), (False, "right", "busy", "486")],
)
async def test_wrong_credentials_and_missing_rooms_are_refused(
    rig: Rig, room: bool, password: str, status: str, code: str
) -> None:
    rig.dial(password)
    if room:
        await rig.room()
    result = await rig.phone.play(scenario(), CALLER)
    dialled = await rig.result()
    assert (dialled["DialCallStatus"], dialled["DialSipResponseCode"]) == (status, code)
    assert result.error == "the call ended before it was answered"


async def test_a_removed_caller_is_hung_up_and_hears_what_the_action_says(rig: Rig) -> None:
    rig.dial()
    rig.application.on("/result", "<Say>Are you still there?</Say>")
    await rig.room()
    async with rig.agent() as agent:
        await agent.publish()
        call = asyncio.create_task(rig.phone.play(scenario(turns=[{"wait_seconds": 60}]), CALLER))
        caller = await agent.answered()
        await rig.api.room.remove_participant(
            api.RoomParticipantIdentity(room=ROOM, identity=caller.identity)
        )
        result = await call
    assert len(result.heard_says) == 1
    assert result.ended_by == "twiml"


async def test_two_agents_that_speak_are_both_heard(rig: Rig) -> None:
    rig.dial()
    await rig.room()
    async with (
        ToneAgent(rig.livekit_url, KEY, SECRET, ROOM, "one", hertz=600) as one,
        ToneAgent(rig.livekit_url, KEY, SECRET, ROOM, "other", hertz=900) as other,
    ):
        await one.publish()
        await other.publish()
        call = asyncio.create_task(rig.phone.play(scenario(), CALLER))
        await one.answered()  # by one's track or the other's
        await asyncio.gather(one.is_listened_to(), other.is_listened_to())
        await asyncio.gather(one.speak(0.6), other.speak(0.6))
        result = await call
    loudness = spectrum(channels(result)[:, 1])
    noise = loudness(750)
    assert loudness(600) > 10 * noise
    assert loudness(900) > 10 * noise


def channels(result: CallResult) -> np.ndarray:
    """The recording's samples, by time and channel: the caller, and what the caller heard."""
    assert result.wav
    with wave.open(str(result.wav)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)


def spectrum(samples: np.ndarray) -> Callable[[float], float]:
    """How loud each frequency, in Hz and to within 5, is at most."""
    found = np.abs(np.fft.rfft(samples))
    frequencies = np.fft.rfftfreq(len(samples), 1 / RATE)
    return lambda hertz: float(found[np.abs(frequencies - hertz) < 5].max())


def voices(result: CallResult) -> list[VoiceDetector]:
    """Who spoke when, from the recording alone."""
    detectors = [VoiceDetector(0.4), VoiceDetector(0.4)]
    for detector, channel in zip(detectors, channels(result).T, strict=True):
        for start in range(0, len(channel) - FRAME_SAMPLES, FRAME_SAMPLES):
            detector.hear(channel[start : start + FRAME_SAMPLES], start / RATE)
    return detectors
