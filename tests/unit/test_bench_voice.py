"""How runs of the voice measurement are compared: a busy moment of the machine must not decide."""

import pytest

from bench.voice import BARE, MINIMAL, OURS, ROWS, Results, Values, slower_rows, summarised
from bench.voice_peer import _delays

pytestmark = pytest.mark.unit


def run(milliseconds: float) -> Values:
    return {row: [milliseconds] * 3 for row in ROWS}


def results(ours: list[Values], minimal: list[Values]) -> Results:
    return {1: {OURS: ours, MINIMAL: minimal, BARE: [run(1.0)]}}


def test_the_quietest_run_is_compared_and_all_are_shown() -> None:
    summary = summarised(results([run(90.0), run(2.0)], [run(4.0), run(70.0)]))[1]["reply"]
    assert summary[OURS]["ratio"] == 0.5
    assert summary[OURS]["max"] == 90.0


def test_a_row_in_which_ours_takes_longer_is_named() -> None:
    summaries = summarised(results([run(2.0) | {"start": [5.0]}], [run(2.0)]))
    assert slower_rows(summaries) == ["session start → greeting's first frame, ms at 1: 2.5 ×"]


def test_a_run_without_a_row_does_not_count_for_it() -> None:
    summary = summarised(results([run(2.0), {"start": [1.0]}], [run(2.0)]))[1]
    assert summary["reply"][OURS]["n"] == 3
    assert summary["start"][OURS]["n"] == 4


def test_each_cause_is_followed_by_its_first_effect() -> None:
    assert _delays([100, 500], [90, 130, 520]) == [30, 20]


def test_a_cause_without_an_effect_is_a_broken_measurement() -> None:
    with pytest.raises(RuntimeError):
        _delays([100], [90])
