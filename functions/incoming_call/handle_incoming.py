"""A call comes in: from Twilio's webhook to the TwiML that connects the caller.

Reads top to bottom. Whatever fails on the way, the caller gets the agent's fallback; nobody is left ringing.
"""

import asyncio
import logging

from functions.incoming_call import twiml
from functions.incoming_call.edge import Edge
from functions.incoming_call.fallback import Plan, give_fallback
from functions.incoming_call.new_call import new_call
from functions.incoming_call.twilio_requests import TwilioCall
from shared import telemetry
from shared.errors import AlreadyExistsError, NotFoundError, UnavailableError
from shared.models.call import Call, CallState, FallbackReason
from shared.models.session import RoomMetadata, room_name_for
from shared.services.call_service import dispatch_event, state_event
from shared.services.session_service import new_session
from shared.services.voice_agent_service import AgentRoute

log = logging.getLogger(__name__)

DEADLINE_SECONDS = 4.0
"""For connecting to the agent. Twilio gives up at 15 s, a caller sooner."""


async def handle_twilio_incoming(edge: Edge, incoming: TwilioCall) -> str:
    """The TwiML for a new call. At most three sequential round trips:

    number → (agent, tools, capacity, call as far as known) → (session and call committed, room created).
    """
    route: AgentRoute | None = None
    try:
        async with edge.turn(), asyncio.timeout(DEADLINE_SECONDS):
            route = await edge.agents.get_agent_by_phone(incoming.called, incoming.session_id)
            with telemetry.bind(tenant_id=route.tenant_id, agent_id=route.agent_id):
                if route.call is not None:
                    return await _answer_again(edge, incoming, route, route.call)
                reason = _reason_not_to_answer(edge, route)
                if reason is None:
                    return await _connect_to_agent(edge, incoming, route)
                return await give_fallback(edge, Plan.of(route, incoming, edge.now()), reason)
    except NotFoundError as error:
        log.warning("call to an unknown number", extra={"called": incoming.called, "reason": str(error)})
        return twiml.say_and_hang_up(twiml.NUMBER_NOT_IN_USE)
    except (UnavailableError, TimeoutError) as error:
        log.error("the platform failed a call", extra={"reason": repr(error)})
        if route is None:
            return twiml.last_resort(edge.settings)
        plan = Plan.of(route, incoming, edge.now())
        return await give_fallback(edge, plan, FallbackReason.PLATFORM_UNAVAILABLE)


def _reason_not_to_answer(edge: Edge, route: AgentRoute) -> FallbackReason | None:
    if not route.agent.enabled:
        return FallbackReason.AGENT_DISABLED
    if not route.agent.is_open(edge.now()):
        return FallbackReason.OUTSIDE_HOURS
    if route.active_calls >= route.tenant.max_concurrent_calls:
        return FallbackReason.AT_CAPACITY
    return None


async def _connect_to_agent(edge: Edge, incoming: TwilioCall, route: AgentRoute) -> str:
    """Commit the session while LiveKit makes the room, so that the agent starts while Twilio dials."""
    call = new_call(incoming, route, edge.now())
    snapshot = new_session(route.tenant_id, route.tenant, call, route.agent, route.tools)
    events = [
        state_event(call.started_at, "edge", CallState.RINGING),
        dispatch_event(call.started_at, call.dispatches, route.agent_name),
    ]
    committed, created = await asyncio.gather(
        edge.sessions.start_session(snapshot, call, events),
        edge.livekit.create_room(snapshot.room, _metadata(incoming, route), route.agent_name),
        return_exceptions=True,
    )
    if isinstance(committed, AlreadyExistsError):
        log.info("the same webhook was delivered twice at once")
    elif committed is not None:
        raise committed
    if created is not None:
        raise created
    return _dial(edge, incoming, route)


async def _answer_again(edge: Edge, incoming: TwilioCall, route: AgentRoute, call: Call) -> str:
    """The webhook is delivered again: the same answer, no second session, no second room."""
    match call.state:
        case CallState.RINGING:
            # The first delivery may have died between commit and room; an existing room stays as it is.
            room = room_name_for(call.session_id)
            await edge.livekit.create_room(room, _metadata(incoming, route), route.agent_name)
            return _dial(edge, incoming, route)
        case CallState.IN_PROGRESS:
            return _dial(edge, incoming, route)
        case CallState.FALLBACK:
            plan = Plan.of(route, incoming, edge.now())
            return await give_fallback(edge, plan, FallbackReason.PLATFORM_UNAVAILABLE)
        case CallState.ENDED:
            return twiml.hang_up()


def _dial(edge: Edge, incoming: TwilioCall, route: AgentRoute) -> str:
    seconds = route.agent.max_call_seconds
    return twiml.dial_agent(edge.settings, route.tenant_id, incoming.session_id, seconds)


def _metadata(incoming: TwilioCall, route: AgentRoute) -> RoomMetadata:
    return RoomMetadata(tenant_id=route.tenant_id, agent_id=route.agent_id, session_id=incoming.session_id)
