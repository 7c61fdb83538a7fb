"""What the log says of a tool that is written wrongly: enough to mend it, and nothing that may be secret."""

import json
from pathlib import Path
from typing import Any, cast

OUR_CODE = Path(__file__).parents[1]
LIBRARIES = "site-packages"


class WrongResultError(Exception):
    """A tool returned what is no result; the message is ours and quotes nothing."""


def plain(result: Any) -> dict[str, Any]:
    """What JSON can carry of a tool's result, as it will be read. Raises `WrongResultError`."""
    if not isinstance(result, dict):
        raise WrongResultError(f"it returned {type(result).__name__}, expected a dict")
    try:
        return cast("dict[str, Any]", json.loads(json.dumps(result, default=str)))
    except (TypeError, ValueError, RecursionError):
        raise WrongResultError("it returned what JSON cannot carry, expected texts as keys") from None


def told(fault: Exception) -> str:
    """Its type and place: the message of an unexpected error may quote anything."""
    if isinstance(fault, WrongResultError):
        return str(fault)
    places: list[str] = []
    trace = fault.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}")
        trace = trace.tb_next
    # A library's own line says little; the last one of ours is the tool's.
    ours = [place for place in places if place.startswith(str(OUR_CODE)) and LIBRARIES not in place]
    return f"{type(fault).__name__} at {(ours or places or ['?'])[-1]}"
