"""Listen: the results of queries and single documents, and then every change to them (`on_snapshot`).

A commit wakes each stream; a stream looks again at the targets that the commit may concern and sends what is
different. Commits that come faster than a client reads are therefore told together, as by Firestore itself.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from local.firestore import search
from local.firestore.errors import unimplemented
from local.firestore.proto import ListenRequest, ListenResponse, Target, TargetChange, timestamp
from local.firestore.query import Query
from local.firestore.scope import StoredDocument
from local.firestore.store import Store


@dataclass
class _Watch:
    """One target of a stream, and what the client knows of it."""

    target_id: int
    names: frozenset[str]
    """The documents watched, unless it is a query."""
    query: Query | None
    known: dict[str, int] = field(default_factory=dict[str, int])
    """Versions by document name."""

    @classmethod
    def of(cls, target: Target) -> "_Watch":
        match target.WhichOneof("target_type"):
            case "query":
                query = Query.of(target.query.parent, target.query.structured_query)
                return cls(target.target_id, frozenset(), query)
            case "documents":
                return cls(target.target_id, frozenset(target.documents.documents), None)
            case _:
                raise unimplemented("a Target that is neither a query nor documents")

    def concerns(self, changed: set[str]) -> bool:
        if self.query is None:
            return not self.names.isdisjoint(changed)
        return any(map(self.query.covers, changed))

    def read(self, store: Store) -> list[StoredDocument]:
        if self.query is not None:
            return search.run(store, self.query)
        return [stored for name in sorted(self.names) if (stored := store.get(name))]


class ListenStream:
    """One Listen call: `requests` come from the client, `responses` go to it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watches: dict[int, _Watch] = {}
        self._changed: set[str] = set()
        self._inbox: list[ListenRequest] = []
        self._closed = False
        self._wake = asyncio.Event()

    async def responses(self, requests: AsyncIterator[ListenRequest]) -> AsyncIterator[ListenResponse]:
        self._store.subscribe(self._on_commit)
        receiving = asyncio.create_task(self._receive(requests))
        try:
            while not self._closed:
                await self._wake.wait()
                self._wake.clear()
                for response in [*self._handle_requests(), *self._handle_changes()]:
                    yield response
            await receiving  # raises what the stream of requests broke with
        finally:
            receiving.cancel()
            self._store.unsubscribe(self._on_commit)

    async def _receive(self, requests: AsyncIterator[ListenRequest]) -> None:
        try:
            async for request in requests:
                self._inbox.append(request)
                self._wake.set()
        finally:
            self._closed = True
            self._wake.set()

    def _on_commit(self, changed: frozenset[str]) -> None:
        self._changed |= changed
        self._wake.set()

    def _handle_requests(self) -> list[ListenResponse]:
        inbox, self._inbox = self._inbox, []
        responses: list[ListenResponse] = []
        for request in inbox:
            if request.WhichOneof("target_change") == "remove_target":
                self._watches.pop(request.remove_target, None)
                responses.append(_target_change(TargetChange.REMOVE, request.remove_target))
            else:
                responses += self._add(request.add_target)
        return responses

    def _add(self, target: Target) -> list[ListenResponse]:
        if target.once:
            raise unimplemented("Target.once")
        watch = _Watch.of(target)
        self._watches[watch.target_id] = watch
        responses = [_target_change(TargetChange.ADD, watch.target_id)]
        if target.WhichOneof("resume_type"):
            # What was deleted since the client lost its stream is not known here, so it starts afresh.
            responses.append(_target_change(TargetChange.RESET, watch.target_id))
        responses += self._differences(watch)
        responses.append(self._consistent(TargetChange.CURRENT, watch.target_id))
        responses.append(self._consistent(TargetChange.NO_CHANGE))
        return responses

    def _handle_changes(self) -> list[ListenResponse]:
        changed, self._changed = self._changed, set()
        concerned = [watch for watch in self._watches.values() if watch.concerns(changed)]
        responses = [response for watch in concerned for response in self._differences(watch)]
        return [*responses, self._consistent(TargetChange.NO_CHANGE)] if responses else []

    def _differences(self, watch: _Watch) -> list[ListenResponse]:
        found = watch.read(self._store)
        responses = [
            ListenResponse(document_change={"document": stored.document, "target_ids": [watch.target_id]})
            for stored in found
            if watch.known.get(stored.name) != stored.version
        ]
        names = {stored.name for stored in found}
        # A document that is watched by name is told as deleted also when it never existed.
        expected = watch.known.keys() if watch.known else watch.names
        gone = expected - names
        responses += [self._gone(name, watch.target_id) for name in sorted(gone)]
        watch.known = {stored.name: stored.version for stored in found}
        return responses

    def _gone(self, name: str, target_id: int) -> ListenResponse:
        """Deleted, or no longer among a query's results."""
        kind = "document_remove" if self._store.get(name) else "document_delete"
        told = {
            "document": name,
            "removed_target_ids": [target_id],
            "read_time": timestamp(self._store.now()),
        }
        return ListenResponse(**{kind: told})

    def _consistent(self, kind: int, *target_ids: int) -> ListenResponse:
        """Everything up to now has been told."""
        now = self._store.now()
        return _target_change(
            kind, *target_ids, read_time=timestamp(now), resume_token=now.to_bytes(8, "big")
        )


def _target_change(kind: int, *target_ids: int, **more: object) -> ListenResponse:
    return ListenResponse(target_change={"target_change_type": kind, "target_ids": target_ids, **more})
