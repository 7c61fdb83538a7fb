"""What is wrong with a value is told with the rule's name and number, and without the value."""

from typing import Annotated

import pytest
from pydantic import BaseModel, Field, ValidationError, field_validator

from shared.errors import InvalidField
from shared.services.field_errors import invalid_fields


class Pet(BaseModel):
    name: str = Field(min_length=2)
    legs: int = Field(default=4, le=8)
    toys: list[Annotated[str, Field(pattern="^[a-z]+$")]] = Field(default_factory=list[str])
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
