"""The dashboard draws tools from the catalogue: adding one takes no edit there. Refusals it has words for."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.tools.base.gemini_schema import function_name
from shared.tools.base.registry import TOOLS

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "dashboard" / "src"
GENERATED = SOURCES / "api" / "schema.d.ts"
"""From the API's description, which has examples."""


def test_no_tools_name_appears_in_the_dashboards_source() -> None:
    names: set[str] = set()
    for tool in TOOLS:
        about = tool.metadata
        names |= {about.slug, about.display_name}
        names |= {function_name(about.slug, action, about.actions) for action in about.actions}

    found = [
        f"{file.relative_to(SOURCES)}: {name}"
        for file in sorted(SOURCES.rglob("*.*"))
        for name in sorted(names)
        if file.suffix in {".ts", ".tsx", ".css"}
        and file != GENERATED
        and name in file.read_text(encoding="utf-8")
    ]

    assert found == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_problem_that_the_api_has_a_code_for_has_a_text(language: str) -> None:
    texts = (SOURCES / "texts" / language / "problems.ts").read_text(encoding="utf-8")

    raised = set(codes_of_errors())

    assert {"last_owner", "number_taken"} <= raised
    assert raised - set(re.findall(r"^  (\w+):", texts, re.MULTILINE)) == set()


def codes_of_errors() -> Iterator[str]:
    """Of `SomeError(…, code="…")`."""
    for file in [*(ROOT / "shared").rglob("*.py"), *(ROOT / "functions" / "tools_api").rglob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
                for keyword in node.keywords:
                    if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                        yield str(keyword.value.value)
