"""The first message of a connection, checked as strictly as the real service checks it."""

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic.alias_generators import to_camel

from local.gemini.wire import Json, texts

POLICY_VIOLATION = 1008
INVALID_ARGUMENT = 1007

MODELS = {
    "gemini_api": {
        "gemini-3.8-live",
        "gemini-3.8-live-extended-thinking",
        "gemini-3.1-flash-live-preview",
        "gemini-2.5-flash-native-audio-preview-12-2025",
    },
    "vertex_ai": {"gemini-3.8-live", "gemini-live-2.5-flash-native-audio"},
}
_SETUP_FIELDS = {
    "model", "generationConfig", "systemInstruction", "tools", "realtimeInputConfig", "sessionResumption",
    "contextWindowCompression", "inputAudioTranscription", "outputAudioTranscription", "proactivity",
    "explicitVadSignal", "historyConfig", "safetySettings", "labels",
}  # fmt: skip
_SCHEMA_FIELDS = {
    "type", "format", "title", "description", "nullable", "enum", "maxItems", "minItems", "properties",
    "required", "minProperties", "maxProperties", "minLength", "maxLength", "pattern", "example", "anyOf",
    "propertyOrdering", "default", "items", "minimum", "maximum",
}  # fmt: skip
_TYPES = {"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "TYPE_UNSPECIFIED"}
_FUNCTION_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,63}")


class Refused(Exception):
    """The connection ends with this WebSocket close code and reason."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Setup:
    model: str
    instruction: str = ""
    functions: dict[str, bool] = field(default_factory=dict[str, bool])
    """Name → whether the model waits for the result (BLOCKING)."""
    resumable: bool = False
    handle: str | None = None
    hears_itself_written: bool = False
    """The client wants a transcript of what the model says …"""
    hears_caller_written: bool = False
    """… and of what the caller says."""
    detects_activity: bool = True
    """False: the client marks the caller's turns itself (activityStart, activityEnd)."""
    interruptible: bool = True
    silence_ms: int | None = None
    """Silence that ends a caller's turn, when the client asks for a particular one."""


def parse_setup(message: Json, backend: str) -> Setup:
    """`message` is the first one on the connection, in camelCase. Raises `Refused`."""
    if "setup" not in message:
        raise Refused(INVALID_ARGUMENT, "setup must be the first message and only the first")
    setup: Json = message["setup"]
    for name in setup.keys() - _SETUP_FIELDS:
        raise _unknown(name, "setup")
    model = str(setup.get("model", "")).rpartition("/")[2]
    if model not in MODELS[backend]:
        raise Refused(
            POLICY_VIOLATION, f"models/{model} is not found or is not supported for bidiGenerateContent."
        )
    modalities = [str(m).upper() for m in setup.get("generationConfig", {}).get("responseModalities", [])]
    if modalities not in ([], ["AUDIO"]):
        raise Refused(
            INVALID_ARGUMENT, f"Response modalities ({', '.join(modalities)}) are not supported by the model."
        )
    resumption = setup.get("sessionResumption")
    detection: Json = (setup.get("realtimeInputConfig") or {}).get("automaticActivityDetection") or {}
    handling = (setup.get("realtimeInputConfig") or {}).get("activityHandling")
    return Setup(
        model=model,
        instruction="\n".join(texts(setup.get("systemInstruction"))),
        functions=_functions(setup.get("tools") or [], non_blocking_by_default="3.8" in model),
        resumable=resumption is not None,
        handle=(resumption or {}).get("handle"),
        hears_itself_written="outputAudioTranscription" in setup,
        hears_caller_written="inputAudioTranscription" in setup,
        detects_activity=not detection.get("disabled", False),
        interruptible=handling != "NO_INTERRUPTION",
        silence_ms=detection.get("silenceDurationMs"),
    )


def _functions(tools: list[Json], *, non_blocking_by_default: bool) -> dict[str, bool]:
    functions: dict[str, bool] = {}
    for t, tool in enumerate(tools):
        for f, declaration in enumerate(tool.get("functionDeclarations") or []):
            where = f"setup.tools[{t}].function_declarations[{f}]"
            name = str(declaration.get("name", ""))
            if not _FUNCTION_NAME.fullmatch(name):
                raise Refused(INVALID_ARGUMENT, f"Invalid function name {name!r} at '{where}'.")
            if name in functions:
                raise Refused(INVALID_ARGUMENT, f"Duplicate function declaration found: {name}")
            for key in ("parameters", "parametersJsonSchema"):
                if declaration.get(key) is not None:
                    _check_schema(declaration[key], f"{where}.{key}")
            default = "NON_BLOCKING" if non_blocking_by_default else "BLOCKING"
            functions[name] = (declaration.get("behavior") or default) != "NON_BLOCKING"
    return functions


def _check_schema(schema: Any, where: str) -> None:
    """The service's Schema is a subset of OpenAPI 3.0's, not JSON Schema."""
    if not isinstance(schema, dict):
        raise Refused(INVALID_ARGUMENT, f"Invalid value at '{where}'")
    fields = {to_camel(key) if "_" in key else key: value for key, value in schema.items()}
    for name in fields.keys() - _SCHEMA_FIELDS:
        raise _unknown(name, where)
    kind = fields.get("type", "TYPE_UNSPECIFIED")
    if isinstance(kind, list):
        raise Refused(INVALID_ARGUMENT, f"Proto field is not repeating, cannot start list: '{where}.type'.")
    if str(kind).upper() not in _TYPES:
        raise Refused(INVALID_ARGUMENT, f"Invalid value at '{where}.type' (TYPE_ENUM), {kind!r}")
    for value in fields.get("enum") or []:
        if not isinstance(value, str):
            raise Refused(INVALID_ARGUMENT, f"Invalid value at '{where}.enum[0]' (TYPE_STRING), {value}")
    for name, inner in (fields.get("properties") or {}).items():
        _check_schema(inner, f"{where}.properties[{name}]")
    for n, inner in enumerate(fields.get("anyOf") or []):
        _check_schema(inner, f"{where}.any_of[{n}]")
    if "items" in fields:
        _check_schema(fields["items"], f"{where}.items")


def _unknown(name: str, where: str) -> Refused:
    return Refused(INVALID_ARGUMENT, f"Unknown name \"{name}\" at '{where}': Cannot find field.")
