"""pydantic's findings as errors that name the field and say what is wrong, without the value itself."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from shared.errors import InvalidFieldsError


def invalid_fields(error: ValidationError, *, below: str = "") -> InvalidFieldsError:
    """`below` is the path of the object that was validated, such as "config"."""
    findings = error.errors(include_url=False, include_input=False, include_context=False)
    prefix = [below] if below else []
    return InvalidFieldsError([(field_path([*prefix, *f["loc"]]), reason(f)) for f in findings])


def field_path(location: Iterable[str | int]) -> str:
    """ "hours.0.opens"."""
    return ".".join(str(part) for part in location)


def reason(finding: Mapping[str, Any]) -> str:
    return str(finding["msg"]).removeprefix("Value error, ")
