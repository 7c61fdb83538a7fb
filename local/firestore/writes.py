"""Set, update, delete and transform, with their preconditions."""

import math
from collections.abc import Iterable, Mapping

import grpc

from local.firestore import field_paths
from local.firestore.errors import RequestError, invalid
from local.firestore.names import check_document_name
from local.firestore.proto import Document, FieldTransform, Value, Write, WriteResult, timestamp
from local.firestore.store import Store
from local.firestore.values import make_storable, number_in, number_value, sort_key

_MAX_DOCUMENT_BYTES = 1_048_576


class Batch:
    """Writes that take effect together: staged first, so that a failing one leaves nothing behind."""

    def __init__(self, store: Store, time: int) -> None:
        self._store = store
        self._time = time
        self.changes: dict[str, Document | None] = {}

    def apply(self, writes: Iterable[Write]) -> list[WriteResult]:
        """Raises `RequestError` for a write that is malformed or whose precondition does not hold."""
        return [self._apply(write) for write in writes]

    def commit(self) -> None:
        self._store.commit(self.changes, self._time)

    def _current(self, name: str) -> Document | None:
        if name in self.changes:
            return self.changes[name]
        stored = self._store.get(name)
        return stored.document if stored else None

    def _apply(self, write: Write) -> WriteResult:
        name = target_of(write)
        old = self._current(name)
        _check_precondition(write, name, old)
        if write.WhichOneof("operation") == "delete":
            self.changes[name] = None
            return WriteResult()
        new = _updated(write, name, old)
        transforms = [*write.update_transforms, *write.transform.field_transforms]
        results = [_transform(new, transform, self._time) for transform in transforms]
        self._stamp(new, old)
        if new.ByteSize() > _MAX_DOCUMENT_BYTES:
            raise invalid(
                f"Document '{name}' cannot be written because its size exceeds {_MAX_DOCUMENT_BYTES} bytes."
            )
        self.changes[name] = new
        return WriteResult(update_time=new.update_time, transform_results=results)

    def _stamp(self, new: Document, old: Document | None) -> None:
        """A write that changes nothing leaves the update time alone."""
        new.create_time.CopyFrom(timestamp(self._time) if old is None else old.create_time)
        if old is not None and old.fields == new.fields:
            new.update_time.CopyFrom(old.update_time)
        else:
            new.update_time.CopyFrom(timestamp(self._time))


def target_of(write: Write) -> str:
    """The name of the document that is written. Raises INVALID_ARGUMENT for a malformed one."""
    match write.WhichOneof("operation"):
        case "update":
            name = write.update.name
        case "delete":
            name = write.delete
        case "transform":
            if not write.transform.field_transforms:
                raise invalid("The list of FieldTransform must not be empty.")
            name = write.transform.document
        case _:
            raise invalid("empty write operation")
    check_document_name(name)
    return name


def _check_precondition(write: Write, name: str, old: Document | None) -> None:
    match write.current_document.WhichOneof("condition_type"):
        case "exists":
            if write.current_document.exists and old is None:
                raise RequestError(grpc.StatusCode.NOT_FOUND, f"No document to update: {name}")
            if not write.current_document.exists and old is not None:
                raise RequestError(grpc.StatusCode.ALREADY_EXISTS, f"Document already exists: {name}")
        case "update_time":
            if old is None or old.update_time != write.current_document.update_time:
                raise RequestError(
                    grpc.StatusCode.FAILED_PRECONDITION,
                    f"the stored version of {name} does not match the required base version",
                )
        case _:
            pass


def _updated(write: Write, name: str, old: Document | None) -> Document:
    """The document after the write, apart from transforms."""
    new = Document(name=name)
    given: Mapping[str, Value] = write.update.fields
    make_storable(given)
    replaces = write.HasField("update") and not write.HasField("update_mask")
    if replaces:
        new.fields.MergeFrom(given)
        return new
    if old is not None:
        new.fields.MergeFrom(old.fields)
    for path in write.update_mask.field_paths:
        parts = field_paths.split(path)
        value = field_paths.get(write.update.fields, parts)
        if value is None:
            field_paths.delete(new.fields, parts)
        else:
            field_paths.put(new.fields, parts, value)
    return new


def _transform(document: Document, transform: FieldTransform, time: int) -> Value:
    """Change one field of `document` in place; returns what the caller is told about it."""
    parts = field_paths.split(transform.field_path)
    old = field_paths.get(document.fields, parts)
    kind = transform.WhichOneof("transform_type")
    match kind:
        case "set_to_server_value" if transform.set_to_server_value == FieldTransform.REQUEST_TIME:
            new = Value(timestamp_value=timestamp(time))
        case "increment" | "maximum" | "minimum":
            new = _calculate(kind, old, getattr(transform, kind))
        case "append_missing_elements" | "remove_all_from_array":
            new = _change_array(kind, old, getattr(transform, kind).values)
        case _:
            raise invalid("Operation type must be specified for field transformation.")
    make_storable({parts[-1]: new})
    field_paths.put(document.fields, parts, new)
    return Value(null_value=0) if new.HasField("array_value") else new


def _calculate(kind: str, old: Value | None, given: Value) -> Value:
    """A field that is not a number becomes the given one."""
    current, operand = number_in(old), number_in(given)
    if operand is None:
        raise invalid("Input must be int64 or double.")
    if current is None:
        return given
    if math.isnan(current) or math.isnan(operand):
        return number_value(math.nan)
    match kind:
        case "increment":
            return number_value(current + operand)
        case "maximum":
            return given if operand > current else number_value(current)
        case _:
            return given if operand < current else number_value(current)


def _change_array(kind: str, old: Value | None, given: Iterable[Value]) -> Value:
    """A field that is not an array counts as an empty one."""
    result = list(old.array_value.values) if old is not None else []
    if kind == "append_missing_elements":
        present = {sort_key(item) for item in result}
        for item in given:
            if sort_key(item) not in present:
                present.add(sort_key(item))
                result.append(item)
    else:
        gone = {sort_key(item) for item in given}
        result = [item for item in result if sort_key(item) not in gone]
    new = Value()
    new.array_value.SetInParent()
    new.array_value.values.extend(result)
    return new
