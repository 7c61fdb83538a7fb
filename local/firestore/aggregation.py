"""count, sum and average over the results of a query."""

from local.firestore import field_paths, search
from local.firestore.errors import invalid
from local.firestore.proto import Aggregation, Value
from local.firestore.query import Query
from local.firestore.store import Store
from local.firestore.values import number_in, number_value

_MAX_AGGREGATIONS = 5


def aggregate(
    store: Store, query: Query, aggregations: list[Aggregation], at: int | None
) -> dict[str, Value]:
    """The value of each aggregation by its alias."""
    if not 1 <= len(aggregations) <= _MAX_AGGREGATIONS:
        raise invalid(f"A query must have 1 to {_MAX_AGGREGATIONS} aggregations.")
    aliases = [aggregation.alias or f"field_{n}" for n, aggregation in enumerate(aggregations, start=1)]
    if len(set(aliases)) < len(aliases):
        raise invalid("Aggregation aliases contain a duplicate alias.")
    values = [_value(store, query, aggregation, at) for aggregation in aggregations]
    return dict(zip(aliases, values, strict=True))


def operator_and_path(aggregation: Aggregation) -> tuple[str, str]:
    """Such as ("sum", "usage.tokens"); a count has the path ""."""
    kind = aggregation.WhichOneof("operator")
    if kind is None:
        raise invalid("Operator field in Aggregation is not set.")
    path = "" if kind == "count" else getattr(aggregation, kind).field.field_path
    if path == field_paths.DOCUMENT_NAME:
        raise invalid("Aggregations are not supported for the property: __key__")
    return kind, path


def _value(store: Store, query: Query, aggregation: Aggregation, at: int | None) -> Value:
    kind, path = operator_and_path(aggregation)
    match kind:
        case "count":
            found = search.count(store, query, at)
            limited = aggregation.count.HasField("up_to")
            return Value(integer_value=min(found, aggregation.count.up_to.value) if limited else found)
        case "sum":
            return number_value(sum(_numbers(store, query, path, at)))
        case _:
            numbers = _numbers(store, query, path, at)
            return Value(double_value=sum(numbers) / len(numbers)) if numbers else Value(null_value=0)


def _numbers(store: Store, query: Query, path: str, at: int | None) -> list[int | float]:
    parts = field_paths.split(path)
    values = (field_paths.get(stored.document.fields, parts) for stored in search.run(store, query, at))
    return [number for value in values if (number := number_in(value)) is not None]
