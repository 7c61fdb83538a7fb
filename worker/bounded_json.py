"""JSON for a model's context, which has no room for all that a function may return."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, cast


def bounded_json(value: dict[str, Any], limit: int) -> str:
    """JSON of at most `limit` characters: the longest lists and texts are shortened, and a note says so."""
    text = json.dumps(value, ensure_ascii=False)
    if len(text) <= limit:
        return text
    shortened = cast("dict[str, Any]", json.loads(text))
    shortened["note"] = "The result was too long; only its beginning is here."
    while len(text := json.dumps(shortened, ensure_ascii=False)) > limit:
        if not _halve_longest(shortened):
            return json.dumps({"status": value.get("status", "ok"), "note": "The result was too long."})
    return text


def _halve_longest(root: dict[str, Any]) -> bool:
    """Cut the list or text that takes the most room in half. False: there is nothing left to cut."""
    room, parent, key = max(_cuttable(root), key=lambda found: found[0], default=(0, root, ""))
    if room:
        parent[key] = parent[key][: len(parent[key]) // 2]
    return room > 0


def _cuttable(value: Any) -> Iterator[tuple[int, Any, Any]]:
    """(characters that it takes, the dict or list that holds it, its key there) of every list and text."""
    if isinstance(value, dict):
        children: Iterable[tuple[Any, Any]] = cast("dict[Any, Any]", value).items()
    else:
        children = enumerate(cast("list[Any]", value))
    for key, child in children:
        if isinstance(child, (dict, list)):
            yield from _cuttable(child)
        if isinstance(child, (list, str)) and len(cast("list[Any] | str", child)) > 1 and key != "note":
            yield len(json.dumps(child)), value, key
