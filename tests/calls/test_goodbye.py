"""Who speaks up at the goodbye goes on with the call, also when the model writes none of their words down."""

import pytest

from local.scenario import Scenario
from tests.calls.laptop import Laptop, scenario

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="package"), pytest.mark.timeout(240)]


async def test_words_that_the_model_answers_without_writing_them_down_keep_the_call_up(
    laptop: Laptop,
) -> None:
    """It was answered, and then hung up on."""
    shipped = scenario("one-more-thing").model_dump()
    thanks = shipped["turns"][0]
    later = thanks | {"wait_seconds": 3}  # by then an agent that has not understood them has hung up
    booking = scenario("book-a-slot").turns[1].caller
    unwritten = {
        "caller": booking,
        "interrupt_after_seconds": 0.6,
        "written": False,
        "agent": [{"say": "Done. Your dentist appointment is booked for tomorrow at two in the afternoon."}],
    }
    shipped |= {"turns": [thanks, unwritten, later], "expect": shipped["expect"] | {"hears": ["Done."]}}
    tenant = await laptop.tenant()
    played = tenant.dialling(Scenario.model_validate(shipped))
    report = await tenant.player.play(played, name="unwritten-words")
    assert report.failures == []
    assert booking not in [text for _, text in report.transcript]
