"""When what happened in a call. Both ends of the line write moments; the telephone merges them.

From the exchange: call (call_sid), webhook_sent (url), twiml_received (url, twiml), webhook_failed (url,
code, reason), application_error, dial (to, kind: sip or number, child_sid), sip_ringing, sip_room_joined,
sip_agent_subscribed, dial_answered, dial_failed (status, sip_code), dial_ended, dial_time_limit, answered,
ringback, say (text), play (url), play_failed, recording, recorded (recording_sid, seconds), recording_empty,
redirected, ended (by, status).

From the telephone: dialed (number), agent_first_heard, caller_begins (turn, text, press), caller_ends (turn),
no_reply, hung_up.
"""

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True)
class Moment:
    name: str
    at: float
    """Wall clock, seconds since the epoch."""
    monotonic: float
    """`time.monotonic()`: one clock for all processes of a machine."""
    data: dict[str, Any] = field(default_factory=dict[str, Any])

    @classmethod
    def now(cls, name: str, **data: Any) -> Self:
        return cls(name, time.time(), time.monotonic(), data)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
