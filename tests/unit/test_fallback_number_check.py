"""The deployment's fallback number is dialled when nothing can be read, so nobody sees then that it is one of
ours: a caller would be forwarded to it again and again. Doctor says so before."""

from contextlib import AsyncExitStack

import pytest

from operations.checks.finding import Finding
from operations.checks.telephony import check_fallback_number
from operations.deployment import load_deployment
from operations.doctor import FROM_OUTSIDE
from operations.operator import Operator
from tests.fakes import OPERATORS_ENV, FakeDatabase

pytestmark = pytest.mark.unit

OURS, PEOPLES = "+14155550100", "+14155550199"


async def found(number: str | None) -> Finding:
    env = OPERATORS_ENV if number is None else OPERATORS_ENV | {"FALLBACK_NUMBER": number}
    operator = Operator(load_deployment(None, env), AsyncExitStack(), env)
    held = {"tenant_id": "harbor", "agent_id": "desk", "provider": "twilio"}
    operator.__dict__["database"] = FakeDatabase({f"phone_numbers/{OURS}": held})
    assert check_fallback_number in FROM_OUTSIDE
    [finding] = await check_fallback_number(operator)
    return finding


async def test_a_fallback_number_that_leads_back_here_is_found_with_its_remedy() -> None:
    finding = await found(OURS)
    assert finding.status == "failed"
    assert OURS in finding.detail
    assert "fallback.number" in finding.fix


@pytest.mark.parametrize("number", [PEOPLES, None])
async def test_one_where_people_answer_is_well_and_so_is_none(number: str | None) -> None:
    assert (await found(number)).status == "ok"
