"""The JSON Schema of an action's arguments, in the dialect that Gemini Live understands.

Gemini's `Schema` is a subset of OpenAPI 3.0: no `$ref`, no type lists, enums of strings only, few formats.
What pydantic writes beyond that crashes the client library or is refused by the server (close code 1007),
which ends the call. Here is the one place that translates. Only keywords known to work are kept; all
others are hints, and the arguments are validated against the full model before the tool runs.

Reference: https://ai.google.dev/api/caching#Schema
"""

import functools
from collections.abc import Mapping
from typing import Any, cast

from pydantic import BaseModel, PydanticUserError

from shared.errors import TrunklineError

Schema = dict[str, Any]

# Kept as they are. `title`, `default`, `examples`, `additionalProperties` and the rest are not understood,
# `pattern` is: but in another dialect of regular expressions than Python's.
_PLAIN = ("description", "minimum", "maximum", "minItems", "maxItems", "minLength", "maxLength", "required")

_FORMATS = {"string": {"date-time"}, "integer": {"int32", "int64"}, "number": {"float", "double"}}

_REFUSED = {
    "prefixItems": "a tuple; use a list or a model",
    "not": "a negation; validate it in the model",
    "patternProperties": "free keys; use a list of models",
}


class UnsupportedSchemaError(TrunklineError):
    """An arguments model uses what Gemini cannot express; the message says where and what to use."""


@functools.cache
def for_gemini(model: type[BaseModel]) -> Schema:
    """The object schema of `model`, made once: it must not be changed.

    Raises `UnsupportedSchemaError` when there is no faithful translation.
    """
    try:
        schema = model.model_json_schema()
    except PydanticUserError as error:
        raise UnsupportedSchemaError(f"{model.__name__}: {error.message}") from None
    translated = _Translation(model.__name__, schema.pop("$defs", {})).node(schema, model.__name__, ())
    if translated.get("type") != "object":
        raise UnsupportedSchemaError(f"{model.__name__}: Gemini needs named fields, which this model has not")
    return translated


class _Translation:
    def __init__(self, name: str, definitions: Mapping[str, Schema]) -> None:
        self._name = name
        self._definitions = definitions

    def node(self, source: Schema, where: str, inside: tuple[str, ...]) -> Schema:
        """`inside` lists the definitions being expanded; meeting one of them again is recursion."""
        if "$ref" in source:
            return self._reference(source, where, inside)
        for keyword, reason in _REFUSED.items():
            if keyword in source:
                raise UnsupportedSchemaError(f"{where}: Gemini cannot express {reason}")
        if "allOf" in source:
            return self._only_one_of_all(source, where, inside)
        for keyword in ("anyOf", "oneOf"):
            if keyword in source:
                return self._alternatives(source, source[keyword], where, inside)
        if isinstance(source.get("type"), list):
            return self._alternatives(source, [{**source, "type": t} for t in source["type"]], where, inside)
        return self._typed(source, where, inside)

    def _reference(self, source: Schema, where: str, inside: tuple[str, ...]) -> Schema:
        name = source["$ref"].removeprefix("#/$defs/")
        if name in inside or name not in self._definitions:
            raise UnsupportedSchemaError(
                f"{where}: {name} contains itself, which Gemini cannot express; use a fixed depth"
            )
        beside = {key: value for key, value in source.items() if key != "$ref"}
        return self.node({**self._definitions[name], **beside}, where, (*inside, name))

    def _only_one_of_all(self, source: Schema, where: str, inside: tuple[str, ...]) -> Schema:
        if len(source["allOf"]) != 1:
            raise UnsupportedSchemaError(f"{where}: Gemini cannot express an intersection; use one model")
        beside = {key: value for key, value in source.items() if key != "allOf"}
        return self.node({**source["allOf"][0], **beside}, where, inside)

    def _alternatives(
        self, source: Schema, options: list[Schema], where: str, inside: tuple[str, ...]
    ) -> Schema:
        present = [option for option in options if option.get("type") != "null"]
        translated = [self.node(option, where, inside) for option in present]
        result: Schema = translated[0] if len(translated) == 1 else {"anyOf": translated}
        if "description" in source:  # what the field says goes before what its type says
            result = {**result, "description": source["description"]}
        if len(present) < len(options):
            result["nullable"] = True
        return result

    def _typed(self, source: Schema, where: str, inside: tuple[str, ...]) -> Schema:
        values = [source["const"]] if "const" in source else cast("list[Any] | None", source.get("enum"))
        kind = source.get("type") or _type_of(values)
        if kind is None:
            raise UnsupportedSchemaError(f"{where}: Gemini needs a type; `Any` has none")
        result: Schema = {"type": kind, **{key: source[key] for key in _PLAIN if key in source}}
        if source.get("format") in _FORMATS.get(kind, ()):
            result["format"] = source["format"]
        if values is not None:
            _enumerate(result, values)
        if kind == "integer":
            _close_bounds(result, source)
        if kind == "array":
            result["items"] = self.node(source.get("items", {}), f"{where}[]", inside)
        if kind == "object":
            result["properties"] = self._properties(source, where, inside)
        return result

    def _properties(self, source: Schema, where: str, inside: tuple[str, ...]) -> Schema:
        properties: dict[str, Schema] = source.get("properties", {})
        if not properties and where != self._name:
            raise UnsupportedSchemaError(f"{where}: Gemini needs named fields; a dict has none, use a model")
        return {name: self.node(schema, f"{where}.{name}", inside) for name, schema in properties.items()}


def _type_of(values: list[Any] | None) -> str | None:
    if not values:
        return None
    names = {bool: "boolean", int: "integer", float: "number", str: "string"}
    found = {names.get(cast("type[Any]", type(value))) for value in values}
    return found.pop() if len(found) == 1 else None


def _enumerate(result: Schema, values: list[Any]) -> None:
    """Gemini's enums are strings. Numbers are told in words, since a string would not validate later."""
    if result["type"] == "string":
        result["enum"] = values
    elif result["type"] in ("integer", "number"):
        listed = f"One of: {', '.join(str(value) for value in values)}."
        result["description"] = f"{result.get('description', '')} {listed}".strip()


def _close_bounds(result: Schema, source: Schema) -> None:
    """Exclusive bounds do not exist; for integers the next one is the same."""
    if "exclusiveMinimum" in source:
        result["minimum"] = source["exclusiveMinimum"] + 1
    if "exclusiveMaximum" in source:
        result["maximum"] = source["exclusiveMaximum"] - 1


def function_name(slug: str, action: str, actions: Mapping[str, Any]) -> str:
    """What the model calls: `<slug>_<action>`, or just the slug when the tool does only one thing."""
    return slug if len(actions) == 1 else f"{slug}_{action}"
