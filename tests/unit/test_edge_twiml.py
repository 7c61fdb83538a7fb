"""What we tell Twilio to say is XML that Twilio can read, whatever a tenant wrote."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.incoming_call.twiml import say_and_hang_up

pytestmark = pytest.mark.unit


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_said_and_is_nothing_but_text(text: str) -> None:
    (say, hangup) = ET.fromstring(say_and_hang_up(text))
    assert (say.tag, list(say), hangup.tag) == ("Say", [], "Hangup")


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\x1b", "\ufffe"])
def test_a_character_that_xml_has_not_got_becomes_a_blank(character: str) -> None:
    assert ">We are.<" in say_and_hang_up(f"We{character}are.")


def test_markup_is_read_out_rather_than_obeyed() -> None:
    document = ET.fromstring(say_and_hang_up("</Say><Dial>+14155550199</Dial><Say>"))
    assert [verb.tag for verb in document] == ["Say", "Hangup"]
