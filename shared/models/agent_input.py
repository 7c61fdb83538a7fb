"""What people may make of an agent: stricter than what is read back, so that old documents stay readable."""

import itertools
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, GetJsonSchemaHandler, RootModel, StringConstraints
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.models.agent import AgentSettings, OpeningHours
from shared.models.voices import VOICES
from shared.patterns import named

_VOICES = sorted(voice.name for voice in VOICES)

MODELS = ("gemini-3.8-live", "gemini-live-2.5-flash-native-audio")
"""The first on the Gemini API, the second on Vertex AI."""


def _known_voice(name: str) -> str:
    if name not in _VOICES:
        raise ValueError(f"is not one of {', '.join(_VOICES)}")
    return name


def _known_model(name: str) -> str:
    if name not in MODELS:
        raise ValueError(f"is not one of {', '.join(MODELS)}")
    return name


def closing_later(spans: list[OpeningHours] | None) -> list[OpeningHours] | None:
    """Raises `ValueError` for a span that would never be open."""
    for span in spans or []:
        if span.closes <= span.opens:
            raise ValueError(f"weekday {span.weekday} closes before it opens; use a span on each day")
    return spans


def _possible_hours(spans: list[OpeningHours] | None) -> list[OpeningHours] | None:
    ordered = sorted(closing_later(spans) or [], key=lambda span: (span.weekday, span.opens))
    for earlier, later in itertools.pairwise(ordered):
        if earlier.weekday == later.weekday and later.opens < earlier.closes:
            raise ValueError(f"two spans of weekday {later.weekday} overlap")
    return spans


_LANGUAGE = named(
    r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$", "a language tag, such as en-US or de"
)

LanguageTag = Annotated[str, StringConstraints(pattern=_LANGUAGE, max_length=20)]

_CONTROL = r"\x00-\x1f\x7f\u2028\u2029"
_SPACE = r" \x85\xa0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""What is stripped, one by one: `\\s` is something else in every language."""

Line = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        min_length=1,
        max_length=80,
        pattern=named(
            f"^[^{_CONTROL}]*[^{_CONTROL}{_SPACE}][^{_CONTROL}]*$", "one line, without control characters"
        ),
    ),
]
"""A name of something: one short line."""


class AgentInput(AgentSettings):
    """An agent as a request describes it; whatever is left out has its default."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Line
    voice: Annotated[str, AfterValidator(_known_voice), Field(json_schema_extra={"enum": list(_VOICES)})] = (
        "Kore"
    )
    model: Annotated[str, AfterValidator(_known_model), Field(json_schema_extra={"enum": list(MODELS)})] = (
        MODELS[0]
    )
    language: Annotated[str, StringConstraints(pattern=_LANGUAGE)] = "en-US"
    hours: Annotated[list[OpeningHours] | None, AfterValidator(_possible_hours)] = Field(
        default=None, max_length=50, description="When the agent answers, else the fallback; null: always."
    )


class AgentPatch(RootModel[dict[str, Any]]):
    """Some of an agent's fields with their new values. Each replaces the old one whole; null is a value.

    The whole agent is validated with them, so that rules between fields hold.
    """

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """`AgentInput`'s, with nothing required and without defaults."""
        whole = handler.resolve_ref_schema(handler(AgentInput.__pydantic_core_schema__))
        properties = {
            name: {key: value for key, value in field.items() if key != "default"}
            for name, field in whole["properties"].items()
        }
        return {
            "type": "object",
            "title": "AgentPatch",
            "description": cls.__doc__.split("\n")[0] if cls.__doc__ else "",
            "properties": properties,
            "additionalProperties": False,
        }
