"""The dashboard's client compiles, and its types are those of docs/openapi.json as it is now."""

import shutil
import subprocess
from pathlib import Path

import pytest

DASHBOARD = Path(__file__).parents[2] / "dashboard"
NPM = shutil.which("npm")

pytestmark = [
    pytest.mark.contract,
    pytest.mark.skipif(
        NPM is None or not (DASHBOARD / "node_modules").is_dir(),
        reason="the TypeScript client is not checked: get Node.js 20 or later, then run `make client`",
    ),
]


def test_the_typescript_client_is_generated_from_the_description_and_compiles() -> None:
    assert NPM is not None
    done = subprocess.run(
        [NPM, "run", "check"], cwd=DASHBOARD, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
