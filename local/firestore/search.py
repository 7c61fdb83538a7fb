"""Runs a query: finds the index that answers it, walks the part of it that matters, stops at the limit."""

from collections.abc import Iterator
from itertools import islice

from local.firestore.field_paths import DOCUMENT_NAME
from local.firestore.filters import Predicate, Term
from local.firestore.names import is_root
from local.firestore.query import Query
from local.firestore.scope import Scope, StoredDocument
from local.firestore.store import Store
from local.firestore.values import Key


def run(store: Store, query: Query, at: int | None = None) -> list[StoredDocument]:
    """The results in order, as of now or of the snapshot `at`."""
    scope = store.scope(query.parent, query.collection_id, descendants=query.descendants)
    plan = _Plan(query, scope)
    stop = None if query.limit is None else query.offset + query.limit
    if at is None or scope.changed_at <= at:
        found = plan.documents() if plan.is_ordered else iter(_sorted(query, plan.documents()))
        return list(islice(found, query.offset, stop))
    past = store.changed_since(at)
    unchanged = (stored for stored in plan.documents() if stored.name not in past)
    candidates = list(islice(unchanged, stop) if plan.is_ordered else unchanged)
    candidates += [stored for stored in past.values() if stored and query.accepts(stored)]
    return _sorted(query, candidates)[query.offset : stop]


def count(store: Store, query: Query, at: int | None = None) -> int:
    """How many results there are; without looking at them where an index alone tells."""
    scope = store.scope(query.parent, query.collection_id, descendants=query.descendants)
    plan = _Plan(query, scope)
    if plan.has_conditions or (at is not None and scope.changed_at > at):
        return len(run(store, query, at))
    found = max(0, plan.high - plan.low - query.offset)
    return found if query.limit is None else min(found, query.limit)


def _sorted(query: Query, documents: Iterator[StoredDocument] | list[StoredDocument]) -> list[StoredDocument]:
    result = list(documents)
    for order in reversed(query.orders):  # a stable sort by each, the most significant last
        result.sort(key=order.present_key, reverse=order.descending)
    return result


class _Plan:
    """Which stretch of which index holds the results.

    An index on the fields that must be equal, then on those of the order, has the results side by side and in
    order. That needs one direction throughout; else an index on the equal fields narrows the search at least.
    """

    def __init__(self, query: Query, scope: Scope) -> None:
        equal: dict[str, Term] = {}
        for term in query.terms:
            if term.is_equality and term.path != DOCUMENT_NAME:
                equal.setdefault(term.path, term)
        paths = sorted(equal)
        self._prefix = tuple(equal[path].operand for path in paths)
        self._backwards = query.orders[-1].descending
        self.is_ordered = all(order.descending == self._backwards for order in query.orders)
        ordered = [order.path for order in query.orders[:-1]] if self.is_ordered else []
        self._index = scope.index((*paths, *ordered))
        self.low = self._index.before(self._prefix)
        self.high = self._index.after(self._prefix)
        if self.is_ordered:
            ranges = [term for term in query.terms if term.is_range and term.path == query.orders[0].path]
            self._apply_ranges(ranges)
            self._apply_bounds(query)
            self._conditions = _conditions(query, {*map(id, equal.values()), *map(id, ranges)})
        else:
            self._conditions = [query.accepts]

    @property
    def has_conditions(self) -> bool:
        return bool(self._conditions)

    def documents(self) -> Iterator[StoredDocument]:
        for stored in self._index.walk(self.low, self.high, backwards=self._backwards):
            if all(matches(stored) for matches in self._conditions):
                yield stored

    def _apply_ranges(self, ranges: list[Term]) -> None:
        for term in ranges:
            kind = int(term.operand[0])  # a range never leaves the type of its operand
            low, high = self._before((kind,)), self._before((kind + 1,))
            match term.operator:
                case "GREATER_THAN":
                    low = self._after(term.operand)
                case "GREATER_THAN_OR_EQUAL":
                    low = self._before(term.operand)
                case "LESS_THAN":
                    high = self._before(term.operand)
                case _:
                    high = self._after(term.operand)
            self.low, self.high = max(self.low, low), min(self.high, high)

    def _apply_bounds(self, query: Query) -> None:
        for bound, begins in ((query.start, True), (query.end, False)):
            if bound is None:
                continue
            position = (self._before if bound.before != self._backwards else self._after)(*bound.keys)
            if begins != self._backwards:
                self.low = max(self.low, position)
            else:
                self.high = min(self.high, position)

    def _before(self, *keys: Key) -> int:
        return self._index.before((*self._prefix, *keys))

    def _after(self, *keys: Key) -> int:
        return self._index.after((*self._prefix, *keys))


def _conditions(query: Query, used: set[int]) -> list[Predicate]:
    """What the stretch of the index does not see to by itself."""
    conditions = [term.matches for term in query.terms if id(term) not in used]
    conditions += query.rest
    if query.descendants and not is_root(query.parent):
        conditions.append(lambda stored: query.covers(stored.name))
    return conditions
