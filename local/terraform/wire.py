"""Terraform's provider protocol 5 on the wire, as far as the stand-in speaks it.

The messages are few and only ever written, so they are written by hand rather than generated:
https://github.com/hashicorp/terraform/blob/main/docs/plugin-protocol/tfplugin5.proto and
https://protobuf.dev/programming-guides/encoding/.
"""

import json
from typing import Any

_NESTING = {"single": 1, "list": 2, "set": 3, "map": 4, "group": 5}
_VARINT, _BYTES = 0, 2


def provider_schema(schema: dict[str, Any]) -> bytes:
    """`GetProviderSchema.Response` of what `local.terraform.schema` has loaded."""
    parts = [_field(1, _schema(schema["provider"]))]
    parts += [_entry(2, name, _schema(one)) for name, one in schema["resources"].items()]
    parts += [_entry(3, name, _schema(one)) for name, one in schema["data_sources"].items()]
    return b"".join(parts)


def _schema(schema: dict[str, Any]) -> bytes:
    return _field(1, schema["version"]) + _field(2, _block(schema["block"]))


def _block(block: dict[str, Any]) -> bytes:
    attributes = [_field(2, _attribute(name, one)) for name, one in block["attributes"].items()]
    nested = [_field(3, _nested(name, one)) for name, one in block["block_types"].items()]
    return b"".join([*attributes, *nested])


def _attribute(name: str, attribute: dict[str, Any]) -> bytes:
    flags = {4: "required", 5: "optional", 6: "computed", 7: "sensitive", 9: "deprecated", 10: "write_only"}
    return (
        _field(1, name)
        + _field(2, json.dumps(attribute["type"]))
        + b"".join(_field(number, int(attribute.get(flag, False))) for number, flag in flags.items())
    )


def _nested(name: str, nested: dict[str, Any]) -> bytes:
    return (
        _field(1, name)
        + _field(2, _block(nested["block"]))
        + _field(3, _NESTING[nested["nesting_mode"]])
        + _field(4, nested.get("min_items", 0))
        + _field(5, nested.get("max_items", 0))
    )


def _entry(number: int, key: str, value: bytes) -> bytes:
    """Of a map."""
    return _field(number, _field(1, key) + _field(2, value))


def _field(number: int, value: str | bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3 | _VARINT) + _varint(value) if value else b""
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
