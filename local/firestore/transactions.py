"""Transactions: they read a snapshot, and commit only if what they read has not changed since.

This is Firestore's optimistic mode: nobody waits, whoever commits second is told ABORTED and tries again.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from local.firestore.errors import aborted, invalid, unimplemented
from local.firestore.proto import TransactionOptions
from local.firestore.scope import StoredDocument
from local.firestore.store import Store

_LIFETIME_SECONDS = 270.0

Reread = Callable[[], object]
"""Runs a query again, on the present documents."""


@dataclass
class Transaction:
    read_only: bool
    expires_at: float
    """In `time.monotonic()`."""
    snapshot: int | None = None
    """Taken by the first read."""
    documents: dict[str, int | None] = field(default_factory=dict[str, int | None])
    """The version of each document that was read; None: it did not exist."""
    queries: list[tuple[Reread, object]] = field(default_factory=list[tuple[Reread, object]])
    """Each query, and what it answered."""


class Transactions:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[bytes, Transaction] = {}

    def begin(self, options: TransactionOptions) -> bytes:
        self._forget_expired()
        if options.read_only.HasField("read_time"):
            raise unimplemented("TransactionOptions.read_only.read_time")
        token = secrets.token_bytes(16)
        read_only = options.WhichOneof("mode") == "read_only"
        self._open[token] = Transaction(read_only, time.monotonic() + _LIFETIME_SECONDS)
        return token

    def rollback(self, token: bytes) -> None:
        self._close(token)

    def snapshot(self, token: bytes) -> int:
        """The time as of which the transaction reads."""
        transaction = self._get(token)
        if transaction.snapshot is None:
            transaction.snapshot = self._store.pin()
        return transaction.snapshot

    def note_document(self, token: bytes, name: str, stored: StoredDocument | None) -> None:
        self._get(token).documents[name] = stored.version if stored else None

    def note_query(self, token: bytes, answer: object, reread: Reread) -> None:
        self._get(token).queries.append((reread, answer))

    def finish(self, token: bytes, *, writes: bool) -> None:
        """End the transaction before its writes are applied. Raises ABORTED when what it read has changed."""
        transaction = self._get(token)
        self._close(token)
        if transaction.read_only:
            if writes:
                raise invalid("Cannot modify entities in a read-only transaction.")
            return
        for name, version in transaction.documents.items():
            stored = self._store.get(name)
            if (stored.version if stored else None) != version:
                raise aborted(
                    "Transaction contention: a document that it read was changed. Please try again."
                )
        for reread, answer in transaction.queries:
            if reread() != answer:
                raise aborted(
                    "Transaction contention: a query that it ran has new results. Please try again."
                )

    def _get(self, token: bytes) -> Transaction:
        transaction = self._open.get(token)
        if transaction is None or transaction.expires_at < time.monotonic():
            raise invalid("The referenced transaction has expired or is no longer valid.")
        return transaction

    def _close(self, token: bytes) -> None:
        transaction = self._open.pop(token, None)
        if transaction and transaction.snapshot is not None:
            self._store.unpin(transaction.snapshot)

    def _forget_expired(self) -> None:
        now = time.monotonic()
        for token in [token for token, transaction in self._open.items() if transaction.expires_at < now]:
            self._close(token)
