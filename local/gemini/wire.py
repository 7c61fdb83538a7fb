"""The JSON on the wire. Like every proto3 JSON parser we read camelCase and snake_case."""

import base64
from functools import cache
from typing import Any

from pydantic.alias_generators import to_camel

Json = dict[str, Any]

_USER_DATA = frozenset({"args", "response", "parameters", "parametersJsonSchema"})
"""Fields whose contents are the user's own: their keys stay as they are."""


_camel = cache(to_camel)


def camel(value: Any) -> Any:
    """The same JSON with the protocol's own field names in camelCase."""
    if isinstance(value, dict):
        names = {key: _camel(key) for key in value}
        return {name: value[key] if name in _USER_DATA else camel(value[key]) for key, name in names.items()}
    if isinstance(value, list):
        return [camel(item) for item in value]
    return value


def decode_bytes(text: str) -> bytes:
    """Proto3 JSON allows both alphabets, padded or not; google-genai sends the URL-safe one."""
    return base64.urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))


def audio(pcm: bytes, rate: int) -> Json:
    data = {"mimeType": f"audio/pcm;rate={rate}", "data": base64.b64encode(pcm).decode()}
    return {"serverContent": {"modelTurn": {"parts": [{"inlineData": data}]}}}


def texts(content: Any) -> list[str]:
    """Every text in a Content, a list of them, or a plain string."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, list):
        return [text for item in content for text in texts(item)]
    if isinstance(content, dict):
        return [part["text"] for part in content.get("parts") or [] if part.get("text")]
    return []


def strings(value: Any) -> list[str]:
    """Every string inside a JSON value: what a model can read in a tool's answer."""
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings(item)]
    return [value] if isinstance(value, str) else []
