"""The dashboard draws tools from the catalogue: adding one takes no edit there."""

from pathlib import Path

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
