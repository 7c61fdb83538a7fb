"""What a call cost, by part, estimated from its usage and the price table."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from shared.models import prices
from shared.models.call import Call
from shared.models.prices import ModelPrice

MILLION = 1_000_000


@dataclass(frozen=True)
class CallCost:
    """Dollars."""

    model: float
    telephony: float
    livekit: float
    platform: float

    @property
    def total(self) -> float:
        return self.model + self.telephony + self.livekit + self.platform


def cost_of(call: Call) -> CallCost | None:
    """None while the call goes on, and for a model that has no price."""
    if call.ended_at is None:
        return None
    model = None if call.model is None else prices.MODELS.get(call.model)
    if call.usage and model is None:
        return None
    return CallCost(
        model=0.0 if model is None else model_cost(model, call.usage),
        telephony=_telephony(call),
        livekit=_livekit(call),
        platform=prices.PLATFORM.call + prices.PLATFORM.minute * call.usage.get("agent_seconds", 0.0) / 60,
    )


def model_cost(price: ModelPrice, usage: Mapping[str, float]) -> float:
    """`usage` holds tokens by kind, as the worker counts them.

    What the model does not tell the kind of (instructions and thoughts are such) is text.
    """
    audio_in, audio_out = usage.get("input_audio_tokens", 0.0), usage.get("output_audio_tokens", 0.0)
    text_in = max(usage.get("input_tokens", 0.0) - audio_in, 0.0)
    text_out = max(usage.get("output_tokens", 0.0) - audio_out, 0.0)
    dollars = (
        text_in * price.text_in
        + audio_in * price.audio_in
        + text_out * price.text_out
        + audio_out * price.audio_out
    )
    return dollars / MILLION


def _telephony(call: Call) -> float:
    """Twilio counts from the answer: the agent's, or the fallback's."""
    if call.source != "phone" or call.ended_at is None:
        return 0.0
    if call.answered_at is None and call.fallback_served is None:
        return 0.0
    answered = call.answered_at or call.started_at
    minutes = _whole_minutes((call.ended_at - answered).total_seconds())
    return minutes * sum(price.dollars for price in prices.TELEPHONY)


def _livekit(call: Call) -> float:
    """The agent and its caller, for as long as agents were there."""
    minutes = _whole_minutes(call.usage.get("agent_seconds", 0.0))
    other = prices.LIVEKIT_PHONE if call.source == "phone" else prices.LIVEKIT_PARTICIPANT
    return minutes * (prices.LIVEKIT_PARTICIPANT.dollars + other.dollars)


def _whole_minutes(seconds: float) -> int:
    return math.ceil(max(seconds, 0.0) / 60)
