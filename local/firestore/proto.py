"""The protobuf classes beneath the client library's types.

The library's own classes wrap these for comfort; a server reads and writes every field, for which the plain
ones are several times faster. They are generated at run time, so a type checker sees only their names.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:

    class Document(Any): ...

    class Value(Any): ...

    class Timestamp(Any): ...

    class Write(Any): ...

    class WriteResult(Any): ...

    class FieldTransform(Any): ...

    class StructuredQuery(Any): ...

    class Filter(Any): ...

    class Cursor(Any): ...

    class Aggregation(Any): ...

    class TransactionOptions(Any): ...

    class TargetChange(Any): ...

    class Target(Any): ...

    class ListenRequest(Any): ...

    class ListenResponse(Any): ...

else:
    from google.cloud.firestore_v1 import types
    from google.protobuf.timestamp_pb2 import Timestamp

    Document = types.Document.pb()
    Value = types.Value.pb()
    Write = types.Write.pb()
    WriteResult = types.WriteResult.pb()
    FieldTransform = types.DocumentTransform.FieldTransform.pb()
    StructuredQuery = types.StructuredQuery.pb()
    Filter = StructuredQuery.Filter
    Cursor = types.Cursor.pb()
    Aggregation = types.StructuredAggregationQuery.Aggregation.pb()
    TransactionOptions = types.TransactionOptions.pb()
    TargetChange = types.TargetChange.pb()
    Target = types.Target.pb()
    ListenRequest = types.ListenRequest.pb()
    ListenResponse = types.ListenResponse.pb()

__all__ = [
    "Aggregation",
    "Cursor",
    "Document",
    "FieldTransform",
    "Filter",
    "ListenRequest",
    "ListenResponse",
    "StructuredQuery",
    "Target",
    "TargetChange",
    "Timestamp",
    "TransactionOptions",
    "Value",
    "Write",
    "WriteResult",
]


def timestamp(microseconds: int) -> Timestamp:
    """Microseconds since the epoch, Firestore's resolution, as a protobuf timestamp."""
    seconds, rest = divmod(microseconds, 1_000_000)
    return Timestamp(seconds=seconds, nanos=rest * 1000)


def microseconds(time: Timestamp) -> int:
    return time.seconds * 1_000_000 + time.nanos // 1000
