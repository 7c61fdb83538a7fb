"""What a variant is told of a call."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CallSpec:
    caller: str
    """E.164; by it the stand-in finds the call's scenario."""

    model = "gemini-3.8-live"
    voice = "Kore"
    api_key = "a-key"
    greet = 'Greet the caller with exactly: "Are you still there?"'

    @property
    def instructions(self) -> str:
        return f"You answer the phone. The caller's phone number is {self.caller}."
