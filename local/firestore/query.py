"""What a query asks for, checked and compiled once."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from local.firestore.field_paths import DOCUMENT_NAME
from local.firestore.filters import (
    INEQUALITIES,
    Predicate,
    Term,
    conjuncts,
    leaves,
    path_and_operator,
    predicate,
    term,
)
from local.firestore.proto import StructuredQuery
from local.firestore.query_rules import check
from local.firestore.scope import KeyOf, StoredDocument, key_of
from local.firestore.values import Key, sort_key


@dataclass(frozen=True)
class Order:
    path: str
    descending: bool

    @cached_property
    def key(self) -> KeyOf:
        return key_of(self.path)

    def present_key(self, stored: StoredDocument) -> Key:
        """For a document that has the field, as every result of the query does."""
        key = self.key(stored)
        assert key is not None
        return key


@dataclass(frozen=True)
class Bound:
    """Where results begin or end: a position in the order of the results."""

    keys: tuple[Key, ...]
    before: bool
    """The position is before the documents that are equal to `keys`, rather than behind them."""


@dataclass(frozen=True)
class Query:
    parent: str
    collection_id: str
    descendants: bool
    terms: tuple[Term, ...]
    """Comparisons that every result passes …"""
    rest: tuple[Predicate, ...]
    """… and conditions that are more than one comparison."""
    orders: tuple[Order, ...]
    """Complete: it ends with the document's name, so that no two documents are equal."""
    start: Bound | None
    end: Bound | None
    offset: int
    limit: int | None
    select: tuple[str, ...] | None
    """Paths of the fields to return; None: all."""

    @classmethod
    def of(cls, parent: str, request: StructuredQuery) -> Self:
        """Raises INVALID_ARGUMENT for what Firestore refuses."""
        check(request)
        selector = request.from_[0]
        parts = list(conjuncts(request.where))
        return cls(
            parent=parent,
            collection_id=selector.collection_id,
            descendants=selector.all_descendants,
            terms=tuple(term(part) for part in parts if not part.HasField("composite_filter")),
            rest=tuple(predicate(part) for part in parts if part.HasField("composite_filter")),
            orders=_orders(request),
            start=_bound(request, "start_at"),
            end=_bound(request, "end_at"),
            offset=request.offset,
            limit=request.limit.value if request.HasField("limit") else None,
            select=tuple(f.field_path for f in request.select.fields) if request.HasField("select") else None,
        )

    def accepts(self, stored: StoredDocument) -> bool:
        """Whether the document is among the results, before offset and limit."""
        return (
            self.covers(stored.name)
            and all(term.matches(stored) for term in self.terms)
            and all(matches(stored) for matches in self.rest)
            and all(order.key(stored) is not None for order in self.orders)
            and self._within_bounds(stored)
        )

    def covers(self, name: str) -> bool:
        """Whether a document of that name is in one of the collections asked for."""
        collection, _, _ = name.rpartition("/")
        if not self.descendants:
            return collection == f"{self.parent}/{self.collection_id}"
        below = name.startswith(self.parent + "/")
        return below and self.collection_id in ("", collection.rpartition("/")[2])

    def _within_bounds(self, stored: StoredDocument) -> bool:
        if self.start and self._is_before(stored, self.start):
            return False
        return not self.end or self._is_before(stored, self.end)

    def _is_before(self, stored: StoredDocument, bound: Bound) -> bool:
        for order, key in zip(self.orders, bound.keys, strict=False):
            found = order.present_key(stored)
            if found != key:
                return (found < key) != order.descending
        return not bound.before


def _orders(request: StructuredQuery) -> tuple[Order, ...]:
    """As asked for, then by the fields of inequalities, then by name, in the last direction asked for."""
    descending = StructuredQuery.Direction.DESCENDING
    orders = [Order(o.field.field_path, o.direction == descending) for o in request.order_by]
    last = orders[-1].descending if orders else False
    inequalities = {
        path for path, name in map(path_and_operator, leaves(request.where)) if name in INEQUALITIES
    }
    for path in [*sorted(inequalities - {DOCUMENT_NAME}), DOCUMENT_NAME]:
        if path not in (order.path for order in orders):
            orders.append(Order(path, last))
    return tuple(orders)


def _bound(request: StructuredQuery, name: str) -> Bound | None:
    if not request.HasField(name):
        return None
    cursor = getattr(request, name)
    return Bound(tuple(sort_key(value) for value in cursor.values), cursor.before)
