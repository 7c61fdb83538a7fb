"""Whether a tool's config fits its schema, and the places where it is to be stored."""

import math
from collections.abc import Mapping
from functools import cache
from typing import Any, Optional, cast

from pydantic import BaseModel, SecretStr, create_model

from shared.services.tool_catalog import secret_fields
from shared.tools.base.base_tool import ToolMetadata

MAX_SECRET_BYTES = 60_000
"""Secret Manager takes 64 KiB."""

MAX_LEVELS = 15
"""Of dicts and lists within each other in a config; Firestore takes 20 in a document."""


def unfit(secret: SecretStr) -> str | None:
    """Why it cannot be stored; None: it can."""
    try:
        size = len(secret.get_secret_value().encode())
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say
        return "cannot be stored"
    return "is too long to be stored" if size > MAX_SECRET_BYTES else None


def is_storable(value: Any, levels: int = MAX_LEVELS) -> bool:
    """JSON allows more than Firestore: `NaN` by Python's reading, any integer, lists right within lists, and
    as many levels as one likes."""
    match value:
        case dict() | list() if levels == 0:
            return False
        case float():
            return math.isfinite(value)
        case int():
            return -(2**63) <= value < 2**63
        case dict():
            return all(is_storable(each, levels - 1) for each in cast("dict[str, Any]", value).values())
        case list():
            items = cast("list[Any]", value)
            return all(not isinstance(each, list) and is_storable(each, levels - 1) for each in items)
        case _:
            return True


def validated_config(metadata: ToolMetadata, config: Mapping[str, Any], stored: set[str]) -> BaseModel:
    """Secret fields that have a stored value need not be given. Raises pydantic's `ValidationError`."""
    kept = frozenset(name for name in secret_fields(metadata.config) if name in stored and name not in config)
    return _without_required(metadata.config, kept).model_validate(dict(config))


@cache
def _without_required(config: type[BaseModel], names: frozenset[str]) -> type[BaseModel]:
    """Made once for each combination: making a model takes milliseconds."""
    if not names:
        return config
    field: Any = (Optional[SecretStr], None)  # noqa: UP045 - a value, not an annotation
    optional: dict[str, Any] = dict.fromkeys(sorted(names), field)
    return create_model(config.__name__, __base__=config, **optional)
