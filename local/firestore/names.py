"""Names of documents and collections: projects/P/databases/D/documents/COLLECTION/ID/…"""

import re

from local.firestore.errors import invalid

_MAX_ID_BYTES = 1500
_RESERVED = re.compile(r"__.*__")


def check_document_name(name: str) -> None:
    segments = _segments(name)
    if not segments or len(segments) % 2:
        raise invalid(f'Document name "{name}" lacks a document id or a collection id.')
    for segment in segments:
        _check_id(segment)


def check_collection_id(collection_id: str) -> None:
    if "/" in collection_id:
        raise invalid(f'Collection id "{collection_id}" is invalid because it contains "/".')
    _check_id(collection_id)


def check_parent(name: str) -> None:
    """The root of a database, or a document."""
    if len(_segments(name)) % 2:
        raise invalid(f'"{name}" is not the name of a document or of a database\'s root.')


def is_root(parent: str) -> bool:
    """Whether everything in the database is below `parent`."""
    return not _segments(parent)


def _segments(name: str) -> list[str]:
    """What comes after `…/documents`."""
    parts = name.split("/")
    if len(parts) < 5 or (parts[0], parts[2], parts[4]) != ("projects", "databases", "documents"):
        raise invalid(f'"{name}" does not begin with projects/PROJECT/databases/DATABASE/documents.')
    return parts[5:]


def _check_id(segment: str) -> None:
    if not segment or segment in (".", "..") or _RESERVED.fullmatch(segment):
        raise invalid(f'"{segment}" is not a valid id.')
    if len(segment.encode()) > _MAX_ID_BYTES:
        raise invalid(f"an id is longer than {_MAX_ID_BYTES} bytes")
