"""How a call ended, as far as its document tells."""

from shared.models.call import Call, Outcome

_OF_FALLBACK = {
    "forward": Outcome.FORWARDED,
    "voicemail": Outcome.VOICEMAIL,
    "say": Outcome.MESSAGE_PLAYED,
}


def outcome_when_caller_left(call: Call) -> Outcome:
    """The outcome of a call whose caller is gone and that has none yet.

    It depends on what was served, not on which callback comes first: a call that ended at the voicemail has
    the outcome `voicemail` whether its recording was announced before or after.
    """
    if call.fallback_served is not None:
        return _OF_FALLBACK[call.fallback_served]
    if call.answered_at is None:
        return Outcome.ABANDONED
    return Outcome.CALLER_HUNG_UP if call.fallback_reason is None else Outcome.AGENT_LOST


def outcome_at_twilios_word(call: Call, status: str) -> Outcome:
    """The outcome of a call that is over for Twilio, with this CallStatus."""
    return Outcome.FAILED if status == "failed" else outcome_when_caller_left(call)


def outcome_when_agent_died(call: Call) -> Outcome:
    """The outcome of a call that nobody ended: its agent stopped without a word."""
    if call.answered_at is None or call.fallback_served is not None:
        return outcome_when_caller_left(call)
    return Outcome.AGENT_LOST


def outcome_without_fallback(call: Call) -> Outcome:
    """The outcome of a test call that needs the fallback: its caller is in a browser, where none reaches."""
    return Outcome.FAILED if call.answered_at is None else Outcome.AGENT_LOST
