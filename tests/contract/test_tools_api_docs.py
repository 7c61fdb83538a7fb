"""docs/openapi.json is what the code serves, and every example in docs/api.md does what it says."""

import itertools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from functions.tools_api.app import routed_app
from functions.tools_api.openapi import operations
from functions.tools_api.settings import ApiSettings
from tests.contract.tools_api_stack import Client, Stack

pytestmark = pytest.mark.contract

DOCS = Path(__file__).parents[2] / "docs"

_BLOCK = re.compile(r"^```(http|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME = re.compile(r"\{([a-z_]+)\}")


@dataclass
class Example:
    method: str
    path: str
    headers: dict[str, str]
    body: str
    answer: Any = None


def examples(page: str) -> Iterator[Example]:
    """Requests, each with the answer that follows it; one without says that there is none."""
    current: Example | None = None
    for kind, text in _BLOCK.findall(page):
        if kind == "json":
            assert current is not None
            current.answer = json.loads(text)
            continue
        if current is not None:
            yield current
        head, _, body = text.partition("\n\n")
        request, *headers = head.strip().splitlines()
        method, path = request.split(" ")
        named = dict(header.split(": ", 1) for header in headers)
        current = Example(method, path, {n.replace("-", "_"): v for n, v in named.items()}, body)
    assert current is not None
    yield current


@pytest.mark.asyncio(loop_scope="module")
async def test_every_example_of_the_page_does_what_it_says(stack: Stack) -> None:
    tenant = await stack.tenant()
    await tenant.owner("PATCH", "", {"name": "Harbor Dental"}, If_Match="*", expect=200)
    known: dict[str, str] = {}
    ran = 0
    for example in examples((DOCS / "api.md").read_text(encoding="utf-8")):
        answer = await run(stack.client(tenant.owner.token), example, known)
        if example.answer is None:
            assert answer.status == 204, f"{example}: {answer}"
        else:
            assert answer.status == example.answer.get("status", answer.status), f"{example}: {answer}"
            assert "status" in example.answer or answer.status < 300, f"{example}: {answer}"
            compare(example.answer, answer.body, known, example.path)
        ran += 1
    assert ran >= 15


async def run(client: Client, example: Example, known: dict[str, str]) -> Any:
    def filled(text: str) -> str:
        return _NAME.sub(lambda match: known.get(match[1], match[0]), text)

    body = json.loads(filled(example.body)) if example.body.strip() else None
    headers = {name: filled(value) for name, value in example.headers.items()}
    path = filled(example.path).removeprefix("/api/v1")
    return await client(example.method, path, body, expect=None, **headers)


def compare(shown: Any, real: Any, known: dict[str, str], where: str) -> None:
    """`…` stands for any text, `{name}` for a value that is used later, and what is left out may be there."""
    match shown:
        case dict():
            for name, value in shown.items():
                assert name in real, f"{where}: no {name} in {real}"
                compare(value, real[name], known, f"{where}.{name}")
        case list():
            assert len(shown) == len(real), f"{where}: {real}"
            for number, value in enumerate(shown):
                compare(value, real[number], known, f"{where}.{number}")
        case str() if (named := _NAME.fullmatch(shown)) and named[1] not in known:
            known[named[1]] = real
        case str() if _NAME.fullmatch(shown):
            assert real == known[shown[1:-1]], where
        case str() if "…" in shown:
            pattern = ".*".join(re.escape(part) for part in shown.split("…"))
            assert re.fullmatch(pattern, real, re.DOTALL), f"{where}: {real}"
        case _:
            assert real == shown, f"{where}: {real}"


def test_the_page_says_who_may_do_what() -> None:
    """The table's rows: operations, a person's role, a key's scope."""
    lines = (DOCS / "api.md").read_text(encoding="utf-8").splitlines()
    begin = lines.index("| operations | a person's role | a key's scope |") + 2
    told: dict[str, tuple[str, str]] = {}
    for line in itertools.takewhile(lambda line: line.startswith("|"), lines[begin:]):
        names, role, scope = (cell.replace("`", "").strip() for cell in line.strip("|").split("|"))
        told |= dict.fromkeys(names.split(), (role, scope))
    guards = {each.name: each.guard for each in operations(routed_app())}
    assert told == {
        name: (guard.least_role or "any", guard.scope or "none") for name, guard in guards.items() if guard
    }
    assert len(told) == len(guards)


def test_the_page_names_every_setting() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8").partition("## Running it")[2]
    named = set(re.findall(r"`([A-Z][A-Z_]+)`", page))
    assert named == {name.upper() for name in ApiSettings.model_fields}


def test_the_document_in_docs_is_what_the_code_describes() -> None:
    stored = json.loads((DOCS / "openapi.json").read_text(encoding="utf-8"))
    assert stored == routed_app().openapi(), "run: python -m functions.tools_api > docs/openapi.json"


def test_every_operation_is_described_and_refuses_as_a_problem() -> None:
    document = routed_app().openapi()
    assert document["openapi"].startswith("3.1")
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"
            for status, response in operation["responses"].items():
                if int(status) >= 400:
                    assert list(response["content"]) == ["application/problem+json"], (
                        f"{method} {path} {status}"
                    )


ANYWHERE = {401, 403, 422, 429, 503}
"""No credential, one that may not do this, a parameter given twice, too often, Firestore is away."""


def test_every_operation_tells_of_the_refusals_that_its_parameters_bring() -> None:
    for path, methods in routed_app().openapi()["paths"].items():
        for method, operation in methods.items():
            parameters = {each["name"]: each for each in operation.get("parameters", [])}
            named = {name for name, each in parameters.items() if each["in"] == "path"}
            due = set(ANYWHERE)
            if named - {"tenant_id"}:
                due.add(404)
            if "requestBody" in operation:
                due.add(413)
            if "If-Match" in parameters:
                due |= {412, 428} if parameters["If-Match"]["required"] else {412}
            if "idempotency-key" in parameters:
                due.add(409)
            told = {int(status) for status in operation["responses"] if int(status) >= 400}
            assert due <= told, f"{method} {path} does not tell of {sorted(due - told)}"
            beyond = told - due - {404, 409, 413}  # a service's refusals, and bodies that nobody asked for
            assert not beyond, f"{method} {path} cannot answer {sorted(beyond)}"
