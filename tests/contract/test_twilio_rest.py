"""Twilio's REST API as the official library calls it."""

import asyncio
import contextlib
import io
import wave
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import aiohttp
import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.rest import Client

from local.twilio.call import Call, Document
from local.twilio.lines import Nobody, NoLine
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from local.twilio.twiml import Say
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

T = TypeVar("T")


@dataclass
class Rig:
    application: Application
    twilio: TwilioStandIn
    client: Client

    def start(self, **nobody: object) -> Call:
        line = NoLine(Nobody.model_validate(nobody))
        return self.twilio.exchange.incoming(CALLER, NUMBER, line)

    async def ask(self, work: Callable[[Client], T]) -> T:
        """The official client blocks; the stand-in runs in this very process."""
        return await asyncio.wait_for(asyncio.to_thread(work, self.client), 10)

    async def refused(self, work: Callable[[Client], object]) -> TwilioRestException:
        with pytest.raises(TwilioRestException) as refused:
            await self.ask(work)
        return refused.value


def connected(url: str, account_sid: str = ACCOUNT_SID, auth_token: str = AUTH_TOKEN) -> Client:
    client = Client(account_sid, auth_token)
    client.api.base_url = url
    return client


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    async with contextlib.AsyncExitStack() as stack:
        application = await stack.enter_async_context(Application())
        number = Number(
            phone_number=NUMBER,
            voice_url=f"{application.url}/incoming",
            status_callback=f"{application.url}/status",
        )
        twilio = await stack.enter_async_context(
            TwilioStandIn(tmp_path, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN, numbers=[number])
        )
        yield Rig(application, twilio, connected(twilio.url))


async def bridged(rig: Rig) -> Call:
    """A call that is up, talking to somebody for as long as nothing happens to it."""
    rig.application.on(
        "/incoming",
        '<Dial action="/result"><Number statusCallback="/child">+14155550111</Number></Dial>',
    )
    call = rig.start(dial_seconds=60)
    await eventually(lambda: any(m.name == "dial_answered" for m in call.timeline), "the dial is answered")
    return call


# Calls -------------------------------------------------------------------------------------------


async def test_a_call_is_fetched_and_listed_while_it_is_up_and_afterwards(rig: Rig) -> None:
    call = await bridged(rig)
    fetched = await rig.ask(lambda client: client.calls(call.sid).fetch())
    assert (fetched.status, fetched.direction, fetched.to) == ("in-progress", "inbound", NUMBER)
    [child] = await rig.ask(lambda client: client.calls.list(parent_call_sid=call.sid))
    assert (child.direction, child.status) == ("outbound-dial", "in-progress")
    call.hang_up("caller")
    await call.done.wait()
    [ended] = await rig.ask(lambda client: client.calls.list(status="completed", to=NUMBER))
    assert ended.sid == call.sid
    assert ended.end_time is not None


async def test_new_twiml_ends_the_dial_without_asking_its_action(rig: Rig) -> None:
    call = await bridged(rig)
    document = "<Response><Say>Moment please</Say></Response>"
    await rig.ask(lambda client: client.calls(call.sid).update(twiml=document))
    await call.done.wait()
    assert [moment.data["text"] for moment in call.timeline if moment.name == "say"] == ["Moment please"]
    assert rig.application.at("/result") == []
    [child] = await eventually(lambda: rig.application.at("/child"), "the dialled party's end")
    assert child.params["CallStatus"] == "completed"


async def test_a_new_url_is_asked_with_the_calls_parameters(rig: Rig) -> None:
    call = await bridged(rig)
    url = f"{rig.application.url}/transfer"
    rig.application.on("/transfer", "<Dial>+14155550122</Dial>")
    await rig.ask(lambda client: client.calls(call.sid).update(url=url, method="POST"))
    [asked] = await eventually(lambda: rig.application.at("/transfer"), "the new URL is asked")
    assert asked.signed
    assert asked.params["CallSid"] == call.sid
    assert asked.params["CallStatus"] == "in-progress"


async def test_completing_a_call_hangs_up_and_is_reported(rig: Rig) -> None:
    call = await bridged(rig)
    await rig.ask(lambda client: client.calls(call.sid).update(status="completed"))
    await call.done.wait()
    [status] = await eventually(lambda: rig.application.at("/status"), "the status callback")
    assert status.params["CallStatus"] == "completed"
    assert call.ended_by == "api"
    assert rig.application.at("/result") == []


async def test_a_call_that_still_rings_is_completed_as_well(rig: Rig) -> None:
    answers = asyncio.Event()
    rig.application.on("/incoming", Reply("<Response/>", after=answers))
    call = rig.start()
    await eventually(lambda: rig.application.at("/incoming"), "the webhook is asked")
    await rig.ask(lambda client: client.calls(call.sid).update(status="completed"))
    await call.done.wait()
    answers.set()
    assert (call.record.status, call.ended_by, call.answered) == ("completed", "api", False)


async def test_a_call_that_was_hung_up_is_not_brought_back_by_new_twiml(rig: Rig) -> None:
    call = await bridged(rig)
    call.hang_up("caller")
    call.redirect(Document([Say(text="Moment please")], ""))
    await call.done.wait()
    assert call.ended_by == "caller"
    assert not any(moment.name == "say" for moment in call.timeline)


async def test_a_call_that_is_over_cannot_be_redirected(rig: Rig) -> None:
    call = rig.start()
    await call.done.wait()
    refused = await rig.refused(lambda client: client.calls(call.sid).update(status="completed"))
    assert (refused.status, refused.code) == (400, 21220)


async def test_twiml_that_cannot_be_followed_is_refused_and_changes_nothing(rig: Rig) -> None:
    call = await bridged(rig)
    refused = await rig.refused(
        lambda client: client.calls(call.sid).update(twiml="<Response><Oops/></Response>")
    )
    assert (refused.status, refused.code) == (400, 12200)
    assert call.record.status == "in-progress"


# Numbers -----------------------------------------------------------------------------------------


async def test_a_number_is_found_and_its_webhooks_are_changed_for_good(rig: Rig, tmp_path: Path) -> None:
    [number] = await rig.ask(lambda client: client.incoming_phone_numbers.list(phone_number=NUMBER))
    assert number.voice_url == f"{rig.application.url}/incoming"
    new = f"{rig.application.url}/new"
    await rig.ask(lambda client: client.incoming_phone_numbers(str(number.sid)).update(voice_url=new))
    async with TwilioStandIn(tmp_path, account_sid=ACCOUNT_SID, auth_token=AUTH_TOKEN) as restarted:
        client = connected(restarted.url)
        fetched = await rig.ask(lambda _: client.incoming_phone_numbers(str(number.sid)).fetch())
    assert fetched.voice_url == new
    assert fetched.status_callback == f"{rig.application.url}/status"


async def test_a_trunk_takes_a_number_from_its_application_and_the_other_way_round(rig: Rig) -> None:
    [number] = await rig.ask(lambda client: client.incoming_phone_numbers.list(phone_number=NUMBER))
    trunk, application = "TK" + "1" * 32, "AP" + "1" * 32
    for changes, left in (
        ({"voice_application_sid": application}, ("", application)),
        ({"trunk_sid": trunk}, (trunk, "")),
        ({"voice_application_sid": application}, ("", application)),
        ({"voice_application_sid": ""}, ("", "")),
    ):
        told = await rig.ask(
            lambda client, changes=changes: client.incoming_phone_numbers(str(number.sid)).update(**changes)
        )
        assert (told.trunk_sid, told.voice_application_sid) == left


# Recordings --------------------------------------------------------------------------------------


async def test_a_recording_is_downloaded_with_the_accounts_credentials_and_deleted(rig: Rig) -> None:
    rig.application.on("/incoming", '<Record action="/recorded"/>')
    await rig.start(message_seconds=2).done.wait()
    url = rig.application.at("/recorded")[0].params["RecordingUrl"]
    credentials = {"Authorization": aiohttp.encode_basic_auth(ACCOUNT_SID, AUTH_TOKEN)}
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{url}.wav") as refused:
            assert refused.status == 401
        for suffix in ("", ".wav", ".mp3"):
            async with http.get(url + suffix, headers=credentials) as response:
                with wave.open(io.BytesIO(await response.read())) as file:
                    assert file.getnframes() == 2 * file.getframerate()
    [recording] = await rig.ask(lambda client: client.recordings.list())
    await rig.ask(lambda client: client.recordings(str(recording.sid)).delete())
    assert await rig.ask(lambda client: client.recordings.list()) == []


# What is not there -------------------------------------------------------------------------------


async def test_wrong_credentials_are_refused(rig: Rig) -> None:
    client = connected(rig.twilio.url, auth_token="wrong")
    refused = await rig.refused(lambda _: client.calls("CA" + "0" * 32).fetch())
    assert (refused.status, refused.code) == (401, 20003)


async def test_an_unknown_call_does_not_exist(rig: Rig) -> None:
    refused = await rig.refused(lambda client: client.calls("CA" + "0" * 32).fetch())
    assert (refused.status, refused.code) == (404, 20404)


async def test_resources_that_the_product_does_not_use_say_so_by_name(rig: Rig) -> None:
    refused = await rig.refused(lambda client: client.messages("SM" + "0" * 32).fetch())
    assert refused.status == 501
    assert "UNIMPLEMENTED: GET /2010-04-01/Accounts" in refused.msg
    assert "Messages/SM" in refused.msg


async def test_filters_that_the_product_does_not_use_say_so_by_name(rig: Rig) -> None:
    """A number's was passed over in silence: every number came back, as if all had that name."""
    with pytest.raises(TwilioException, match="UNIMPLEMENTED: IncomingPhoneNumbers filtered by FriendlyName"):
        await rig.ask(lambda client: client.incoming_phone_numbers.list(friendly_name="Front desk"))


async def test_lists_come_in_pages(rig: Rig) -> None:
    for call in [rig.start() for _ in range(5)]:
        await call.done.wait()
    assert len(await rig.ask(lambda client: client.calls.list(page_size=2))) == 5
