"""`make test-all` runs every test: it chooses some by their folder and their mark, which go together."""

from pathlib import Path

import pytest

pytestmark = pytest.mark.unit

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("folder", ["calls", "faults"])
def test_what_is_in_the_folder_has_its_mark(folder: str) -> None:
    files = list((TESTS / folder).glob("test_*.py"))
    assert files
    unmarked = [file.name for file in files if f"pytest.mark.{folder}" not in file.read_text("utf-8")]
    assert unmarked == [], "neither run side by side nor with those that have the mark"
