"""Seed data, and its copies for calls at the same time."""

import pytest
import yaml

from local.seed import DEMO, Seed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("second", ["+14155551100", "+442079460000"])
def test_copies_for_calls_at_once_share_no_number(second: str) -> None:
    """Two numbers that were 1,000 apart: the first one's copy was the second, whose calls it took away."""
    seed = yaml.safe_load(DEMO.read_text())
    seed["tenants"]["harbor-dental"]["numbers"][second] = "front-desk"
    original = Seed.model_validate(seed)

    copies = [original.copy_for(number) for number in range(1, 51)]

    numbers = [
        number for one in [original, *copies] for tenant in one.tenants.values() for number in tenant.numbers
    ]
    assert len(set(numbers)) == len(numbers) == 2 * 51
    assert {copy.number_like(original, second) for copy in copies} < set(numbers)
    assert Seed.model_validate(copies[-1].model_dump()) == copies[-1]
