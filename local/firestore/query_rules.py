"""Which queries Firestore refuses, as the official emulator does.

https://firebase.google.com/docs/firestore/query-data/queries#query_limitations
"""

import math
from collections.abc import Iterator

import grpc

from local.firestore.errors import RequestError, invalid, unimplemented
from local.firestore.field_paths import DOCUMENT_NAME, split
from local.firestore.filters import (
    ARRAY_MEMBERSHIP,
    INEQUALITIES,
    LISTS,
    is_conjunction,
    leaves,
    path_and_operator,
)
from local.firestore.names import check_collection_id, check_document_name
from local.firestore.proto import Filter, StructuredQuery, Value

_MAX_DISJUNCTIONS = 30
_MAX_NOT_IN = 10
_MAX_INEQUALITY_FIELDS = 10
_MAX_COMPONENTS = 100
_NEGATIONS = frozenset({"NOT_EQUAL", "NOT_IN", "IS_NOT_NULL", "IS_NOT_NAN"})


def check(query: StructuredQuery) -> None:
    """Raises INVALID_ARGUMENT, or FAILED_PRECONDITION for an order that no index can have."""
    if query.HasField("find_nearest"):
        raise unimplemented("StructuredQuery.find_nearest")
    if query.offset < 0:
        raise invalid("offset is negative")
    if query.HasField("limit") and query.limit.value < 0:
        raise invalid("limit is negative")
    filters = list(leaves(query.where))
    orders = [order.field.field_path for order in query.order_by]
    for path in [*orders, *(path_and_operator(leaf)[0] for leaf in filters)]:
        split(path)
    _check_composites(query.where)
    for leaf in filters:
        _check_leaf(leaf)
    _check_combination(query.where, filters)
    if len(filters) + len(orders) > _MAX_COMPONENTS:
        raise invalid(
            f"The query may not have more than {_MAX_COMPONENTS} filters + sort orders + ancestor total."
        )
    _check_collection(query, filters)
    _check_orders(query, filters)
    _check_cursors(query, orders)


def _check_collection(query: StructuredQuery, filters: list[Filter]) -> None:
    if len(query.from_) > 1:
        raise invalid("StructuredQuery.from cannot have more than one collection selector.")
    if query.from_ and query.from_[0].collection_id:
        check_collection_id(query.from_[0].collection_id)
        return
    if not (query.from_ and query.from_[0].all_descendants):
        raise unimplemented("a query of the collections directly below its parent")
    for leaf in filters:
        if path_and_operator(leaf)[0] != DOCUMENT_NAME:
            raise invalid(f"kind is required for filter: {path_and_operator(leaf)[0]}")
    descending = StructuredQuery.Direction.DESCENDING
    if any(o.field.field_path != DOCUMENT_NAME or o.direction == descending for o in query.order_by):
        raise invalid("kind is required for all orders except __key__ ascending")


def _check_composites(where: Filter) -> None:
    if not where.HasField("composite_filter"):
        return
    kinds = StructuredQuery.CompositeFilter
    if where.composite_filter.op not in (kinds.AND, kinds.OR):
        raise invalid("Unsupported CompositeFilter operator.")
    if where.composite_filter.op == kinds.OR and not where.composite_filter.filters:
        raise invalid("Composite filter must have at least one sub-filter.")
    for part in where.composite_filter.filters:
        _check_composites(part)


def _check_leaf(leaf: Filter) -> None:
    path, name = path_and_operator(leaf)
    if name == "OPERATOR_UNSPECIFIED":
        raise invalid("Unknown filter operator.")
    if name in LISTS:
        _check_list(name, leaf.field_filter.value)
    if path != DOCUMENT_NAME:
        return
    if leaf.HasField("unary_filter"):
        raise invalid("__key__ filter value must be a Key")
    if name in ARRAY_MEMBERSHIP:
        raise invalid("the name __key__ is reserved")
    value = leaf.field_filter.value
    for reference in value.array_value.values if name in LISTS else [value]:
        if not reference.HasField("reference_value"):
            raise invalid("__key__ filter value must be a Key")
        check_document_name(reference.reference_value)


def _check_list(name: str, value: Value) -> None:
    if not value.HasField("array_value"):
        raise invalid(f"'{name}' requires an ArrayValue.")
    size = len(value.array_value.values)
    limit = _MAX_NOT_IN if name == "NOT_IN" else _MAX_DISJUNCTIONS
    if not size:
        raise invalid(f"'{name}' requires an non-empty ArrayValue.")
    if size > limit:
        raise invalid(f"'{name}' supports up to {limit} comparison values.")


def _check_combination(where: Filter, filters: list[Filter]) -> None:
    names = [path_and_operator(leaf)[1] for leaf in filters]
    if sum(name in _NEGATIONS for name in names) > 1:
        raise invalid(
            "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query."
        )
    if "NOT_IN" in names and (_has_or(where) or not {"IN", "ARRAY_CONTAINS_ANY"}.isdisjoint(names)):
        raise invalid("'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.")
    if _array_memberships(where) > 1:
        raise invalid("A maximum of 1 'ARRAY_CONTAINS' filter is allowed per disjunction.")
    if (disjunctions := _disjunctions(where)) > _MAX_DISJUNCTIONS:
        raise invalid(
            f"Too many disjunctions after normalization. Result had {disjunctions} disjunctions "
            f"which is more than the maximum of {_MAX_DISJUNCTIONS}"
        )
    if len(set(_inequality_paths(filters))) > _MAX_INEQUALITY_FIELDS:
        raise invalid(f"A query may not have more than {_MAX_INEQUALITY_FIELDS} distinct inequality fields.")


def _has_or(where: Filter) -> bool:
    if not where.HasField("composite_filter"):
        return False
    return not is_conjunction(where) or any(map(_has_or, where.composite_filter.filters))


def _disjunctions(where: Filter) -> int:
    """How many conjunctions the filter is once it is written as a disjunction of them."""
    if where.HasField("composite_filter"):
        parts = [_disjunctions(part) for part in where.composite_filter.filters]
        return math.prod(parts) if is_conjunction(where) else sum(parts)
    if path_and_operator(where)[1] in ("IN", "ARRAY_CONTAINS_ANY"):
        return len(where.field_filter.value.array_value.values)
    return 1


def _array_memberships(where: Filter) -> int:
    """The most that any one of those conjunctions has."""
    if where.HasField("composite_filter"):
        parts = [_array_memberships(part) for part in where.composite_filter.filters]
        return sum(parts) if is_conjunction(where) else max(parts)
    return int(path_and_operator(where)[1] in ARRAY_MEMBERSHIP)


def _inequality_paths(filters: list[Filter]) -> Iterator[str]:
    return (path for path, name in map(path_and_operator, filters) if name in INEQUALITIES)


def _check_orders(query: StructuredQuery, filters: list[Filter]) -> None:
    orders = [order.field.field_path for order in query.order_by]
    for path in orders:
        if orders.count(path) > 1:
            raise invalid(f"order by clause cannot contain duplicate fields {path}")
    if DOCUMENT_NAME not in orders:
        return
    if orders[-1] != DOCUMENT_NAME or not set(_inequality_paths(filters)) <= set(orders):
        raise invalid("order by clause cannot contain more fields after the key")
    by_name_alone = len(orders) == 1 and all(path_and_operator(leaf)[0] == DOCUMENT_NAME for leaf in filters)
    if by_name_alone and query.order_by[0].direction == StructuredQuery.Direction.DESCENDING:
        message = "Firestore does not support descending key scans"
        raise RequestError(grpc.StatusCode.FAILED_PRECONDITION, message)


def _check_cursors(query: StructuredQuery, orders: list[str]) -> None:
    for cursor in (query.start_at, query.end_at):
        if len(cursor.values) > len(orders):
            raise invalid("Cursor has too many values.")
        for path, value in zip(orders, cursor.values, strict=False):
            if path == DOCUMENT_NAME and not value.HasField("reference_value"):
                raise invalid("Cursor __key__ value is not a document reference.")
