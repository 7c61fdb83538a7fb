"""What a cold instance imports before it can answer the phone. Every module here is time that a caller waits.

A library that shows up as new has to earn its place: import it inside the function that needs it.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.edge_world import ENV

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]

# functions-framework brings in Flask and Starlette; google-cloud-firestore brings in grpc and requests.
ALLOWED = {
    *("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "blinker", "click"),
    *("functions_framework", "cloudevents", "deprecation", "packaging", "starlette", "anyio", "sniffio"),
    *("google", "proto", "grpc", "grpc_status", "cryptography", "_cffi_backend"),
    *("requests", "urllib3", "charset_normalizer", "idna", "certifi"),
    *("pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection"),
    *("jwt", "twilio", "shared", "functions"),
}

PROGRAM = """
import sys, json
from functions_framework.aio import create_asgi_app
create_asgi_app("incoming_call", "functions/incoming_call/main.py", "http")
files = {name: getattr(module, "__file__", None) or "" for name, module in list(sys.modules.items())}
ours = ("shared", "functions")
print(json.dumps([n for n, file in files.items() if "site-packages" in file or n.partition(".")[0] in ours]))
"""


@pytest.fixture(scope="module")
def imported() -> set[str]:
    environment = {**os.environ, **ENV, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(json.loads(done.stdout))


def test_answering_the_phone_imports_these_libraries_and_no_others(imported: set[str]) -> None:
    compiled = {name for name in imported if "__mypyc" in name}  # charset_normalizer's, named by a hash
    assert {name.partition(".")[0] for name in imported - compiled} - ALLOWED == set()


@pytest.mark.parametrize(
    "module",
    [
        "aiohttp",
        "livekit",
        "twilio.rest",
        "google.cloud.tasks_v2",
        "google.cloud.secretmanager",
        "functions.incoming_call.platform_routes",
    ],
)
def test_what_only_later_requests_need_is_imported_later(imported: set[str], module: str) -> None:
    assert module not in imported
