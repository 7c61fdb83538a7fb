"""A model that calls a function wrongly is told in plain words what to change."""

from datetime import date
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.tools.base.fields import EmailAddress
from shared.tools.scheduling.calendar_arguments import CreateEvent, ListEvents
from worker.wrong_arguments import LONGEST_VALUE, sentences_about

pytestmark = pytest.mark.unit


class Table(BaseModel):
    model_config = ConfigDict(extra="forbid")

    day: date
    people: int = Field(default=2, ge=1, le=12)
    place: Literal["inside", "outside"] = "inside"
    name: str = Field(default="", max_length=20)
    guests: list[EmailAddress] = Field(default_factory=list, max_length=2, description="E-mail addresses.")
    smoking: bool = False


class Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


RIGHT = {"day": "2026-11-24"}


def about(arguments: type[BaseModel], given: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as raised:
        arguments.model_validate(given)
    return sentences_about(raised.value, arguments)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "The argument “day” is missing."),
        ({"day": "next Tuesday"}, "must be a date such as 2026-11-24, not \"next Tuesday\"."),
        ({"day": None}, "The argument “day” must be a date such as 2026-11-24, not null."),
        (RIGHT | {"people": "four"}, "The argument “people” must be a whole number, not \"four\"."),
        (RIGHT | {"people": 2.5}, "The argument “people” must be a whole number, not 2.5."),
        (RIGHT | {"people": 0}, "The argument “people” must be at least 1, not 0."),
        (RIGHT | {"people": 13}, "The argument “people” must be at most 12, not 13."),
        (RIGHT | {"place": "roof"}, "The argument “place” must be 'inside' or 'outside', not \"roof\"."),
        (RIGHT | {"name": 5}, "The argument “name” must be a text, not 5."),
        (RIGHT | {"name": "x" * 21}, "The argument “name” must be shorter: at most 20 characters."),
        (RIGHT | {"guests": "Ann"}, "The argument “guests” must be a list, not \"Ann\"."),
        (RIGHT | {"guests": ["a@b.io"] * 3}, "The argument “guests” must be shorter: at most 2 entries."),
        (
            RIGHT | {"guests": ["a@b.example", "Bob"]},
            "The argument “guests.1” cannot be \"Bob\". Expected: E-mail addresses.",
        ),
        (RIGHT | {"smoking": "rarely"}, "The argument “smoking” must be true or false, not \"rarely\"."),
        (
            RIGHT | {"party": 4},
            "There is no argument “party”, only “day”, “people”, “place”, “name”, “guests” and “smoking”.",
        ),
    ],
)  # fmt: skip
def test_what_a_model_gets_wrong_is_told_with_what_is_expected(given: dict[str, Any], sentence: str) -> None:
    said = about(Table, given)
    assert said.endswith(sentence)
    assert said.startswith(("The argument “", "There is no argument “"))


def test_a_misspelt_argument_is_told_along_with_the_one_that_it_was_to_be() -> None:
    said = about(ListEvents, {"begin": "2026-11-24", "end": "2026-11-24"})
    assert said.startswith(
        "The argument “start” is missing. Expected: Local date and time of the business, such as 2026-"
    )
    assert said.endswith(". There is no argument “begin”, only “start”, “end” and “query”.")


def test_a_function_that_takes_no_arguments_says_so() -> None:
    said = about(Nothing, {"reason": "bye"})
    assert said == "There is no argument “reason”: this function takes none."


def test_several_that_are_missing_take_one_sentence_and_no_more_than_two_come() -> None:
    assert about(ListEvents, {}) == "The arguments “start” and “end” are missing."
    said = about(Table, {"people": 0, "place": "roof", "smoking": "rarely"})
    assert said == "The argument “day” is missing. The argument “people” must be at least 1, not 0."


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"start": "tomorrow at two"},
            "The argument “start” is wrong: 'tomorrow at two' is not a date and time; "
            "write it like 2026-11-24T14:00:00.",
        ),
        (
            {"start": "2026-11-24T14:00:00", "end": "2026-11-24T15:00:00", "duration_minutes": 60},
            "These arguments are not right: give the end or duration_minutes, not both.",
        ),
    ],
)
def test_what_a_tool_itself_says_of_an_argument_is_passed_on(given: dict[str, Any], sentence: str) -> None:
    assert about(CreateEvent, {"summary": "Check-up", **given}) == sentence


def test_a_long_value_is_not_read_back_whole() -> None:
    said = about(Table, {"day": "x" * 1000})
    assert len(said) < LONGEST_VALUE + 100
