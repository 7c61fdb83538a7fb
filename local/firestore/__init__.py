"""A stand-in for Firestore in Native mode: the real gRPC protocol, on the client library's own message types.

One process, one event loop, no threads: whatever happens between two awaits is atomic, so no operation
needs a lock. Documents live in memory, ordered by the indexes that queries ask for, and are written
through to SQLite.

    values       the order and equality of values          store         documents, their history, who is told
    field_paths  `a.b` in documents and masks              writes        set, update, transform, preconditions
    scope        the documents a query looks at, indexes   transactions  snapshots and conflict detection
    query        what a query asks for                     listen        on_snapshot
    search       which index answers it                    service       the RPCs
    recorder     kinds of queries that were run            indexes       which of them a deployment can answer
    server       the RPCs on a port
"""

from local.firestore.indexes import DEPLOYED
from local.firestore.server import FirestoreServer

__all__ = ["DEPLOYED", "FirestoreServer"]
