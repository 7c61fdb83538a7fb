"""Each rule of the translation, and the proof that Gemini's own libraries take what comes out.

A schema that they refuse does not fail a request: it closes the connection, and with it the call.
"""

from datetime import date, datetime
from enum import Enum, IntEnum
from typing import Any, Literal

import pytest
from google.genai import types
from livekit.agents import function_tool, llm
from livekit.plugins.google.utils import (
    create_tools_config,
)
from pydantic import BaseModel, ConfigDict, Field

from shared.tools.base.gemini_schema import UnsupportedSchemaError, for_gemini, function_name
from shared.tools.base.registry import ToolRegistry

pytestmark = pytest.mark.unit


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Size(IntEnum):
    SMALL = 1
    LARGE = 2


class Place(BaseModel):
    """Where it happens."""

    city: str
    house: int | None = None


def field(annotation: Any, **settings: Any) -> dict[str, Any]:
    """The translated schema of one field."""
    model = type("M", (BaseModel,), {"__annotations__": {"x": annotation}, "x": Field(**settings)})
    return for_gemini(model)["properties"]["x"]


def test_definitions_are_inlined_wherever_they_are_used() -> None:
    class Trip(BaseModel):
        start: Place
        stops: list[Place]

    schema = for_gemini(Trip)

    place = {
        "type": "object",
        "description": "Where it happens.",
        "required": ["city"],
        "properties": {"city": {"type": "string"}, "house": {"type": "integer", "nullable": True}},
    }
    assert schema == {
        "type": "object",
        "required": ["start", "stops"],
        "properties": {"start": place, "stops": {"type": "array", "items": place}},
    }


def test_what_a_field_says_replaces_what_its_type_says() -> None:
    assert field(Place, description="Where to send it.")["description"] == "Where to send it."


def test_optional_becomes_nullable() -> None:
    assert field(str | None, default=None) == {"type": "string", "nullable": True}


def test_optional_model_becomes_nullable_and_keeps_the_description_of_the_field() -> None:
    schema = field(Place | None, default=None, description="Only when known.")

    assert schema["nullable"] is True
    assert schema["description"] == "Only when known."
    assert schema["type"] == "object"


def test_a_type_list_becomes_nullable() -> None:
    assert field(str, json_schema_extra={"type": ["string", "null"]}) == {"type": "string", "nullable": True}


def test_alternatives_stay_alternatives() -> None:
    assert field(int | str | None, default=None) == {
        "anyOf": [{"type": "integer"}, {"type": "string"}],
        "nullable": True,
    }


def test_a_tagged_union_becomes_alternatives() -> None:
    class Cat(BaseModel):
        kind: Literal["cat"]

    class Dog(BaseModel):
        kind: Literal["dog"]

    schema = field(Cat | Dog, discriminator="kind")

    assert [option["properties"]["kind"]["enum"] for option in schema["anyOf"]] == [["cat"], ["dog"]]
    assert set(schema) == {"anyOf"}


def test_string_enums_stay() -> None:
    assert field(Colour) == {"type": "string", "enum": ["red", "blue"]}
    assert field(Literal["a", "b"]) == {"type": "string", "enum": ["a", "b"]}


def test_integer_enums_are_told_in_words_so_that_the_model_still_sends_a_number() -> None:
    assert field(Size) == {"type": "integer", "description": "One of: 1, 2."}
    assert field(Literal[15, 30], description="Minutes.") == {
        "type": "integer",
        "description": "Minutes. One of: 15, 30.",
    }


def test_const_becomes_an_enum_of_one() -> None:
    assert field(Literal["only"]) == {"type": "string", "enum": ["only"]}


def test_titles_defaults_examples_and_closed_models_leave_no_trace() -> None:
    class Noisy(BaseModel):
        model_config = ConfigDict(extra="forbid", title="T")

        x: int = Field(default=3, title="X", examples=[1], deprecated=True)

    assert for_gemini(Noisy) == {"type": "object", "properties": {"x": {"type": "integer"}}}


def test_fields_that_are_named_like_keywords_survive() -> None:
    class Named(BaseModel):
        title: str
        default: str
        format: str
        type: str

    assert list(for_gemini(Named)["properties"]) == ["title", "default", "format", "type"]


def test_only_formats_that_gemini_knows_are_kept() -> None:
    assert field(datetime) == {"type": "string", "format": "date-time"}
    assert field(date) == {"type": "string"}


def test_patterns_are_dropped_and_lengths_kept() -> None:
    assert field(str, pattern="^a", max_length=5) == {"type": "string", "maxLength": 5}


def test_exclusive_integer_bounds_become_inclusive() -> None:
    assert field(int, gt=0, lt=10) == {"type": "integer", "minimum": 1, "maximum": 9}


class Node(BaseModel):
    children: list["Node"] = []


@pytest.mark.parametrize(
    ("annotation", "says"),
    [
        (Node, "contains itself"),
        (dict[str, int], "use a model"),
        (tuple[int, str], "tuple"),
        (Any, "needs a type"),
        (list[Any], "needs a type"),
    ],
)
def test_what_gemini_cannot_express_is_refused_with_the_place(annotation: Any, says: str) -> None:
    with pytest.raises(UnsupportedSchemaError, match=rf"M\.x.*{says}"):
        field(annotation)


def test_no_arguments_is_an_object_without_fields() -> None:
    class Nothing(BaseModel):
        pass

    assert for_gemini(Nothing) == {"type": "object", "properties": {}}


EVERY_ACTION = [
    pytest.param(
        function_name(tool.metadata.slug, name, tool.metadata.actions),
        action,
        id=f"{tool.metadata.slug}.{name}",
    )
    for tool in ToolRegistry().all()
    for name, action in tool.metadata.actions.items()
]


@pytest.mark.parametrize(("name", "action"), EVERY_ACTION)
def test_every_action_of_every_tool_passes_geminis_own_conversion(name: str, action: Any) -> None:
    parameters = for_gemini(action.arguments)

    declaration = types.FunctionDeclaration(
        name=name, description=action.description, parameters=types.Schema.model_validate(parameters)
    )
    assert declaration.parameters is not None
    assert set(declaration.parameters.properties or {}) == set(action.arguments.model_fields)

    async def run(raw_arguments: dict[str, object]) -> str:
        return ""

    raw = {"name": name, "description": action.description, "parameters": parameters}
    context = llm.ToolContext([function_tool(run, raw_schema=raw)])
    tools, _ = create_tools_config(context, use_parameters_json_schema=False)
    [bound] = tools[0].function_declarations or []
    assert bound.name == name
    fields = bound.parameters.properties if bound.parameters else None
    assert set(fields or {}) == set(action.arguments.model_fields)
