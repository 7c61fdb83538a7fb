"""Twilio is asked about calls that nobody ended, and about messages that nobody told of, or took down.

It tells everything once, and what could not be written at that moment is not told again; but it keeps its
calls and recordings. Cloud Scheduler posts here every few minutes.
"""

import logging
from collections.abc import Awaitable
from datetime import timedelta

from functions.incoming_call import tasks
from functions.incoming_call.edge import Edge
from functions.incoming_call.handle_progress import ENDED, store_message
from functions.incoming_call.outcomes import outcome_at_twilios_word
from shared import telemetry
from shared.errors import NotFoundError, UnavailableError
from shared.gateways.twilio import AccountRecording
from shared.models.call import Call, Outcome, Voicemail
from shared.models.session import session_id_for
from shared.repositories.unsettled_calls import UnsettledCallRepository

log = logging.getLogger(__name__)

TWILIO_TELLS_WITHIN = timedelta(minutes=1)
"""Of a call's start. Until then it is not asked."""

MESSAGES_WITHIN = timedelta(hours=2)
"""Of a call's start. A call that ended at the voicemail is asked about as often as this comes by within it;
one whose end could not be written either is asked about whenever that can be written. So long, too, a message
waits for its call, of which nothing could be written."""


async def settle_calls(edge: Edge) -> int:
    """How many calls got their outcome or message. One that cannot be settled does not keep the others.

    Raises `UnavailableError` when any is left for that reason: ask again.
    """
    now = edge.now()
    unsettled = UnsettledCallRepository(edge.database)
    settled = left = 0

    async def settle(work: Awaitable[bool], tenant_id: str | None, session_id: str) -> None:
        nonlocal settled, left
        known = {} if tenant_id is None else {"tenant_id": tenant_id}
        with telemetry.bind(session_id=session_id, **known):
            try:
                settled += await work
            except NotFoundError:
                log.info("the call was deleted meanwhile")
            except UnavailableError as error:
                left += 1
                log.warning("the call could not be settled", extra={"reason": str(error)})

    at_voicemail = await unsettled.at_voicemail(now - MESSAGES_WITHIN)
    for tenant_id, call in at_voicemail:
        if call.voicemail is None:
            await settle(_find_message(edge, tenant_id, call), tenant_id, call.session_id)
    for tenant_id, call in await unsettled.without_outcome(now - TWILIO_TELLS_WITHIN):
        if call.active_until is None or call.active_until <= now:  # until then it has a watch of its own
            await settle(_find_end(edge, tenant_id, call), tenant_id, call.session_id)
    known = {call.call_sid for _, call in at_voicemail}
    for message in await edge.twilio.messages_since(now - MESSAGES_WITHIN):
        if message.is_ready and message.call_sid not in known:
            await settle(_find_call(edge, message), None, session_id_for(message.call_sid))
    if left:
        raise UnavailableError(f"{left} calls could not be settled, {settled} were")
    return settled


async def _find_end(edge: Edge, tenant_id: str, call: Call) -> bool:
    if call.source == "web":
        await tasks.close_call(edge, tasks.overdue(tenant_id, call))
        return True
    at_twilio = await edge.twilio.find_call(call.call_sid)
    if at_twilio is not None and at_twilio.status not in ENDED:
        return False
    status, ended_at = ("completed", None) if at_twilio is None else (at_twilio.status, at_twilio.ended_at)
    outcome = outcome_at_twilios_word(call, status)
    log.warning("Twilio's word of the call's end was lost", extra={"outcome": outcome.value})
    await edge.calls.end_call(tenant_id, call.session_id, outcome, ended_at or edge.now(), source="twilio")
    if outcome is Outcome.VOICEMAIL and call.voicemail is None:
        await _find_message(edge, tenant_id, call)
    return True


async def _find_message(edge: Edge, tenant_id: str, call: Call) -> bool:
    for found in await edge.twilio.recordings_of(call.call_sid):
        if found.is_ready:
            log.warning("Twilio's word of a message was lost", extra={"recording_sid": found.sid})
            return await edge.calls.store_voicemail(tenant_id, call.session_id, _voicemail(found))
    return False


async def _find_call(edge: Edge, message: AccountRecording) -> bool:
    """Of a message for a call that nothing was stored of, from its fallback to the message's callbacks."""
    at_twilio = await edge.twilio.find_call(message.call_sid)
    if at_twilio is None or at_twilio.status not in ENDED:
        return False
    tenant_id = await edge.agents.get_tenant_id_at(at_twilio.called, at_twilio.started_at)
    if tenant_id is None:
        return False
    ended_at = at_twilio.ended_at or edge.now()
    if not await store_message(edge, message.call_sid, tenant_id, _voicemail(message), ended_at):
        return False
    log.warning("a message of an unknown call was found", extra={"recording_sid": message.sid})
    return True


def _voicemail(found: AccountRecording) -> Voicemail:
    return Voicemail(recording_sid=found.sid, recording_url=found.url, seconds=found.seconds)
