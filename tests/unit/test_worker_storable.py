"""What Firestore would refuse of an event is kept as text; what it takes stays as it is."""

import json
from typing import Any

import pytest
from google.cloud.firestore_v1 import _helpers as firestore_values
from google.cloud.firestore_v1.types.document import Value

from local.firestore.values import make_storable
from worker.storable import MOST_CHARACTERS, storable

pytestmark = pytest.mark.unit


def stored(data: dict[str, Any]) -> None:
    """As the client library and a server would."""
    encoded = firestore_values.encode_dict({"data": data})
    fields = {name: Value.pb(value) for name, value in encoded.items()}
    make_storable(fields)


def nested(depth: int) -> Any:
    return "deep" if depth == 0 else {"in": nested(depth - 1)}


REFUSED: dict[str, Any] = {
    "lists in lists": [["a"], "b"],
    "a list far inside": {"a": [{"b": [[1]]}]},
    "a large number": 10**30,
    "a field without a name": {"": 1},
    "a reserved name": {"__id__": 1},
    "a long name": {"x" * 2000: 1},
    "depth": nested(30),
    "half a character": "\ud83d",
    "half a character as a name": {"\ud83d": 1},
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_what_a_model_makes_up_can_be_stored(value: Any) -> None:
    with pytest.raises(Exception):  # noqa: B017 - client and server each refuse in their own way
        stored({"arguments": {"field": value}})
    stored(storable({"arguments": {"field": value}, "result": value}))


def test_what_can_be_stored_stays_as_it_is() -> None:
    data = {
        "tool": "t",
        "ok": True,
        "arguments": {"a": [1, {"b": None}], "c": 1.5, "d": "ä"},
        "ms": 2**63 - 1,
    }
    assert storable(data) == data


def test_what_is_kept_as_text_can_still_be_read() -> None:
    kept = storable({"arguments": {"days": [["mon", "tue"]], "all": {"": 1}}})
    assert json.loads(kept["arguments"]["days"][0]) == ["mon", "tue"]
    assert json.loads(kept["arguments"]["all"]) == {"": 1}


def test_an_event_stays_smaller_than_a_document_may_be() -> None:
    kept = storable({"tool": "t", "result": {"rows": ["x" * 1000] * 5000}, "text": "y" * 5_000_000})
    assert kept["tool"] == "t"
    assert len(json.dumps(kept)) < 3 * MOST_CHARACTERS
