"""What the build promises to whoever hosts it."""

import json
import re
import subprocess

import pytest

from tests.browser.chromium import DASHBOARD, NPM, build_test

pytestmark = build_test
OUT = DASHBOARD / "out"


def exported_pages() -> set[str]:
    """Their addresses."""
    return {"/" + str(file.relative_to(OUT)).removesuffix("index.html") for file in OUT.rglob("*.html")}


@pytest.mark.usefixtures("built_dashboard")
def test_every_page_loads_at_most_200_kb_of_javascript_first() -> None:
    assert NPM is not None
    done = subprocess.run(
        [NPM, "run", "--silent", "size"],
        cwd=DASHBOARD,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines() if line.startswith("/")} == exported_pages()


@pytest.mark.usefixtures("built_dashboard")
def test_every_page_has_a_policy_that_lets_no_inline_script_in_but_its_own() -> None:
    pages = json.loads((OUT / "headers.json").read_text(encoding="utf-8"))["pages"]

    assert set(pages) == exported_pages()
    for headers in pages.values():
        scripts = re.search(r"script-src ([^;]*)", headers["Content-Security-Policy"])
        assert scripts is not None
        assert "unsafe" not in scripts[1]
        assert scripts[1].startswith("'self' 'sha256-")
