"""What each TwiML verb does. `<Dial>` has a module of its own."""

import io
import wave
from datetime import UTC, datetime
from urllib.parse import urljoin

import numpy as np

from local.phone import g711
from local.phone.audio import has_voice, trim
from local.speech import Pcm
from local.twilio import twiml
from local.twilio.call import Call, Fetch, Finished, HungUp
from local.twilio.dialing import dial
from local.twilio.lines import Recorded, RecordLimits
from local.twilio.voices import BEEP
from local.twilio.webhooks import Params, Target, WebhookError


async def perform(call: Call, verb: twiml.Verb, base: str) -> Fetch | None:
    """Returns the TwiML to go on with; None: the document's next verb."""
    match verb:
        case twiml.Say():
            await call.answer()
            for _ in range(verb.loop):
                await call.say(verb.text)
        case twiml.Play():
            await _play(call, verb, base)
        case twiml.Pause():
            await call.unless_interrupted(call.line.pause(verb.length))
        case twiml.Hangup():
            raise Finished
        case twiml.Reject():
            raise Finished("busy" if verb.reason == "busy" else "failed")
        case twiml.Redirect():
            return call.fetch(base, verb.text, verb.method)
        case twiml.Record():
            return await _record(call, verb, base)
        case twiml.Dial():
            return await dial(call, verb, base)
    return None


async def _play(call: Call, verb: twiml.Play, base: str) -> None:
    """A file that cannot be had is skipped, as Twilio does."""
    await call.answer()
    url = urljoin(base, verb.text)
    try:
        pcm = _wav(await call.unless_interrupted(call.exchange.webhooks.fetch(url)))
    except (WebhookError, wave.Error, EOFError) as error:
        call.note("play_failed", url=url, reason=str(error))
        return
    call.far_end_hung_up = False
    call.note("play", url=url)
    for _ in range(verb.loop):
        await call.unless_interrupted(call.line.play(pcm))


def _wav(data: bytes) -> g711.Pcm:
    with wave.open(io.BytesIO(data)) as file:
        if file.getsampwidth() != 2:
            raise wave.Error("UNIMPLEMENTED: other than 16-bit samples")
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").reshape(-1, file.getnchannels())
        return Pcm(samples[:, 0].astype(np.int16), file.getframerate()).at(g711.RATE).samples


async def _record(call: Call, verb: twiml.Record, base: str) -> Fetch | None:
    """Record the caller. A hang-up ends the message, and the action is still told about it."""
    await call.answer()
    call.far_end_hung_up = False
    if verb.play_beep:
        await call.unless_interrupted(call.line.play(BEEP))
    started = datetime.now(UTC)
    call.note("recording")
    limits = RecordLimits(
        max_seconds=verb.max_length, silence_seconds=verb.timeout, finish_keys=verb.finish_on_key
    )
    try:
        recorded = await call.unless_interrupted(call.line.record(limits))
    except HungUp:
        recorded = Recorded(pcm=call.line.recorded_so_far, digits="hangup")
        if (after := _keep(call, verb, base, recorded, started)) is not None:
            call.tell(after)
        raise
    return _keep(call, verb, base, recorded, started)


def _keep(call: Call, verb: twiml.Record, base: str, recorded: Recorded, started: datetime) -> Fetch | None:
    """Store the recording. A silent one is dropped, and the document goes on."""
    if not has_voice(recorded.pcm):
        call.note("recording_empty")
        return None
    pcm = trim(recorded.pcm) if verb.trim == "trim-silence" else recorded.pcm
    recording = call.exchange.keep_recording(call.sid, "RecordVerb", started, pcm)
    call.note("recorded", recording_sid=recording.sid, seconds=recording.seconds)
    call.exchange.report_recording(recording, verb, base)
    extra: Params = {
        "RecordingSid": recording.sid,
        "RecordingUrl": call.exchange.recording_url(recording),
        "RecordingDuration": str(recording.seconds),
        "Digits": recorded.digits,
    }
    return Fetch(Target(urljoin(base, verb.action or ""), verb.method), extra)
