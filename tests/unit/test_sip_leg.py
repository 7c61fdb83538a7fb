"""A leg's goodbye, when LiveKit cannot answer it any more; whole legs: tests/contract/test_twilio_sip.py."""

import asyncio

import pytest
from pydantic import SecretStr

from local.phone import sip_bridge
from local.phone.sip_bridge import Invite, SipBridge, SipSettings

pytestmark = pytest.mark.unit


async def test_a_leg_leaves_though_an_audio_stream_is_never_told_that_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sip_bridge, "LEAVE_SECONDS", 0.05)
    settings = SipSettings(
        livekit_url="ws://livekit.test",
        livekit_api_key="key",
        livekit_api_secret=SecretStr("secret"),
        sip_host="sip.test",
        sip_username="trunk",
        sip_password=SecretStr("secret"),
    )
    leg = SipBridge(settings).leg(Invite("sip:room@sip.test", "trunk", "secret", "+14155550123", "CA1"))
    listening, over = asyncio.Event(), asyncio.Event()

    async def listen() -> None:
        listening.set()
        try:
            await over.wait()
        finally:
            await over.wait()

    leg._start(listen())
    await listening.wait()
    async with asyncio.timeout(5):
        await leg._leave()
    assert len(leg._tasks) == 1, "it still waits"
    over.set()
