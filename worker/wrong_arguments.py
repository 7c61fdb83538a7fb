"""What the model is told of arguments that it got wrong: which, what is wrong, and what is expected.

In plain words, for it may say them to the caller, and models repeat a call rightly when told what to change.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from shared.patterns import words_of
from shared.services.field_errors import field_path

MOST_SENTENCES = 2
LONGEST_VALUE = 60
"""Characters of a wrong value that are quoted."""

_A_DATE, _A_TIME = "a date such as 2026-11-24", "a date and time such as 2026-11-24T14:00:00"
_CLOCK = "a time of day such as 14:30"
_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "list_type": "a list",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
    "literal_error": "{expected}",
    "enum": "{expected}",
    "date_type": _A_DATE,
    "date_parsing": _A_DATE,
    "date_from_datetime_parsing": _A_DATE,
    "date_from_datetime_inexact": _A_DATE,
    "datetime_type": _A_TIME,
    "datetime_parsing": _A_TIME,
    "datetime_from_date_parsing": _A_TIME,
    "time_type": _CLOCK,
    "time_parsing": _CLOCK,
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "string_too_short": "longer: {min_length} or more characters",
    "string_too_long": "shorter: at most {max_length} characters",
    "too_short": "longer: {min_length} or more entries",
    "too_long": "shorter: at most {max_length} entries",
}
"""Rule → what follows "must be": https://pydantic.dev/docs/validation/latest/errors/validation_errors/"""
_NOT_QUOTED = ("too_short", "too_long")
"""Of these endings: the value says less than its length, which the rule tells."""


def sentences_about(error: ValidationError, arguments: type[BaseModel]) -> str:
    """The first `MOST_SENTENCES`: who corrects those learns of the rest."""
    findings = error.errors(include_url=False)
    missing = [field_path(each["loc"]) for each in findings if each["type"] == "missing"]
    unknown = [field_path(each["loc"]) for each in findings if each["type"] == "extra_forbidden"]
    sentences = [_missing(missing, arguments)] if missing else []
    if unknown:
        sentences.append(_unknown(unknown, arguments))
    sentences += [
        _wrong(each, arguments) for each in findings if each["type"] not in ("missing", "extra_forbidden")
    ]
    return " ".join(sentences[:MOST_SENTENCES])


def _missing(names: Sequence[str], arguments: type[BaseModel]) -> str:
    if len(names) > 1:
        return f"The arguments {_listed([_quoted(name) for name in names])} are missing."
    return f"The argument {_quoted(names[0])} is missing.{_described(names[0], arguments)}"


def _unknown(names: Sequence[str], arguments: type[BaseModel]) -> str:
    made_up = f"There is no argument {_listed([_quoted(name) for name in names])}"
    if not arguments.model_fields:
        return f"{made_up}: this function takes none."
    return f"{made_up}, only {_listed([_quoted(name) for name in arguments.model_fields])}."


def _wrong(finding: Mapping[str, Any], arguments: type[BaseModel]) -> str:
    name, rule, value = field_path(finding["loc"]), str(finding["type"]), finding["input"]
    reason = words_of(finding).rstrip(".")
    if not name:  # about several of them together
        return f"These arguments are not right: {reason}."
    if rule == "string_pattern_mismatch":
        return f"The argument {_quoted(name)} cannot be {_shown(value)}.{_described(name, arguments)}"
    if rule not in _EXPECTED:
        return f"The argument {_quoted(name)} is wrong: {reason}."
    expected = _EXPECTED[rule].format_map(finding.get("ctx") or {})
    instead = "" if rule.endswith(_NOT_QUOTED) else f", not {_shown(value)}"
    return f"The argument {_quoted(name)} must be {expected}{instead}."


def _described(name: str, arguments: type[BaseModel]) -> str:
    """What the model was told of it with the function."""
    field = arguments.model_fields.get(name.split(".")[0])
    return f" Expected: {field.description}" if field is not None and field.description else ""


def _quoted(name: str) -> str:
    return f"“{name}”"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}…"


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
