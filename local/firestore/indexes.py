"""Which indexes a query needs, and whether a deployment has them.

Fields have an index each on their own; whatever these cannot answer needs a composite index, without which
Firestore refuses the query: https://firebase.google.com/docs/firestore/query-data/index-overview. The list of
indexes is the file that the deployment makes them from, in the Firebase CLI's format
(https://firebase.google.com/docs/reference/firestore/indexes).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from local.firestore.field_paths import DOCUMENT_NAME
from local.firestore.filters import ARRAY_MEMBERSHIP, INEQUALITIES
from local.firestore.recorder import QueryShape

DEPLOYED = Path(__file__).parents[2] / "infra" / "terraform" / "modules" / "firestore" / "indexes.json"
"""What a deployment has."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class IndexedField(_Strict):
    path: str = Field(alias="fieldPath")
    order: str | None = None
    array: str | None = Field(default=None, alias="arrayConfig")


class CompositeIndex(_Strict):
    collection: str = Field(alias="collectionGroup")
    scope: str = Field(alias="queryScope")
    fields: tuple[IndexedField, ...]

    def __str__(self) -> str:
        fields = ", ".join(f"{field.path} {field.order or field.array}" for field in self.fields)
        return f"{self.collection} ({self.scope}): {fields}"


class FieldIndex(_Strict):
    scope: str = Field(alias="queryScope")
    order: str | None = None
    array: str | None = Field(default=None, alias="arrayConfig")


class FieldOverride(_Strict):
    collection: str = Field(alias="collectionGroup")
    path: str = Field(alias="fieldPath")
    ttl: bool = False
    indexes: tuple[FieldIndex, ...]


class _File(_Strict):
    indexes: tuple[CompositeIndex, ...]
    overrides: tuple[FieldOverride, ...] = Field(alias="fieldOverrides")


@dataclass(frozen=True)
class _Demand:
    """What an index must offer: any of the equalities first, then exactly the order."""

    collection: str
    scope: str
    equalities: frozenset[tuple[str, bool]]
    """(path, whether it is looked for in an array)."""
    order: tuple[tuple[str, str], ...]
    """Without the document's name at the end …"""
    name_direction: str
    """… which is ordered like this."""

    @classmethod
    def of(cls, shape: QueryShape) -> Self:
        filters = [(path, operator) for path, operator in shape["filters"] if path != DOCUMENT_NAME]
        ranges = sorted({path for path, operator in filters if operator in INEQUALITIES})
        order = [(path, direction) for path, direction in shape["orders"] if path != DOCUMENT_NAME]
        last = order[-1][1] if order else "ASCENDING"
        named = dict(shape["orders"]).get(DOCUMENT_NAME, last)
        # Fields of ranges order the results, asked for or not; sums are taken from an index's last fields.
        order += [(path, last) for path in ranges if path not in dict(order)]
        totals = sorted({path for _, path in shape["aggregations"] if path})
        order += [(path, last) for path in totals if path not in dict(order)]
        equal = {(path, op in ARRAY_MEMBERSHIP) for path, op in filters if op not in INEQUALITIES}
        return cls(shape["collection"], shape["scope"], frozenset(equal), tuple(order), named)


class Indexes:
    """Of one database."""

    def __init__(self, composites: Iterable[CompositeIndex], overrides: Iterable[FieldOverride]) -> None:
        self.composites = tuple(composites)
        self.overrides = tuple(overrides)
        self._overrides = {(one.collection, one.path): one for one in self.overrides}

    @classmethod
    def from_file(cls, file: Path = DEPLOYED) -> Self:
        """Raises pydantic's ValidationError for a file that is none."""
        content = _File.model_validate_json(file.read_bytes())
        return cls(content.indexes, content.overrides)

    def serving(self, shape: QueryShape) -> frozenset[CompositeIndex | FieldOverride] | None:
        """What of the file the query is answered from; None: it needs an index that is not there."""
        demand = _Demand.of(shape)
        if demand.order and (demand.equalities or len(demand.order) > 1 or self._turns(demand)):
            return self._composites_for(demand)
        asked = [("ASCENDING", path, array) for path, array in demand.equalities]
        asked += [(direction, path, False) for path, direction in demand.order]
        used = [self._field_index(demand, *one) for one in asked]
        if None not in used:
            return frozenset(one for one in used if isinstance(one, FieldOverride))
        return self._composites_for(demand)

    @staticmethod
    def _turns(demand: _Demand) -> bool:
        """A field's own index has the names in the field's direction."""
        return demand.order[-1][1] != demand.name_direction

    def _field_index(
        self, demand: _Demand, order: str, path: str, array: bool
    ) -> FieldOverride | bool | None:
        """The override that gives the field this index; True: every field has it; None: this one does not."""
        override = self._overrides.get((demand.collection, path))
        if override is None:
            return True if demand.scope == "COLLECTION" else None
        for index in override.indexes:
            offers = index.array == "CONTAINS" if array else index.order == order
            if offers and index.scope == demand.scope:
                return override
        return None

    def _composites_for(self, demand: _Demand) -> frozenset[CompositeIndex | FieldOverride] | None:
        """Those whose union has all equalities: Firestore merges indexes that end in the same order."""
        fitting = [index for index in self.composites if _fits(index, demand)]
        wanted = {path for path, _ in demand.equalities}
        covered = {path for index in fitting for path in _equalities(index, demand)}
        if not fitting or covered != wanted:
            return None
        whole = [index for index in fitting if set(_equalities(index, demand)) == wanted]
        return frozenset(whole[:1] or fitting)


def _equalities(index: CompositeIndex, demand: _Demand) -> Sequence[str]:
    return [field.path for field in index.fields[: len(index.fields) - len(demand.order)]]


def _fits(index: CompositeIndex, demand: _Demand) -> bool:
    if (index.collection, index.scope) != (demand.collection, demand.scope):
        return False
    if len(index.fields) < len(demand.order):
        return False
    split = len(index.fields) - len(demand.order)
    ordered = tuple((field.path, field.order) for field in index.fields[split:])
    equal = {(field.path, field.array == "CONTAINS") for field in index.fields[:split]}
    # A composite index has the names in the direction of its last field.
    return (
        ordered == demand.order
        and equal <= demand.equalities
        and (not demand.order or demand.order[-1][1] == demand.name_direction)
    )
