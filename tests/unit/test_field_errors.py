"""What is wrong with a value is told with the rule's name and number, and without the value."""

import importlib
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from shared.errors import InvalidField
from shared.patterns import name_of, named
from shared.services.field_errors import invalid_fields
from shared.tools.base.registry import ToolRegistry

DOCS = Path(__file__).parents[2] / "docs"


class Pet(BaseModel):
    name: str = Field(min_length=2)
    legs: int = Field(default=4, le=8)
    toys: list[Annotated[str, Field(pattern="^[a-z]+$")]] = Field(default_factory=list[str])
    tag: str = Field(default="A1", pattern=named("^[A-Z][0-9]$", "a letter and a digit, such as A1"))
    owner: str = "Kim"

    @field_validator("owner")
    @classmethod
    def _known(cls, owner: str) -> str:
        if owner != "Kim":
            raise ValueError("is not an owner")
        return owner


def test_a_rules_name_and_number_come_with_the_words() -> None:
    with pytest.raises(ValidationError) as error:
        Pet.model_validate({"name": "M", "legs": 9, "toys": ["b4ll"], "owner": "secret"})

    fields = {field.path: field for field in invalid_fields(error.value, below="pet").fields}

    assert (fields["pet.name"].code, fields["pet.name"].limit) == ("string_too_short", 2)
    assert (fields["pet.legs"].code, fields["pet.legs"].limit) == ("less_than_equal", 8)
    assert (fields["pet.toys.0"].code, fields["pet.toys.0"].limit) == ("string_pattern_mismatch", None)
    assert fields["pet.owner"] == InvalidField("pet.owner", "is not an owner", "value_error")
    assert "secret" not in repr(fields)
    assert "b4ll" not in repr(fields)


def test_who_breaks_a_pattern_that_has_a_name_reads_that_and_not_the_pattern() -> None:
    with pytest.raises(ValidationError) as error:
        Pet.model_validate({"name": "Mo", "tag": "1A"})

    [field] = invalid_fields(error.value).fields

    assert field == InvalidField("tag", "must be a letter and a digit, such as A1", "string_pattern_mismatch")


def test_every_pattern_that_people_meet_has_a_name() -> None:
    """Whoever sent a wrong phone number was answered with a regular expression."""
    importlib.import_module("functions.tools_api.app")  # names are given when a module is loaded
    api = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    tools = [tool.metadata.config.model_json_schema() for tool in ToolRegistry().all()]
    assert [pattern for pattern in set(patterns_in([api, tools])) if name_of(pattern) is None] == []


def patterns_in(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        pattern = schema.get("pattern")
        yield from [pattern] if isinstance(pattern, str) else patterns_in(list(schema.values()))
    elif isinstance(schema, list):
        yield from itertools.chain.from_iterable(map(patterns_in, schema))


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


def test_a_kind_that_there_is_not_is_told_by_those_that_there_are_and_without_itself() -> None:
    either: TypeAdapter[Cat | Dog] = TypeAdapter(Annotated[Cat | Dog, Field(discriminator="kind")])
    with pytest.raises(ValidationError) as error:
        either.validate_python({"kind": "secret"})

    [field] = invalid_fields(error.value, below="pet").fields
    assert (field.path, field.reason) == ("pet", "'kind' must be one of 'cat', 'dog'")
