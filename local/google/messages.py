"""Bridges the gap between proto-plus messages and their type annotations.

At run time time stamps and durations read as datetimes and timedeltas, while the annotations name the
protobuf classes, which is what must be assigned.
"""

from datetime import timedelta
from typing import Any, TypeVar, cast

import proto
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

MessageT = TypeVar("MessageT", bound=proto.Message)


def load(kind: type[MessageT], data: bytes) -> MessageT:
    return cast("MessageT", kind.deserialize(data))


def dump(message: proto.Message) -> bytes:
    return type(message).serialize(message)


def timestamp(seconds: float) -> Timestamp:
    result = Timestamp()
    result.FromMicroseconds(round(seconds * 1e6))
    return result


def seconds(value: Timestamp) -> float:
    """Since the epoch."""
    return cast("Any", value).timestamp()


def duration(span: timedelta) -> Duration:
    result = Duration()
    result.FromTimedelta(span)
    return result


def span(value: Duration) -> timedelta:
    return cast("timedelta", value)
