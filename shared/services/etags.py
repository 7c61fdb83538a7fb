"""Versions of documents that people edit: a strong ETag of the contents, whoever wrote them.

https://www.rfc-editor.org/rfc/rfc9110#name-etag
"""

import hashlib
import json

from pydantic import BaseModel

from shared.errors import PreconditionFailedError


def etag_of(document: BaseModel) -> str:
    """The same contents have the same tag, in every release that knows the same fields."""
    # Firestore does not keep the order of a map's keys.
    text = json.dumps(document.model_dump(mode="json"), sort_keys=True)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:24]}"'


def check_match(if_match: str | None, document: BaseModel) -> None:
    """`if_match` is the header's value; None and `*` match anything. Raises `PreconditionFailedError`."""
    if if_match is None or if_match.strip() == "*":
        return
    if etag_of(document) not in (tag.strip() for tag in if_match.split(",")):
        raise PreconditionFailedError(f"If-Match: {if_match} is not the current version")
