"""pydantic's findings as errors that name the field and say what is wrong, without the value itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from shared.errors import InvalidField, InvalidFieldsError
from shared.patterns import words_of

LIMITS = {
    "greater_than": "gt",
    "greater_than_equal": "ge",
    "less_than": "lt",
    "less_than_equal": "le",
    "string_too_short": "min_length",
    "string_too_long": "max_length",
    "too_short": "min_length",
    "too_long": "max_length",
}
"""Rule → what its number is called: https://pydantic.dev/docs/validation/latest/errors/validation_errors/"""


def invalid_fields(error: ValidationError, *, below: str = "") -> InvalidFieldsError:
    """`below` is the path of the object that was validated, such as "config"."""
    findings = error.errors(include_url=False, include_input=False)
    prefix = [below] if below else []
    return InvalidFieldsError(invalid_field(f, field_path([*prefix, *f["loc"]]) or "body") for f in findings)


def invalid_field(finding: Mapping[str, Any], path: str) -> InvalidField:
    """Of the rule's context only its number is taken: the rest may hold the value."""
    code = str(finding["type"])
    context: Mapping[str, Any] = finding.get("ctx") or {}
    limit = context.get(LIMITS.get(code, ""))
    return InvalidField(
        path, words_of(finding), code, float(limit) if isinstance(limit, int | float) else None
    )


def field_path(location: Iterable[str | int]) -> str:
    """ "hours.0.opens"."""
    return ".".join(str(part) for part in location)
