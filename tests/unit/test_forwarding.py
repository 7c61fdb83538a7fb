"""A caller is never forwarded to a number that this platform answers: the call would go round in circles."""

from dataclasses import replace
from typing import Any

import pytest

from functions.incoming_call import fallback
from functions.incoming_call.handle_progress import handle_dial_result
from shared.models.agent import ForwardFallback
from tests.unit.edge_world import CALL, CALL_PATH, NUMBER, PERSON, World, find, verbs

pytestmark = pytest.mark.unit

ANOTHER_TENANTS = "+14155550111"


@pytest.fixture
def world() -> World:
    world = World()
    held: dict[str, Any] = {"tenant_id": "acme", "agent_id": "desk"}
    world.database.documents[f"phone_numbers/{ANOTHER_TENANTS}"] = held
    return world


@pytest.mark.parametrize("ours", [NUMBER, ANOTHER_TENANTS])
@pytest.mark.parametrize(
    ("tenant_number", "expected"),
    [(PERSON, ["Dial"]), (None, ["Say", "Hangup"]), (ANOTHER_TENANTS, ["Say", "Hangup"])],
)
async def test_a_fallback_that_leads_back_here_is_passed_over_for_the_next_best(
    world: World, ours: str, tenant_number: str | None, expected: list[str]
) -> None:
    tenant = {"fallback_number": tenant_number}
    world.seed(enabled=False, fallback=ForwardFallback(number=ours), tenant=tenant)
    document = await world.ring()
    assert verbs(document) == expected
    if expected == ["Dial"]:
        assert find(document, "Dial/Number").text == PERSON
    assert world.call.fallback_served == ("forward" if expected == ["Dial"] else "say")


async def test_a_number_that_was_attached_during_the_call_is_passed_over_too(world: World) -> None:
    world.seed(fallback=ForwardFallback(number=PERSON))
    await world.ring()
    world.database.documents[f"phone_numbers/{PERSON}"] = {"tenant_id": "acme", "agent_id": "desk"}
    call = replace(CALL, status="in-progress")
    assert verbs(await handle_dial_result(world.edge, call, "harbor", "no-answer")) == ["Say", "Hangup"]


async def test_a_caller_whose_call_is_gone_from_the_books_gets_the_fallback(
    world: World,
) -> None:
    await world.ring()
    route = await world.edge.agents.get_agent_by_phone(NUMBER, CALL.session_id)
    plan = fallback.Plan.of(route, CALL, world.clock())
    del world.database.documents[CALL_PATH]
    document = await fallback.give_fallback(world.edge, plan, fallback.FallbackReason.NO_AGENT)
    assert find(document, "Say").text == "We are closed."


async def test_while_firestore_cannot_say_where_it_leads_the_caller_is_forwarded(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(fallback, "RECORD_SECONDS", 0.05)
    world.seed(enabled=False, fallback=ForwardFallback(number=PERSON))
    route = await world.edge.agents.get_agent_by_phone(NUMBER, CALL.session_id)
    world.database.hang()
    plan = fallback.Plan.of(route, CALL, world.clock())
    document = await fallback.give_fallback(world.edge, plan, fallback.FallbackReason.AGENT_DISABLED)
    assert find(document, "Dial/Number").text == PERSON
