"""What alerts are counted from is really logged: each line that a metric looks for, with the fields."""

import ast
import re

import pytest

from shared.models.call import FallbackReason
from tests.infra.terraform import SOURCE

pytestmark = pytest.mark.infra

ROOT = SOURCE.parents[1]
METRICS = (
    (SOURCE / "modules" / "observability" / "metrics.tf").read_text(encoding="utf-8").replace('\\"', '"')
)


def logged() -> dict[str, set[str]]:
    """Message → fields of every log line with a constant message, in what runs in the cloud."""
    found: dict[str, set[str]] = {}
    files = [file for part in ("functions", "worker", "shared") for file in (ROOT / part).rglob("*.py")]
    for node in (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        message = node.args[0]
        is_log = node.func.attr in ("info", "warning", "error", "exception")
        if is_log and isinstance(message, ast.Constant) and isinstance(message.value, str):
            extra = [keyword.value for keyword in node.keywords if keyword.arg == "extra"]
            keys = [key for value in extra if isinstance(value, ast.Dict) for key in value.keys]
            fields = {str(key.value) for key in keys if isinstance(key, ast.Constant)}
            found.setdefault(message.value, set()).update(fields)
    return found


def quoted(text: str) -> set[str]:
    return set(re.findall(r'"([^"]+)"', text))


def test_every_line_that_a_metric_looks_for_is_logged() -> None:
    wanted = {
        message
        for values in re.findall(r'jsonPayload\.message=(\([^)]*\)|"[^"]*")', METRICS)
        for message in quoted(values)
    }
    assert len(wanted) >= 5, "this test does not understand the filters any more"
    assert wanted <= set(logged())


def test_every_field_that_a_metric_takes_is_there() -> None:
    lines = logged()
    taken = set(re.findall(r"EXTRACT\(jsonPayload\.(\w+)\)", METRICS))
    assert taken == {"reason", "kind", "milliseconds"}
    assert {"reason", "kind"} <= lines["serving the fallback"]
    assert {"step", "milliseconds"} <= lines["a step of the call was reached"]


def test_reasons_that_count_as_our_fault_are_reasons() -> None:
    (values,) = re.findall(r"jsonPayload\.reason=\(([^)]*)\)", METRICS)
    ours = quoted(values)
    theirs = {FallbackReason.AGENT_DISABLED, FallbackReason.OUTSIDE_HOURS, FallbackReason.AT_CAPACITY}
    assert ours == set(FallbackReason) - theirs


def test_the_step_that_is_measured_is_one_of_a_call() -> None:
    (step,) = re.findall(r'jsonPayload\.step="(\w+)"', METRICS)
    assert f'timing("{step}"' in (ROOT / "worker" / "call.py").read_text(encoding="utf-8")
