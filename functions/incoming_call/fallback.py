"""The caller gets the agent's fallback: a person, the voicemail, or a clear message."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from functions.incoming_call import twiml
from functions.incoming_call.edge import Edge
from functions.incoming_call.new_call import new_call
from functions.incoming_call.twilio_requests import TwilioCall
from shared.errors import NotFoundError, UnavailableError
from shared.models.agent import Agent, Fallback, SayFallback
from shared.models.call import Call, FallbackReason
from shared.services.voice_agent_service import AgentRoute

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
"""For seeing that a number to forward to is not one of ours."""

RECORD_SECONDS = 1.0
"""For writing down that the fallback is served; the caller does not wait longer for our books."""

DEADLINE_SECONDS = 4.0
"""For finding out which fallback a caller gets."""


@dataclass(frozen=True)
class Plan:
    """What is needed to serve a caller who will not talk to the agent."""

    tenant_id: str
    agent: Agent
    call: Call
    is_new: bool
    """Whether nothing is known to be stored of the call."""

    @classmethod
    def of(cls, route: AgentRoute, incoming: TwilioCall, now: datetime) -> Self:
        """By what the number leads to now."""
        call = route.call or new_call(incoming, route, now)
        return cls(route.tenant_id, route.agent, call, is_new=route.call is None)


async def give_fallback(edge: Edge, plan: Plan, reason: FallbackReason) -> str:
    """The TwiML of the agent's fallback, written down with its reason unless the call has one already."""
    fallback = await _servable(edge, plan)
    log.warning("serving the fallback", extra={"reason": reason.value, "kind": fallback.kind})
    try:
        async with asyncio.timeout(RECORD_SECONDS):
            await edge.calls.serve_fallback(
                plan.tenant_id, plan.call, reason, fallback.kind, is_new=plan.is_new
            )
    except (NotFoundError, UnavailableError, TimeoutError) as error:
        # Twilio's status callback ends the call's record later; the caller comes first.
        log.error("the fallback could not be written down", extra={"reason": repr(error)})
    return twiml.serve(edge.settings, plan.tenant_id, fallback, plan.agent.language)


async def _servable(edge: Edge, plan: Plan) -> Fallback:
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            return await edge.agents.fallback_of(plan.tenant_id, plan.agent)
    except (UnavailableError, TimeoutError) as error:
        log.warning("where the fallback leads is not known", extra={"reason": repr(error)})
        return plan.agent.fallback or SayFallback()


async def handle_twilio_fallback(edge: Edge, caller: TwilioCall, tenant_id: str | None) -> str:
    """The number's fallback URL, and where a call is redirected to when its agent cannot be had.

    Does without LiveKit, and with whatever can still be read. `tenant_id` is set for calls of ours.
    """
    return await serve_caller(edge, caller, tenant_id, FallbackReason.PLATFORM_UNAVAILABLE)


async def serve_caller(edge: Edge, caller: TwilioCall, tenant_id: str | None, reason: FallbackReason) -> str:
    """The fallback of the agent that `caller` was to talk to, or the last resort."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            plan = await _plan(edge, caller, tenant_id)
    except NotFoundError as error:
        log.warning("no fallback is known", extra={"called": caller.called, "reason": str(error)})
        return twiml.say_and_hang_up(twiml.NUMBER_NOT_IN_USE)
    except (UnavailableError, TimeoutError) as error:
        log.error("serving the last resort", extra={"reason": repr(error)})
        return twiml.last_resort(edge.settings)
    if plan.call.outcome is not None:
        return twiml.hang_up()
    return await give_fallback(edge, plan, reason)


async def _plan(edge: Edge, caller: TwilioCall, tenant_id: str | None) -> Plan:
    """From the call's own snapshot; a call that got none is served by what its number leads to now."""
    if tenant_id is not None:
        try:
            call, session = await asyncio.gather(
                edge.calls.get_call(tenant_id, caller.session_id),
                edge.sessions.get_session(tenant_id, caller.session_id),
            )
            return Plan(tenant_id, session.agent, call, is_new=False)
        except NotFoundError:
            log.info("the call has no session")
    route = await edge.agents.get_agent_by_phone(caller.called, caller.session_id)
    return Plan.of(route, caller, edge.now())
