"""count, sum and average over the results of a query."""

from local.firestore import field_paths, search
from local.firestore.errors import invalid
from local.firestore.proto import Aggregation, Value
from local.firestore.query import Query
from local.firestore.store import Store
from local.firestore.values import number_in, number_value


def aggregate(
    store: Store, query: Query, aggregations: list[Aggregation], at: int | None
) -> dict[str, Value]:
    """The value of each aggregation by its alias."""
    if not aggregations:
        raise invalid("an aggregation query has no aggregations")
    return {
        aggregation.alias or f"field_{number}": _value(store, query, aggregation, at)
        for number, aggregation in enumerate(aggregations, start=1)
    }


def _value(store: Store, query: Query, aggregation: Aggregation, at: int | None) -> Value:
    match aggregation.WhichOneof("operator"):
        case "count":
            found = search.count(store, query, at)
            limit = aggregation.count.up_to.value
            return Value(integer_value=min(found, limit) if limit else found)
        case "sum":
            return number_value(sum(_numbers(store, query, aggregation.sum.field.field_path, at)))
        case "avg":
            numbers = _numbers(store, query, aggregation.avg.field.field_path, at)
            return Value(double_value=sum(numbers) / len(numbers)) if numbers else Value(null_value=0)
        case _:
            raise invalid("an aggregation has no operator")


def _numbers(store: Store, query: Query, path: str, at: int | None) -> list[int | float]:
    parts = field_paths.split(path)
    values = (field_paths.get(stored.document.fields, parts) for stored in search.run(store, query, at))
    return [number for value in values if (number := number_in(value)) is not None]
