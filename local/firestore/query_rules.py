"""Which queries Firestore refuses.

https://firebase.google.com/docs/firestore/query-data/queries#query_limitations
(and what the official emulator answers)
"""

from local.firestore.errors import invalid
from local.firestore.proto import StructuredQuery


def check(query: StructuredQuery) -> None:
    """Raises INVALID_ARGUMENT."""
    if query.offset < 0:
        raise invalid("offset is negative")
    if query.HasField("limit") and query.limit.value < 0:
        raise invalid("limit is negative")
