"""`<Dial>`: ring somebody, put the two together, tell the action how it went."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from local.phone import g711
from local.phone.sip_bridge import CallRefused
from local.twilio import twiml
from local.twilio.call import Call, Fetch, HungUp, Interrupted
from local.twilio.legs import Leg
from local.twilio.store import CallRecord, Recording
from local.twilio.voices import RINGBACK, RINGBACK_PAUSE_SECONDS

_BUSY = frozenset({486, 600, 603})
_NO_ANSWER = frozenset({408, 480})
_CANCELLED = 487


@dataclass
class Party:
    """The dialled party: its leg, and its call in the account's list."""

    call: Call
    noun: twiml.Sip | twiml.Number
    base: str
    record: CallRecord
    leg: Leg
    recording: Recording | None = None

    def is_now(self, status: str, sip_code: int | None = None) -> None:
        changes: dict[str, object] = {"status": status}
        now = datetime.now(UTC)
        if status == "in-progress":
            changes["start_time"] = now
        elif status not in ("initiated", "ringing"):
            changes["end_time"] = now
        if sip_code is not None:
            changes["sip_response_code"] = sip_code
        self.record = self.record.model_copy(update=changes)
        self.call.exchange.store.put_call(self.record)
        event = {"in-progress": "answered"}.get(status, "completed" if self.record.ended else status)
        self.call.report_child(self.record, self.noun, self.base, event)


async def dial(call: Call, verb: twiml.Dial, base: str) -> Fetch | None:
    """Returns the action to ask; None without one: the document goes on."""
    call.far_end_hung_up = False
    if not verb.answer_on_bridge:
        await call.answer()
    party = call.exchange.party(call, verb, base)
    call.note("dial", to=verb.noun.text, kind=type(verb.noun).__name__.lower(), child_sid=party.record.sid)
    party.is_now("initiated")
    try:
        if await _ring(call, verb, party):
            await _talk(call, verb, party)
    except HungUp as hang_up:
        # The caller is gone, but the application is told how the dialling went; nobody follows its answer.
        if (action := _action(call, verb, base, party)) is not None and hang_up.by != "api":
            call.tell(action)
        raise
    return _action(call, verb, base, party)


async def _ring(call: Call, verb: twiml.Dial, party: Party) -> bool:
    """Whether the party answered."""
    party.is_now("ringing")
    try:
        async with _ringback(call):
            await call.unless_interrupted(asyncio.wait_for(party.leg.ring(), verb.timeout))
    except CallRefused as refused:
        status = "busy" if refused.code in _BUSY else "no-answer" if refused.code in _NO_ANSWER else "failed"
        party.is_now(status, refused.code)
    except TimeoutError:
        party.is_now("no-answer", _CANCELLED)
        await party.leg.hang_up()
    except Interrupted:
        party.is_now("canceled", _CANCELLED)
        await party.leg.hang_up()
        raise
    else:
        party.is_now("in-progress", 200)
        call.note("dial_answered")
        await call.answer()
        return True
    call.note("dial_failed", status=party.record.status, sip_code=party.record.sip_response_code)
    return False


async def _talk(call: Call, verb: twiml.Dial, party: Party) -> None:
    """Both hear each other until somebody ends it."""
    heard: list[bytes] = []
    said: list[bytes] = []
    recording = verb.record != "do-not-record"
    started = datetime.now(UTC)

    def to_caller(frame: bytes) -> None:
        call.line.send(frame)
        if recording:
            heard.append(frame)

    def to_party(frame: bytes) -> None:
        party.leg.send(frame)
        if recording:
            said.append(frame)

    party.leg.hear = to_caller
    call.line.connect(to_party, party.leg.press)
    try:
        await call.unless_interrupted(asyncio.wait_for(party.leg.ended(), verb.time_limit))
        call.far_end_hung_up = True
        call.note("dial_ended")
    except TimeoutError:
        call.note("dial_time_limit")
    finally:
        call.line.disconnect()
        party.leg.hear = lambda _: None
        party.is_now("completed")
        await party.leg.hang_up()
        if recording:
            party.recording = _keep(call, verb, party, started, said, heard)


def _keep(
    call: Call, verb: twiml.Dial, party: Party, started: datetime, said: list[bytes], heard: list[bytes]
) -> Recording:
    channels = [g711.decode(b"".join(frames)) for frames in (said, heard)]
    if not verb.record.endswith("-dual"):
        length = max(len(channel) for channel in channels)
        both = sum(np.pad(channel.astype(np.int32), (0, length - len(channel))) for channel in channels)
        channels = [np.clip(both, -32768, 32767).astype(np.int16)]
    recording = call.exchange.keep_recording(call.sid, "DialVerb", started, *channels)
    call.exchange.report_recording(recording, verb, party.base)
    return recording


def _action(call: Call, verb: twiml.Dial, base: str, party: Party) -> Fetch | None:
    if verb.action is None:
        return None
    record = party.record
    extra = {
        "DialCallSid": record.sid,
        "DialCallStatus": record.status,
        "DialBridged": "true" if record.start_time else "false",
    }
    if record.start_time:
        extra["DialCallDuration"] = str(record.duration)
    if isinstance(party.noun, twiml.Sip) and record.sip_response_code is not None:
        extra["DialSipResponseCode"] = str(record.sip_response_code)
    if party.recording:
        extra["RecordingUrl"] = call.exchange.recording_url(party.recording)
        extra["RecordingSid"] = party.recording.sid
        extra["RecordingDuration"] = str(party.recording.seconds)
    return call.fetch(base, verb.action, verb.method, extra)


@contextlib.asynccontextmanager
async def _ringback(call: Call):
    """A caller whose call was answered already hears ringing from us; before that the network rings."""
    if not call.answered:
        yield
        return
    ringing = asyncio.create_task(_ring_tone(call))
    try:
        yield
    finally:
        ringing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ringing


async def _ring_tone(call: Call) -> None:
    call.note("ringback")
    while True:
        await call.line.play(RINGBACK)
        await asyncio.sleep(RINGBACK_PAUSE_SECONDS)
