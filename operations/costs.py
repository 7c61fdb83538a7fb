"""Writes docs/costs.md from the price table: python -m operations.costs > docs/costs.md"""

import sys
import textwrap

from shared.models import prices
from shared.models.prices import ModelPrice
from shared.services.call_cost import MILLION, model_cost

MINUTES = 3
"""A call of that length, of which the caller talks a half and the agent a half."""
TURNS_PER_MINUTE = 4
INSTRUCTIONS_TOKENS = 1500
"""Instructions and tools of an ordinary agent."""


def usage_of_call() -> dict[str, float]:
    """The model reads all that was said before with every turn: cost grows with the square of the length."""
    spoken_per_turn = 60 / TURNS_PER_MINUTE / 2 * prices.AUDIO_TOKENS_PER_SECOND
    turns = MINUTES * TURNS_PER_MINUTE
    # With turn n the model hears the caller's n turns and reads its own n-1 again.
    heard = sum((2 * turn - 1) * spoken_per_turn for turn in range(1, turns + 1))
    return {
        "input_tokens": heard + turns * INSTRUCTIONS_TOKENS,
        "input_audio_tokens": heard,
        "output_tokens": turns * spoken_per_turn,
        "output_audio_tokens": turns * spoken_per_turn,
    }


def parts_of_minute(price: ModelPrice) -> list[tuple[str, float, str]]:
    """(part, dollars a minute, the sum)."""
    usage = usage_of_call()
    platform = prices.PLATFORM
    model_sum = (
        f"({usage['input_audio_tokens']:,.0f} tokens of sound × ${price.audio_in:.2f} "
        f"+ {usage['input_tokens'] - usage['input_audio_tokens']:,.0f} of text × ${price.text_in:.2f} "
        f"+ {usage['output_audio_tokens']:,.0f} spoken × ${price.audio_out:.2f}) / {MILLION:,} / {MINUTES}"
    )
    livekit = (prices.LIVEKIT_PHONE, prices.LIVEKIT_PARTICIPANT)
    return [
        ("model", model_cost(price, usage) / MINUTES, model_sum),
        ("telephony", sum(p.dollars for p in prices.TELEPHONY), _sum(prices.TELEPHONY)),
        ("LiveKit Cloud", sum(p.dollars for p in livekit), _sum(livekit)),
        (
            "platform",
            platform.minute + platform.call / MINUTES,
            f"60 s × ({platform.cpus:g} CPU × ${platform.cpu_second:.6f} + {platform.gibibytes:g} GiB "
            f"× ${platform.gibibyte_second:.6f}) / {platform.calls_at_once:g} calls "
            f"+ ({platform.reads} reads × ${platform.read:.7f} + {platform.writes} writes "
            f"× ${platform.write:.7f}) / {MINUTES}",
        ),
    ]


def page() -> str:
    platform = prices.PLATFORM
    tables = [
        line
        for name, price in prices.MODELS.items()
        for line in (f"## One minute with {name}", "", *_table(price), "")
    ]
    lines = [
        "# What a call costs",
        "",
        *_filled(
            f"List prices as collected on {prices.AS_OF:%d %B %Y}, in US dollars, without taxes, volume",
            "discounts and free tiers; the sources below say which of them to confirm. The table is",
            "`shared/models/prices.py`. This page is written from it",
            "(`python -m operations.costs > docs/costs.md`), and so is `cost` in the API's answer for a",
            "call. Both are estimates: the invoices count.",
        ),
        "",
        *tables,
        *_filled(
            f"Assumed is a call of {MINUTES} minutes with {TURNS_PER_MINUTE} turns a minute, in which caller",
            f"and agent talk as long as each other, and {INSTRUCTIONS_TOKENS:,} tokens of instructions and",
            "tools.",
        ),
        "",
        "## What makes it more or less",
        *_filled(
            "- **Length.** Gemini bills the whole conversation again with each turn, as sound: a call of",
            "twice the length costs more than twice, until context compression bounds it.",
        ),
        "- **Rounding.** Twilio and LiveKit count whole minutes of each call.",
        "- **LiveKit on your own machines** replaces its line by those machines.",
        *_filled(
            f"- **Busy workers.** A worker is assumed to have {platform.calls_at_once:g} calls on average.",
            f"One that waits alone all month costs ${_idle_month():.2f}: the least number of workers decides",
            "what nights cost.",
        ),
        *_filled(
            "- **Not in it:** Twilio's price for a call that is forwarded to a person, for a voicemail's",
            "recording, and for the number; the instance of the phone edge that is kept warm",
            "(`functions.incoming_call.min_instances`), the load balancer with Cloud Armor, logs, and",
            "backups.",
        ),
        "",
        "## Sources",
        *(f"- {name}: {price.source} ({price.read})" for name, price in prices.MODELS.items()),
        *(
            f"- {price.name}: {price.source} ({price.read})"
            for price in (*prices.TELEPHONY, prices.LIVEKIT_PHONE, prices.LIVEKIT_PARTICIPANT)
        ),
        *(f"- platform: {source} ({platform.confirmed})" for source in platform.sources),
    ]
    return "\n".join(lines) + "\n"


def _filled(*sentences: str) -> list[str]:
    paragraph = " ".join(sentences)
    return textwrap.wrap(paragraph, 120, subsequent_indent="  " if paragraph.startswith("- ") else "")


def _table(price: ModelPrice) -> list[str]:
    parts = parts_of_minute(price)
    rows = [f"| {part} | {dollars:.4f} | {reckoning} |" for part, dollars, reckoning in parts]
    total = sum(dollars for _, dollars, _ in parts)
    return [
        "| part | $ a minute | the sum |",
        "|---|---|---|",
        *rows,
        f"| **together** | **{total:.4f}** | |",
    ]


def _sum(parts: tuple[prices.MinutePrice, ...]) -> str:
    return " + ".join(f"${part.dollars:.4f} ({part.name})" for part in parts)


def _idle_month() -> float:
    platform = prices.PLATFORM
    return platform.minute * platform.calls_at_once * 60 * 24 * 30


if __name__ == "__main__":
    sys.stdout.write(page())
