"""What the outside services charge, in US dollars without taxes: list prices, to estimate with, not to bill.

Whoever has other prices edits this table; `python -m operations.costs` then writes docs/costs.md anew. Each
price names the page that is authoritative for it, and where it was read: on `AS_OF` some of these pages could
be read only as others quote them.
"""

from dataclasses import dataclass
from datetime import date

AS_OF = date(2026, 11, 26)
CURRENCY = "USD"


@dataclass(frozen=True)
class ModelPrice:
    """Per million tokens. Audio is 25 tokens a second, both ways."""

    text_in: float
    audio_in: float
    text_out: float
    audio_out: float
    source: str
    read: str


MODELS = {
    "gemini-3.8-live": ModelPrice(
        text_in=0.75,
        audio_in=3.00,
        text_out=4.50,
        audio_out=12.00,
        source="https://ai.google.dev/gemini-api/docs/pricing",
        read="text as a reseller lists it; sound as of the model before it, 0.005 and 0.018 a minute",
    ),
    "gemini-live-2.5-flash-native-audio": ModelPrice(
        text_in=0.50,
        audio_in=3.00,
        text_out=2.00,
        audio_out=12.00,
        source="https://cloud.google.com/vertex-ai/generative-ai/pricing",
        read="as a copy of the Gemini API's page has them",
    ),
}

AUDIO_TOKENS_PER_SECOND = 25


@dataclass(frozen=True)
class MinutePrice:
    """Per minute of a call; each call is rounded up to whole minutes."""

    name: str
    dollars: float
    source: str
    read: str


UNCONFIRMED = "the list price of 2025, not confirmed since"

TELEPHONY = (
    MinutePrice(
        "Twilio: a call to a US local number",
        0.0085,
        "https://www.twilio.com/en-us/voice/pricing/us",
        "as Twilio's support page reckons with it",
    ),
    MinutePrice(
        "Twilio: dialling LiveKit over SIP",
        0.0040,
        "https://www.twilio.com/en-us/voice/pricing/us",
        UNCONFIRMED,
    ),
)
LIVEKIT_PHONE = MinutePrice(
    "LiveKit Cloud: the caller over SIP", 0.0040, "https://livekit.com/pricing", UNCONFIRMED
)
LIVEKIT_PARTICIPANT = MinutePrice(
    "LiveKit Cloud: a participant (the agent; a browser)", 0.0005, "https://livekit.com/pricing", UNCONFIRMED
)


@dataclass(frozen=True)
class Platform:
    """Google Cloud in us-central1, without free tiers: what a minute of a call takes of a worker, of the size
    that `infra/terraform` makes unless told otherwise, and what each call reads and writes. Functions' time
    and logs are below a thousandth of a cent a call."""

    cpus: float = 4
    gibibytes: float = 8
    calls_at_once: float = 5
    """On average over a worker's life; it takes up to ten."""
    cpu_second: float = 0.000018
    gibibyte_second: float = 0.000002
    reads: int = 40
    writes: int = 40
    read: float = 0.03 / 100_000
    write: float = 0.09 / 100_000
    sources: tuple[str, ...] = (
        "https://cloud.google.com/run/pricing",
        "https://cloud.google.com/firestore/pricing",
    )
    confirmed: str = UNCONFIRMED

    @property
    def minute(self) -> float:
        worker = self.cpus * self.cpu_second + self.gibibytes * self.gibibyte_second
        return 60 * worker / self.calls_at_once

    @property
    def call(self) -> float:
        return self.reads * self.read + self.writes * self.write


PLATFORM = Platform()
