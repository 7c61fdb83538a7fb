"""Which kinds of queries were run: what a deployment's indexes have to be made for."""

import json
from pathlib import Path
from typing import TypedDict

from local.firestore.filters import leaves, path_and_operator
from local.firestore.proto import StructuredQuery


class QueryShape(TypedDict):
    """A query without the values it compares with."""

    collection: str
    scope: str
    """COLLECTION or COLLECTION_GROUP."""
    filters: list[list[str]]
    """Sorted [path, operator]; nesting is left out."""
    orders: list[list[str]]
    """[path, ASCENDING | DESCENDING] as asked for, most significant first."""
    aggregations: list[list[str]]
    """Sorted [operator, path]; empty for a query that returns documents."""


class QueryRecorder:
    def __init__(self, file: Path | None) -> None:
        """`file` gets a line of JSON for each shape that it does not hold yet."""
        self._file = file
        self._seen: set[str] = set()
        if file is not None and file.exists():
            self._seen.update(file.read_text(encoding="utf-8").splitlines())

    @property
    def shapes(self) -> list[QueryShape]:
        return [json.loads(line) for line in sorted(self._seen)]

    def record(self, shape: QueryShape) -> str:
        """The shape's line."""
        line = json.dumps(shape, sort_keys=True)
        if line not in self._seen:
            self._seen.add(line)
            if self._file is not None:
                with self._file.open("a", encoding="utf-8") as out:
                    out.write(line + "\n")
        return line


def shape_of(query: StructuredQuery, aggregations: list[tuple[str, str]]) -> QueryShape:
    selector = query.from_[0]
    direction = StructuredQuery.Direction.DESCENDING
    return QueryShape(
        collection=selector.collection_id,
        scope="COLLECTION_GROUP" if selector.all_descendants else "COLLECTION",
        filters=[list(pair) for pair in sorted({path_and_operator(leaf) for leaf in leaves(query.where)})],
        orders=[
            [order.field.field_path, "DESCENDING" if order.direction == direction else "ASCENDING"]
            for order in query.order_by
        ],
        aggregations=[list(pair) for pair in sorted(aggregations)],
    )
