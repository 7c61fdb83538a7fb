"""What Twilio tells of a call after it was connected: how the Dial went, a recording, the end."""

import asyncio
import logging
from datetime import datetime

from functions.incoming_call import twiml
from functions.incoming_call.edge import Edge
from functions.incoming_call.fallback import Plan, serve_caller
from functions.incoming_call.outcomes import outcome_at_twilios_word, outcome_when_caller_left
from functions.incoming_call.twilio_requests import Params, TwilioCall
from shared.errors import NotFoundError, UnavailableError
from shared.models.call import Call, FallbackReason, Outcome, Voicemail
from shared.models.session import session_id_for

log = logging.getLogger(__name__)

TALKED = "completed"
"""DialCallStatus of a leg that was answered, whoever hung up."""

BOOKS_SECONDS = 2.0
"""For reading and writing what became of a call while somebody is on the line and hears nothing."""

ENDED = frozenset({"completed", "busy", "no-answer", "canceled", "failed"})
"""CallStatus of a call that is over."""


async def handle_dial_result(edge: Edge, caller: TwilioCall, tenant_id: str, dial_status: str) -> str:
    """The Dial to the agent ended: the call is over, or the caller is still there and gets the fallback."""
    try:
        async with asyncio.timeout(BOOKS_SECONDS):
            call = await edge.calls.get_call(tenant_id, caller.session_id)
            if call.outcome is not None:
                return twiml.hang_up()
            if caller.caller_is_gone or dial_status == "canceled":
                await _end(edge, tenant_id, call, outcome_when_caller_left(call))
                return twiml.hang_up()
    except (NotFoundError, UnavailableError, TimeoutError) as error:
        log.error("the call cannot be read", extra={"reason": repr(error)})
        if caller.caller_is_gone:
            return twiml.hang_up()
    return await serve_caller(edge, caller, tenant_id, _reason(dial_status))


def _reason(dial_status: str) -> FallbackReason:
    match dial_status:
        case "completed":
            # They talked, the caller is still there, and nobody wrote an outcome: the agent's side broke off.
            return FallbackReason.AGENT_LOST
        case "failed":
            return FallbackReason.PLATFORM_UNAVAILABLE
        case _:
            return FallbackReason.NO_AGENT


async def handle_forward_result(
    edge: Edge, caller: TwilioCall, tenant_id: str | None, dial_status: str
) -> str:
    """The Dial to a person ended. `tenant_id` is None for calls of which nothing could be found out.

    The answer depends on the request alone, so that a repeated delivery gets the same.
    """
    talked = dial_status == TALKED
    gone = caller.caller_is_gone or dial_status == "canceled"
    outcome = Outcome.FORWARDED if talked else Outcome.ABANDONED if gone else Outcome.MESSAGE_PLAYED
    if tenant_id is not None:
        try:
            async with asyncio.timeout(BOOKS_SECONDS):
                call = await edge.calls.get_call(tenant_id, caller.session_id)
                await _end(edge, tenant_id, call, outcome)
        except (NotFoundError, UnavailableError, TimeoutError) as error:
            log.error("the outcome could not be written", extra={"reason": repr(error)})
    return twiml.hang_up() if talked or gone else twiml.say_and_hang_up(twiml.NOBODY_ANSWERS)


async def handle_status(edge: Edge, caller: TwilioCall) -> None:
    """The call is over for Twilio, which tells it once; lost, `settle_calls` asks. Raises `UnavailableError`.

    A status of a call that we do not know changes nothing: it may have overtaken the call's own webhook.
    """
    if caller.status not in ENDED:
        return
    tenant_id = await edge.agents.get_tenant_id(caller.called)
    if tenant_id is None:
        return
    try:
        call = await edge.calls.get_call(tenant_id, caller.session_id)
    except NotFoundError:
        log.info("status of an unknown call", extra={"status": caller.status})
        return
    await _end(edge, tenant_id, call, outcome_at_twilios_word(call, caller.status))


async def handle_recording(edge: Edge, caller: TwilioCall, tenant_id: str, voicemail: Voicemail) -> str:
    """A message was left. It is stored also when the call has ended meanwhile.

    Twilio tells it twice, as the Record's action and as its recording callback, and keeps the recording:
    what cannot be stored either time is found by `settle_calls`. The callback, which names no status of the
    call, has all the time that Firestore needs.
    """
    try:
        async with asyncio.timeout(None if caller.caller_is_gone else BOOKS_SECONDS):
            await store_message(edge, caller.call_sid, tenant_id, voicemail, edge.now())
    except (NotFoundError, UnavailableError, TimeoutError) as error:
        details = {"recording_sid": voicemail.recording_sid, "reason": repr(error)}
        log.error("a message could not be stored", extra=details)
    return twiml.say_and_hang_up(twiml.VOICEMAIL_THANKS)


async def store_message(
    edge: Edge, call_sid: str, tenant_id: str, voicemail: Voicemail, ended_at: datetime
) -> bool:
    """Of a call that ended with it. False: it was stored before.

    Raises `NotFoundError`, `UnavailableError`.
    """
    session_id = session_id_for(call_sid)
    try:
        stored = await edge.calls.store_voicemail(tenant_id, session_id, voicemail)
    except NotFoundError:
        await _write_down(edge, call_sid, tenant_id, voicemail)
        stored = await edge.calls.store_voicemail(tenant_id, session_id, voicemail)
    await edge.calls.end_call(tenant_id, session_id, Outcome.VOICEMAIL, ended_at, source="twilio")
    return stored


async def _write_down(edge: Edge, call_sid: str, tenant_id: str, voicemail: Voicemail) -> None:
    """A call whose voicemail was served when it could not be written down. Only Twilio knows its numbers.

    A call that was deleted is not to come back: its messages go from Twilio before its document does.

    Raises `NotFoundError` when it is such a one, or the number is not the tenant's (any more).
    """
    if voicemail.recording_sid not in {kept.sid for kept in await edge.twilio.recordings_of(call_sid)}:
        raise NotFoundError(f"Twilio has no recording {voicemail.recording_sid} any more")
    at_twilio = await edge.twilio.find_call(call_sid)
    if at_twilio is None:
        raise NotFoundError(f"Twilio has no call {call_sid}")
    params = {"CallSid": call_sid, "From": at_twilio.caller, "To": at_twilio.called}
    incoming = TwilioCall.from_params(Params(params))
    route = await edge.agents.get_agent_by_phone(incoming.called, incoming.session_id)
    if route.tenant_id != tenant_id:
        raise NotFoundError(f"{incoming.called} is not of tenant {tenant_id} any more")
    plan = Plan.of(route, incoming, at_twilio.started_at)
    await edge.calls.serve_fallback(
        tenant_id, plan.call, FallbackReason.PLATFORM_UNAVAILABLE, "voicemail", is_new=plan.is_new
    )


async def _end(edge: Edge, tenant_id: str, call: Call, outcome: Outcome) -> None:
    if call.outcome is None:
        await edge.calls.end_call(tenant_id, call.session_id, outcome, edge.now(), source="twilio")
