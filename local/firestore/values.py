"""The total order over values that Firestore documents, and equality with it.

https://firebase.google.com/docs/firestore/manage-data/data-types#value_type_ordering
"""

import math
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


def number_value(number: int | float) -> Value:
    """Integers that leave 64 bits stay at the border, as the server's own arithmetic does."""
    if isinstance(number, int):
        return Value(integer_value=max(-(2**63), min(2**63 - 1, number)))
    return Value(double_value=number)


def make_storable(value: Value, *, in_array: bool = False, depth: int = 1) -> None:
    """Refuse what a document cannot hold, and cut times to the microseconds that are stored."""
    if depth > _MAX_DEPTH:
        raise invalid(f"Property is nested deeper than {_MAX_DEPTH} levels.")
    match value.WhichOneof("value_type"):
        case "timestamp_value":
            value.timestamp_value.nanos -= value.timestamp_value.nanos % 1000
        case "array_value":
            if in_array:
                raise invalid("Nested arrays are not allowed.")
            for item in value.array_value.values:
                make_storable(item, in_array=True, depth=depth + 1)
        case "map_value":
            for item in value.map_value.fields.values():
                make_storable(item, depth=depth + 1)
        case _:
            pass
