"""The document of a call that was not seen before."""

from datetime import datetime, timedelta

from functions.incoming_call.twilio_requests import TwilioCall
from shared.models.call import Call, CallState
from shared.services.voice_agent_service import AgentRoute

ACTIVE_MARGIN = timedelta(minutes=3)
"""How long past its maximum length a call may count as active, if nobody noticed its end."""


def new_call(incoming: TwilioCall, route: AgentRoute, now: datetime) -> Call:
    return Call(
        session_id=incoming.session_id,
        agent_id=route.agent_id,
        call_sid=incoming.call_sid,
        state=CallState.RINGING,
        caller=incoming.caller,
        called=incoming.called,
        started_at=now,
        active_until=now + timedelta(seconds=route.agent.max_call_seconds) + ACTIVE_MARGIN,
        dispatches=["incoming"],
        agent_name=route.agent_name,
        expires_at=now + timedelta(days=route.tenant.retention_days),
    )
