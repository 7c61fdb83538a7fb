"""Filters of a query, compiled to predicates over stored documents."""

import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from local.firestore.errors import unimplemented
from local.firestore.proto import Filter, StructuredQuery
from local.firestore.scope import StoredDocument, key_of
from local.firestore.values import NAN, NULL, Key, Type, sort_key

Predicate = Callable[[StoredDocument], bool]

_COMPARISONS: dict[str, Callable[[Key, Key], bool]] = {
    "LESS_THAN": operator.lt,
    "LESS_THAN_OR_EQUAL": operator.le,
    "GREATER_THAN": operator.gt,
    "GREATER_THAN_OR_EQUAL": operator.ge,
}
INEQUALITIES = frozenset({*_COMPARISONS, "NOT_EQUAL", "NOT_IN", "IS_NOT_NULL", "IS_NOT_NAN"})
"""Operators by whose field the results are ordered, unless the query says otherwise."""

LISTS = frozenset({"IN", "NOT_IN", "ARRAY_CONTAINS_ANY"})
"""Operators whose operand is a list of alternatives."""

ARRAY_MEMBERSHIP = frozenset({"ARRAY_CONTAINS", "ARRAY_CONTAINS_ANY"})


@dataclass(frozen=True)
class Term:
    """A comparison of one field."""

    path: str
    operator: str
    """FieldFilter's or UnaryFilter's name of it."""
    operand: Key
    matches: Predicate

    @property
    def is_equality(self) -> bool:
        """Whether it says exactly that the field equals `operand`."""
        return self.operator in ("IS_NULL", "IS_NAN") or (
            self.operator == "EQUAL" and self.operand not in (NULL, NAN)
        )

    @property
    def is_range(self) -> bool:
        """Whether it says exactly that the field is on one side of `operand`, among values of its type."""
        return self.operator in _COMPARISONS and self.operand not in (NULL, NAN)


def is_conjunction(where: Filter) -> bool:
    return where.composite_filter.op == StructuredQuery.CompositeFilter.AND


def leaves(where: Filter) -> Iterator[Filter]:
    """The field and unary filters, however nested."""
    if where.HasField("composite_filter"):
        for part in where.composite_filter.filters:
            yield from leaves(part)
    elif where.WhichOneof("filter_type"):
        yield where


def path_and_operator(leaf: Filter) -> tuple[str, str]:
    if leaf.HasField("unary_filter"):
        unary = leaf.unary_filter
        return unary.field.field_path, StructuredQuery.UnaryFilter.Operator.Name(unary.op)
    field = leaf.field_filter
    return field.field.field_path, StructuredQuery.FieldFilter.Operator.Name(field.op)


def conjuncts(where: Filter) -> Iterator[Filter]:
    """The filters that every result must pass."""
    if where.HasField("composite_filter") and is_conjunction(where):
        for part in where.composite_filter.filters:
            yield from conjuncts(part)
    elif where.WhichOneof("filter_type"):
        yield where


def predicate(where: Filter) -> Predicate:
    """A filter of any kind."""
    if not where.HasField("composite_filter"):
        return term(where).matches
    parts = [predicate(part) for part in where.composite_filter.filters]
    if is_conjunction(where):
        return lambda stored: all(part(stored) for part in parts)
    return lambda stored: any(part(stored) for part in parts)


def term(leaf: Filter) -> Term:
    path, name = path_and_operator(leaf)
    key = key_of(path)
    if leaf.HasField("unary_filter"):
        operand = NULL if name.endswith("NULL") else NAN
        test = _unary_test(name, operand)
    else:
        operand = sort_key(leaf.field_filter.value)
        test = _test(name, operand)

    def matches(stored: StoredDocument) -> bool:
        found = key(stored)
        return found is not None and test(found)

    return Term(path, name, operand, matches)


def _unary_test(name: str, operand: Key) -> Callable[[Key], bool]:
    if name in ("IS_NULL", "IS_NAN"):
        return lambda key: key == operand
    return lambda key: key not in (NULL, operand)


def _test(name: str, operand: Key) -> Callable[[Key], bool]:
    """As in SQL, null compares with nothing; as in IEEE 754, NaN is unequal to everything."""
    if name in LISTS:
        return _list_test(name, operand[1])
    if operand == NULL or (operand == NAN and name != "NOT_EQUAL"):
        return lambda _key: False
    if compare := _COMPARISONS.get(name):
        return lambda key: key[0] == operand[0] and compare(key, operand)
    match name:
        case "EQUAL":
            return lambda key: key == operand
        case "NOT_EQUAL" if operand == NAN:
            return lambda key: key != NULL
        case "NOT_EQUAL":
            return lambda key: key not in (operand, NULL)
        case "ARRAY_CONTAINS":
            return lambda key: key[0] == Type.ARRAY and operand in key[1]
        case _:
            raise unimplemented(f"the filter operator {name}")


def _list_test(name: str, items: tuple[Key, ...]) -> Callable[[Key], bool]:
    comparable = [item for item in items if item not in (NULL, NAN)]
    match name:
        case "IN":
            return lambda key: key in comparable
        case "NOT_IN" if NULL in items:
            return lambda _key: False
        case "NOT_IN":
            return lambda key: key != NULL and key not in comparable
        case _:
            return lambda key: key[0] == Type.ARRAY and any(item in key[1] for item in comparable)
