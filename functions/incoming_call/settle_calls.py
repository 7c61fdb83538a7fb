"""Twilio is asked about calls that nobody ended, and about messages that nobody told of.

It tells everything once, and what could not be written at that moment is not told again; but it keeps its
calls and recordings. Cloud Scheduler posts here every few minutes.
"""

import logging
from collections.abc import Awaitable
from datetime import timedelta

from functions.incoming_call import tasks
from functions.incoming_call.edge import Edge
from functions.incoming_call.handle_progress import ENDED
from functions.incoming_call.outcomes import outcome_at_twilios_word
from shared import telemetry
from shared.errors import NotFoundError, UnavailableError
from shared.models.call import Call, Outcome, Voicemail
from shared.repositories.unsettled_calls import UnsettledCallRepository

log = logging.getLogger(__name__)

TWILIO_TELLS_WITHIN = timedelta(minutes=1)
"""Of a call's start. Until then it is not asked."""

MESSAGES_WITHIN = timedelta(hours=2)
"""Of a call's start. A call that ended at the voicemail is asked about as often as this comes by within it;
one whose end could not be written either is asked about whenever that can be written."""


async def settle_calls(edge: Edge) -> int:
    """How many calls got their outcome or message. One that cannot be settled does not keep the others.

    Raises `UnavailableError` when any is left for that reason: ask again.
    """
    now = edge.now()
    unsettled = UnsettledCallRepository(edge.database)
    settled = left = 0

    async def settle(tenant_id: str, call: Call, work: Awaitable[bool]) -> None:
        nonlocal settled, left
        with telemetry.bind(tenant_id=tenant_id, session_id=call.session_id):
            try:
                settled += await work
            except NotFoundError:
                log.info("the call was deleted meanwhile")
            except UnavailableError as error:
                left += 1
                log.warning("the call could not be settled", extra={"reason": str(error)})

    for tenant_id, call in await unsettled.without_message(now - MESSAGES_WITHIN):
        await settle(tenant_id, call, _find_message(edge, tenant_id, call))
    for tenant_id, call in await unsettled.without_outcome(now - TWILIO_TELLS_WITHIN):
        if call.active_until is None or call.active_until <= now:  # until then it has a watch of its own
            await settle(tenant_id, call, _find_end(edge, tenant_id, call))
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
            voicemail = Voicemail(recording_sid=found.sid, recording_url=found.url, seconds=found.seconds)
            return await edge.calls.store_voicemail(tenant_id, call.session_id, voicemail)
    return False
