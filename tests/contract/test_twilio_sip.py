"""The telephone leg over a real LiveKit server: what livekit-sip does between `<Dial><Sip>` and a room."""

import asyncio
import contextlib
import wave
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from livekit import api
from pydantic import SecretStr

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, find_server
from local.phone.audio import VoiceDetector
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
    eventually,
)

pytestmark = pytest.mark.contract

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
            sip_ringing_timeout=2,
        )
        number = Number(phone_number=NUMBER, voice_url=f"{application.url}/incoming")
        twilio = await stack.enter_async_context(
            TwilioStandIn(
                tmp_path / "twilio", account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, numbers=[number], sip=sip
            )
        )
        phone = await stack.enter_async_context(Phone(twilio.url, tmp_path / "out"))
        yield Rig(application, twilio, server.url, client, phone)


def scenario(**fields: object) -> Scenario:
    return Scenario.model_validate({"name": "test", "dials": NUMBER} | fields)


async def test_the_caller_and_the_agent_hear_each_other_and_keys_arrive(rig: Rig) -> None:
    rig.dial()
    await rig.room()
    async with rig.agent() as agent:
        await agent.publish()
        turns = [{"caller": "Thank you, goodbye."}, {"press": "4#"}]
        call = asyncio.create_task(rig.phone.play(scenario(turns=turns), CALLER))
        caller = await eventually(lambda: agent.caller, "the caller joins")
        assert caller.identity == f"sip_{CALLER}"
        assert caller.attributes["sip.phoneNumber"] == CALLER
        assert caller.attributes["sip.trunkPhoneNumber"] == ROOM
        await eventually(lambda: caller.attributes["sip.callStatus"] == "active", "callStatus active")
        await asyncio.sleep(0.5)  # a greeting of half a second
        agent.sounding = False
        await eventually(lambda: agent.heard_loudness > 500, "the caller's voice")
        agent.sounding = True
        await asyncio.sleep(0.3)
        agent.sounding = False
        await eventually(lambda: agent.digits == "4#", "two keys")
        agent.sounding = True
        await asyncio.sleep(0.3)
        agent.sounding = False
        result = await call
    assert result.error is None
    assert result.ended_by == "caller"
    assert (await rig.result())["DialCallStatus"] == "completed"


def voices(result: CallResult) -> list[VoiceDetector]:
    assert result.wav
    with wave.open(str(result.wav)) as file:
        channels = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, 2)
    detectors = [VoiceDetector(0.5), VoiceDetector(0.5)]
    for detector, channel in zip(detectors, channels.T, strict=True):
        for start in range(0, len(channel) - 160, 160):
            detector.hear(channel[start : start + 160], start / 8000)
    return detectors
