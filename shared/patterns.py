"""Patterns with names: a regular expression does not tell a person what to write."""

from collections.abc import Mapping
from typing import Any

_names: dict[str, str] = {}
"""By pattern."""


def named(pattern: str, name: str) -> str:
    """The pattern, for a field; who breaks it reads that it must be `name`."""
    _names[pattern] = name
    return pattern


def name_of(pattern: str) -> str | None:
    return _names.get(pattern)


def words_of(finding: Mapping[str, Any]) -> str:
    """What pydantic found, for a person; without the value."""
    if finding["type"] == "union_tag_invalid":  # pydantic's words have the value
        return "{discriminator} must be one of {expected_tags}".format(**finding["ctx"])
    if finding["type"] == "string_pattern_mismatch" and (name := name_of(finding["ctx"]["pattern"])):
        return f"must be {name}"
    return str(finding["msg"]).removeprefix("Value error, ")
