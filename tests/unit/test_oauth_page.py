"""The languages of the page after the provider's."""

import re

import pytest

from functions.oauth.page_texts import TEXTS, page_language
from shared.services.auth_service import language_of
from shared.services.consent_errors import Failure


@pytest.mark.parametrize("language", TEXTS)
def test_every_failure_is_told_in_every_language_with_the_same_names(language: str) -> None:
    texts = TEXTS[language].failures

    assert list(texts) == list(Failure)
    for failure, told in texts.items():
        names = [re.findall(r"{\w+}", part) for part in told]
        assert names == [re.findall(r"{\w+}", part) for part in failure.value]


@pytest.mark.parametrize(
    ("asked", "accepted", "spoken"),
    [
        ("de", "en-US,en;q=0.9", "de"),
        ("fr", "de", "de"),
        (None, "de-CH, en;q=0.5", "de"),
        (None, "en;q=0.5, DE;q=0.7", "de"),
        (None, "de;q=0, en;q=0.1", "en"),
        (None, "fr, *", "en"),
        (None, "de;q=much", "en"),
        (None, "", "en"),
        ('"><script>', "", "en"),
    ],
)
def test_the_page_speaks_what_was_asked_else_what_the_browser_likes_best(
    asked: str | None, accepted: str, spoken: str
) -> None:
    assert page_language(asked, accepted) == spoken


@pytest.mark.parametrize(("state", "language"), [("de.secret", "de"), ("secret", None), ("", None)])
def test_a_state_says_its_language(state: str, language: str | None) -> None:
    assert language_of(state) == language
