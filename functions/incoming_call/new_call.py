"""The document of a call that was not seen before."""

from datetime import datetime

from functions.incoming_call.twilio_requests import TwilioCall
from shared.models.call import Call
from shared.services import session_service
from shared.services.voice_agent_service import AgentRoute


def new_call(incoming: TwilioCall, route: AgentRoute, now: datetime) -> Call:
    return session_service.new_call(
        route.tenant,
        route.agent_id,
        route.agent,
        now,
        session_id=incoming.session_id,
        call_sid=incoming.call_sid,
        caller=incoming.caller,
        called=incoming.called,
        source="phone",
        agent_name=route.agent_name,
    )
