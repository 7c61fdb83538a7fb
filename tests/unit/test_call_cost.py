"""What a call cost: sums by part, and a page that says the same."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from operations import costs
from shared.models import prices
from shared.models.agent_input import MODELS
from shared.models.call import Call, CallState, Outcome
from shared.services.call_cost import cost_of, model_cost

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
USAGE = {
    "input_tokens": 3_000_000.0,
    "input_audio_tokens": 2_000_000.0,
    "output_tokens": 1_500_000.0,
    "output_audio_tokens": 1_000_000.0,
    "agent_seconds": 100.0,
}


def ended(**changes: Any) -> Call:
    values: dict[str, Any] = {
        "session_id": "ca1",
        "agent_id": "desk",
        "call_sid": "CA1",
        "state": CallState.ENDED,
        "outcome": Outcome.CALLER_HUNG_UP,
        "caller": None,
        "called": "+14155550100",
        "started_at": NOON,
        "answered_at": NOON + timedelta(seconds=2),
        "ended_at": NOON + timedelta(seconds=92),
        "model": "gemini-3.8-live",
        "usage": USAGE,
    }
    return Call(**{**values, **changes})


def test_each_part_of_a_phone_call() -> None:
    cost = cost_of(ended())
    assert cost is not None
    assert cost.model == pytest.approx(0.75 + 2 * 3.00 + 0.5 * 4.50 + 12.00)
    assert cost.telephony == pytest.approx(2 * (0.0085 + 0.0040)), "90 seconds are two minutes"
    assert cost.livekit == pytest.approx(2 * (0.0040 + 0.0005))
    worker = 100 * (4 * 0.000018 + 8 * 0.000002) / 5
    assert cost.platform == pytest.approx(worker + 40 * 0.03e-5 + 40 * 0.09e-5)
    assert cost.total == pytest.approx(cost.model + cost.telephony + cost.livekit + cost.platform)


def test_a_test_call_from_the_browser_has_no_telephony() -> None:
    cost = cost_of(ended(source="web", called=None))
    assert cost is not None
    assert cost.telephony == 0
    assert cost.livekit == pytest.approx(2 * 2 * 0.0005)


def test_a_caller_who_gave_up_cost_only_the_platform() -> None:
    cost = cost_of(ended(answered_at=None, usage={}, outcome=Outcome.ABANDONED))
    assert cost is not None
    assert (cost.model, cost.telephony, cost.livekit) == (0, 0, 0)
    fallback = cost_of(ended(answered_at=None, usage={}, fallback_served="say"))
    assert fallback is not None
    assert fallback.telephony > 0


def test_what_cannot_be_reckoned_has_no_cost() -> None:
    assert cost_of(ended(ended_at=None, outcome=None)) is None
    assert cost_of(ended(model="gemini-of-tomorrow")) is None


def test_every_model_that_an_agent_can_have_has_a_price() -> None:
    assert set(MODELS) == set(prices.MODELS)


def test_a_turn_that_the_model_tells_no_kinds_of_counts_as_text() -> None:
    price = prices.MODELS["gemini-3.8-live"]
    assert model_cost(price, {"input_tokens": 1_000_000.0}) == pytest.approx(0.75)
    assert model_cost(price, {"output_tokens": 1_000_000.0}) == pytest.approx(4.5)


def test_the_page_is_written_from_the_table_and_its_sums_are_right() -> None:
    page = (Path(__file__).parents[2] / "docs" / "costs.md").read_text(encoding="utf-8")
    assert page == costs.page(), "write it anew: python -m operations.costs > docs/costs.md"
    for name, price in prices.MODELS.items():
        section = page.split(f"## One minute with {name}\n")[1].split("## ")[0]
        rows = [line.split("|")[2].strip(" *") for line in section.splitlines() if line.startswith("| ")]
        *parts, total = (float(row) for row in rows[1:])
        assert sum(parts) == pytest.approx(total, abs=0.0002)
        assert total == pytest.approx(sum(p for _, p, _ in costs.parts_of_minute(price)), abs=0.0001)
