"""What of a reply was heard, by the share of its sound that was played."""

import pytest

from worker.conversation import heard_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("share", "heard"),
    [
        (0.0, ""),
        (0.05, ""),
        (0.1, "We"),
        (0.3, "We are"),
        (0.5, "We are"),
        (0.56, "We are open"),
        (0.99, "We are open from"),
        (1.0, "We are open from nine"),
        (1.2, "We are open from nine"),
    ],
)
def test_a_reply_that_is_cut_off_keeps_the_words_that_were_heard(share: float, heard: str) -> None:
    assert heard_of("We are open from nine", share) == heard


def test_words_without_spaces_are_cut_where_the_sound_was() -> None:
    assert heard_of("月曜日から金曜日まで", 0.5) == "月曜日から"
