"""The account at work: its numbers, the calls that are up, and what is known about each."""

import asyncio
import json
import uuid
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, Self
from urllib.parse import urljoin

from local.phone.audio import write_wav
from local.phone.g711 import RATE, Pcm
from local.phone.sip_bridge import Invite, SipBridge, SipSettings
from local.twilio import twiml
from local.twilio.call import Call
from local.twilio.dialing import Party
from local.twilio.legs import ChosenLeg, Leg, SecondPhone, SecondPhoneLeg
from local.twilio.lines import Line, NoLine
from local.twilio.store import CallRecord, Recording, Store
from local.twilio.verbs import perform
from local.twilio.webhooks import Params, Target, Webhooks

API_VERSION = "2010-04-01"
_KEPT_CALLS = 2000


class UnknownNumber(Exception):
    """Nobody has this number; the caller hears the network's announcement, and no webhook is sent."""


class NotReady(Exception):
    """A `<Dial><Sip>` on a stand-in that was started without a SIP trunk."""


class Exchange:
    def __init__(
        self, store: Store, webhooks: Webhooks, account_sid: str, url: str, sip: SipSettings | None
    ) -> None:
        self.store = store
        self.webhooks = webhooks
        self.account_sid = account_sid
        self.url = url
        self.calls: dict[str, Call] = {}
        """By CallSid; ended ones stay for a while, so that their timelines can be read."""
        self.second_phones: dict[str, SecondPhone] = {}
        self._bridge = SipBridge(sip) if sip else None
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        if self._bridge:
            await self._bridge.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self.calls.values():
            call.hang_up("api")
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._bridge:
            await self._bridge.__aexit__(kind, error, trace)

    def incoming(self, caller: str, called: str, line: Line) -> Call:
        """Somebody dials one of the numbers. The call runs on its own; raises `UnknownNumber`."""
        number = self.store.numbers.get(called)
        if number is None or number.voice_application_sid or number.trunk_sid:
            raise UnknownNumber(called)
        record = CallRecord(
            sid=f"CA{uuid.uuid4().hex}",
            phone_number_sid=number.sid,
            from_=caller,
            to=called,
            direction="inbound",
            status="ringing",
            created_at=datetime.now(UTC),
        )
        self.store.put_call(record)
        call = self.calls[record.sid] = Call(self, number, record, line, perform)
        call.note("call", call_sid=record.sid)
        task = asyncio.create_task(call.run())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        self._forget_old_calls()
        return call

    def party(self, call: Call, verb: twiml.Dial, base: str) -> Party:
        """Whoever `verb` dials."""
        record = CallRecord(
            sid=f"CA{uuid.uuid4().hex}",
            parent_call_sid=call.sid,
            from_=verb.caller_id or call.record.from_,
            to=verb.noun.text,
            direction="outbound-dial",
            status="queued",
            created_at=datetime.now(UTC),
        )
        return Party(call, verb.noun, base, record, self._leg(call, verb.noun, record))

    def keep_recording(
        self, call_sid: str, source: Literal["RecordVerb", "DialVerb"], started: datetime, *channels: Pcm
    ) -> Recording:
        recording = Recording(
            sid=f"RE{uuid.uuid4().hex}",
            call_sid=call_sid,
            source=source,
            channels=len(channels),
            started_at=started,
            seconds=max(1, round(max(len(channel) for channel in channels) / RATE)),
        )
        write_wav(self.store.recording_file(recording.sid), *channels)
        self.store.put_recording(recording)
        return recording

    def recording_url(self, recording: Recording) -> str:
        return f"{self.url}/{API_VERSION}/Accounts/{self.account_sid}/Recordings/{recording.sid}"

    def report_recording(self, recording: Recording, verb: twiml.Record | twiml.Dial, base: str) -> None:
        if not verb.recording_status_callback or "completed" not in verb.recording_status_callback_event:
            return
        target = Target(urljoin(base, verb.recording_status_callback), verb.recording_status_callback_method)
        params = {
            "AccountSid": self.account_sid,
            "CallSid": recording.call_sid,
            "RecordingSid": recording.sid,
            "RecordingUrl": self.recording_url(recording),
            "RecordingStatus": "completed",
            "RecordingDuration": str(recording.seconds),
            "RecordingChannels": str(recording.channels),
            "RecordingStartTime": recording.started_at.strftime("%a, %d %b %Y %H:%M:%S +0000"),
            "RecordingSource": recording.source,
            "RecordingTrack": "both" if recording.source == "DialVerb" else "inbound",
        }
        self.webhooks.tell(target, params, recording.call_sid)

    def call_params(self, record: CallRecord) -> Params:
        """The parameters of every request about a call, empty ones included, as Twilio sends them."""
        params = {
            "AccountSid": self.account_sid,
            "ApiVersion": API_VERSION,
            "CallSid": record.sid,
            "CallStatus": record.status,
            "Direction": record.direction,
        }
        for role, alias, number in (("From", "Caller", record.from_), ("To", "Called", record.to)):
            country = "US" if number.startswith("+1") else ""
            place = {"": number, "City": "", "State": "", "Zip": "", "Country": country}
            for name in (role, alias):
                params |= {f"{name}{part}": value for part, value in place.items()}
        if record.parent_call_sid:
            params["ParentCallSid"] = record.parent_call_sid
        elif record.status == "ringing":
            params["CallToken"] = json.dumps({"parentCallInfoToken": record.sid})
        return params

    def _leg(self, call: Call, noun: twiml.Sip | twiml.Number, record: CallRecord) -> Leg:
        if isinstance(call.line, NoLine):
            return ChosenLeg(call.line.nobody)
        if isinstance(noun, twiml.Number):
            return SecondPhoneLeg(self.second_phones.get(noun.text, SecondPhone()))
        if self._bridge is None:
            raise NotReady("<Sip> needs LIVEKIT_URL, SIP_HOST and the rest of the trunk's settings")
        invite = Invite(noun.text, noun.username, noun.password, record.from_, call.sid)
        return self._bridge.leg(invite, lambda moment: call.note(f"sip_{moment}"))

    def _forget_old_calls(self) -> None:
        if len(self.calls) > _KEPT_CALLS:
            for sid in [sid for sid, call in self.calls.items() if call.done.is_set()][: _KEPT_CALLS // 2]:
                del self.calls[sid]
