"""The total order over values that Firestore documents, and equality with it.

https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering
"""

import math
import re
from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from local.firestore.errors import invalid
from local.firestore.proto import Value

Key = tuple[Any, ...]
"""Keys compare as their values do: `(type, what decides within the type)`."""


class Type(IntEnum):
    """Values of different types are ordered by type. NaN stands apart since no number is equal to it."""

    NULL = 0
    BOOLEAN = 1
    NAN = 2
    NUMBER = 3
    TIMESTAMP = 4
    STRING = 5
    BYTES = 6
    REFERENCE = 7
    GEO_POINT = 8
    ARRAY = 9
    MAP = 10


NULL: Key = (Type.NULL,)
NAN: Key = (Type.NAN,)

_MAX_DEPTH = 20
_MAX_FIELD_NAME_BYTES = 1500
_RESERVED = re.compile(r"__.*__", re.DOTALL)


class _Highest:
    """Greater than anything: ends the range of keys that begin alike."""

    def __lt__(self, other: object) -> bool:
        return False

    def __gt__(self, other: object) -> bool:
        return True


HIGHEST = _Highest()


def sort_key(value: Value) -> Key:
    """`sort_key(a) < sort_key(b)` as `a` sorts before `b`; equal keys are equal values."""
    match value.WhichOneof("value_type"):
        case "string_value":
            # Code points sort as their UTF-8 bytes do, which is what Firestore compares.
            return (Type.STRING, value.string_value)
        case "integer_value":
            return (Type.NUMBER, value.integer_value)
        case "boolean_value":
            return (Type.BOOLEAN, value.boolean_value)
        case "timestamp_value":
            return (Type.TIMESTAMP, value.timestamp_value.seconds, value.timestamp_value.nanos)
        case "double_value":
            return NAN if math.isnan(value.double_value) else (Type.NUMBER, value.double_value)
        case "map_value":
            return (
                Type.MAP,
                tuple((name, sort_key(v)) for name, v in sorted(value.map_value.fields.items())),
            )
        case "array_value":
            return (Type.ARRAY, tuple(sort_key(v) for v in value.array_value.values))
        case "bytes_value":
            return (Type.BYTES, value.bytes_value)
        case "reference_value":
            return name_key(value.reference_value)
        case "geo_point_value":
            return (Type.GEO_POINT, value.geo_point_value.latitude, value.geo_point_value.longitude)
        case _:
            return NULL


def name_key(name: str) -> Key:
    """The key of a document's name: names sort segment by segment."""
    return (Type.REFERENCE, tuple(name.split("/")))


def number_in(value: Value | None) -> int | float | None:
    if value is None:
        return None
    match value.WhichOneof("value_type"):
        case "integer_value":
            return value.integer_value
        case "double_value":
            return value.double_value
        case _:
            return None


def number_value(number: float) -> Value:
    """Integers that leave 64 bits stay at the border, as the server's own arithmetic does."""
    if isinstance(number, int):
        return Value(integer_value=max(-(2**63), min(2**63 - 1, number)))
    return Value(double_value=number)


def make_storable(fields: Mapping[str, Value], depth: int = 1) -> None:
    """Refuse what a document cannot hold, and cut times to the microseconds that are stored."""
    for name, value in fields.items():
        check_field_name(name)
        _make_value_storable(value, depth)


def check_field_name(name: str) -> None:
    if not name:
        raise invalid("The property.name is the empty string.")
    if _RESERVED.fullmatch(name):
        raise invalid(f"field name {name} is reserved")
    if len(name.encode()) > _MAX_FIELD_NAME_BYTES:
        raise invalid(f"The property.name is longer than {_MAX_FIELD_NAME_BYTES} bytes.")


def _make_value_storable(value: Value, depth: int, *, in_array: bool = False) -> None:
    kind = value.WhichOneof("value_type")
    if kind in ("map_value", "array_value") and depth > _MAX_DEPTH:
        raise invalid(f"Maps and arrays are nested deeper than {_MAX_DEPTH} levels.")
    match kind:
        case "map_value":
            make_storable(value.map_value.fields, depth + 1)
        case "array_value":
            if in_array:
                raise invalid("Cannot convert an array value in an array value.")
            for item in value.array_value.values:
                _make_value_storable(item, depth + 1, in_array=True)
        case "timestamp_value":
            value.timestamp_value.nanos -= value.timestamp_value.nanos % 1000
        case None:
            raise invalid("Cannot convert firestore.v1.Value with type unset.")
        case _:
            pass
