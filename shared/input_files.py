"""Files that a person writes (scenarios, seed data, tenants) are checked before anything starts."""

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from shared.errors import ConfigurationError
from shared.patterns import words_of

ModelT = TypeVar("ModelT", bound=BaseModel)

_EXPECTED = {
    "missing": "expected, but not there",
    "string_type": "expected text, in quotes where it could be something else",
    "dict_type": "expected fields, each with a value",
    "model_type": "expected fields, each with a value",
    "model_attributes_type": "expected fields, each with a value",
    "list_type": "expected a list",
    "union_tag_not_found": "expected a field that tells its kind",
}
"""Where pydantic's own words are about Python."""


class InputError(ConfigurationError):
    """A mistake in a file: one line that names the file, the field and what was expected."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice, of which the second would win without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in names:
                raise yaml.MarkedYAMLError(problem=f"{key.value} stands twice", problem_mark=key.start_mark)
            names.add(str(key.value))
        return super().construct_mapping(node, deep)


def load_yaml(path: Path, model: type[ModelT]) -> ModelT:
    """Raises `InputError` for a file that is missing, is not YAML or does not fit `model`."""
    try:
        data: Any = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text in UTF-8: {error.reason} at byte {error.start}") from None
    except yaml.MarkedYAMLError as error:
        line = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        problem = " ".join(filter(None, (error.context, error.problem)))  # one sentence in two halves
        raise InputError(f"{path}: is not YAML: {line}{problem}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise InputError(f"{path}: is not YAML: {' '.join(str(error).split())}") from None
    try:
        # A stored document may have fields of another release; a file has none but mistakes.
        return model.model_validate(data, extra="forbid")
    except ValidationError as error:
        raise InputError(f"{path}: {first_mistake(error, model)}") from None


def first_mistake(error: ValidationError, model: type[BaseModel]) -> str:
    """The field, what was expected, and what was found where that helps; `error` is of validating `model`."""
    # A field that is wrongly named is missing as well.
    unknown_first = sorted(error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden")
    one = unknown_first[0]
    field = ".".join(str(part) for part in one["loc"] if part != "[key]") or "the file"
    if one["type"] == "value_error":  # our own words, which tell what was found
        return f"{field}: {words_of(one)}" if one["loc"] else words_of(one)
    if one["type"] == "extra_forbidden":
        expected = ", ".join(_fields_at(model, one["loc"][:-1]))
        return f"{field}: unknown field, expected one of {expected or 'none'}"
    expected = _EXPECTED.get(one["type"], words_of(one))
    return f"{field}: {expected}" + ("" if one["type"] == "missing" else f" (found {one['input']!r:.80})")


def _fields_at(model: type[BaseModel], place: Sequence[int | str]) -> list[str]:
    """Names of the fields that may stand at `place` in data for `model`."""
    schema = model.model_json_schema()
    definitions: dict[str, Any] = schema.get("$defs", {})
    nodes = list(_alternatives(schema, definitions))
    for step in place:
        below = [
            one for node in nodes for child in _below(node, step) for one in _alternatives(child, definitions)
        ]
        # pydantic names the chosen member of a union in between: after the field that tells it, or its value.
        chosen = [node for node in nodes if _is_member(node.get("properties", {}), step)]
        nodes = [one for one in below if one.get("type") in ("object", "array")] or chosen or nodes
    return list(dict.fromkeys(name for node in nodes for name in node.get("properties", ())))


def _is_member(fields: dict[str, Any], name: int | str) -> bool:
    return name in fields or any(field.get("const") == name for field in fields.values())


def _below(node: dict[str, Any], step: int | str) -> Generator[dict[str, Any]]:
    if isinstance(step, int):
        if "items" in node:
            yield node["items"]
    elif step in node.get("properties", ()):
        yield node["properties"][step]
    else:
        yield from node.get("patternProperties", {}).values()
        if isinstance(node.get("additionalProperties"), dict):
            yield node["additionalProperties"]


def _alternatives(node: dict[str, Any], definitions: dict[str, Any]) -> Generator[dict[str, Any]]:
    if "$ref" in node:
        yield from _alternatives(definitions[node["$ref"].removeprefix("#/$defs/")], definitions)
    elif options := [*node.get("anyOf", ()), *node.get("oneOf", ())]:
        for option in options:
            yield from _alternatives(option, definitions)
    else:
        yield node
