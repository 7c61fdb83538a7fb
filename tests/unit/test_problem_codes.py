"""Every code of a refusal that people can meet has a text in each language of the dashboard, and its row in
docs/api.md: a client's programmer learns there what to expect."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.models.voices import VOICES
from shared.problems import STATUS, TOO_LARGE
from shared.services.auth_service import DISCONNECTED_BY_MEMBER
from shared.services.call_service import SERVED
from shared.services.consent_errors import Failure
from shared.services.revocation_service import REMOVED
from shared.services.secret_reconciler import SECRET_GONE
from shared.services.token_renewal import REFUSED

ROOT = Path(__file__).parents[2]
TEXTS = ROOT / "dashboard" / "src" / "texts"
CALL_SERVICE = ROOT / "shared" / "services" / "call_service.py"

BY_STATUS = {code for _, code in STATUS.values()}
"""Of errors that have no code of their own; the dashboard words them by their kind."""
OF_THE_FRAMEWORK = {"method_not_allowed"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_refusal_that_has_a_code_of_its_own_has_a_text(language: str) -> None:
    texts = (TEXTS / language / "problems.ts").read_text(encoding="utf-8")

    raised = set(own_codes())

    # The API's, the connection function's, one that several share, and one of a whole class.
    assert {"last_owner", "not_connected", "no_such_tool", "creation_undone"} <= raised
    assert raised - set(re.findall(r"^  (\w+):", texts, re.MULTILINE)) == set()


@pytest.mark.parametrize("language", ["en", "de"])
def test_every_way_in_which_a_consent_fails_has_a_text(language: str) -> None:
    """Half of them were told in the connection function's own English sentence."""
    texts = (TEXTS / language / "consent.ts").read_text(encoding="utf-8")

    assert re.findall(r"^  (\w+):", texts, re.MULTILINE) == [failure.name.lower() for failure in Failure]


def test_every_sentence_that_the_platform_writes_for_people_is_in_the_catalogue() -> None:
    """A call's notices, and why an account was disconnected, were English in every language."""
    texts = (TEXTS / "en" / "platform.ts").read_text(encoding="utf-8")
    reasons = {DISCONNECTED_BY_MEMBER, REMOVED, REFUSED, SECRET_GONE}

    written = set(notices())

    assert {"The agent left.", "The caller left a message."} <= written
    assert written | reasons == set(re.findall(r'"([^"]+)",$', texts, re.MULTILINE))


def test_every_word_for_how_a_voice_sounds_is_in_the_catalogue() -> None:
    """They were English in every language."""
    texts = (TEXTS / "en" / "voices.ts").read_text(encoding="utf-8")

    assert {voice.description for voice in VOICES} == set(re.findall(r'"([^"]+)",$', texts, re.MULTILINE))


def test_every_code_is_explained_on_the_apis_page() -> None:
    page = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| `(\w+)` \| [1-5]\d\d \|", page, re.MULTILINE)

    assert len(explained) == len(set(explained))
    assert set(explained) == {*own_codes(), *BY_STATUS, *OF_THE_FRAMEWORK, TOO_LARGE}


def notices() -> Iterator[str]:
    """Of `log.notice("…")`, and of the events of that kind that are not the worker's."""
    for file in (ROOT / "worker").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Attribute(attr="notice"), args=[ast.Name(id="notice"), *_]):
                    pass  # of the next table
                case ast.AnnAssign(target=ast.Name(id="_CALLED_OFF"), value=ast.Dict(values=pairs)):
                    yield from (
                        ast.literal_eval(pair.elts[0]) for pair in pairs if isinstance(pair, ast.Tuple)
                    )
                case ast.Call(func=ast.Attribute(attr="notice"), args=[text, *_]):
                    yield ast.literal_eval(text)  # written out there, or nobody finds it here
                case _:
                    pass
    yield from SERVED.values()
    yield from re.findall(r'"text": "([^"]+)"', CALL_SERVICE.read_text(encoding="utf-8"))


def own_codes() -> Iterator[str]:
    """Of `SomeError(…, code="…")`, and of classes of errors that say `code = "…"`."""
    for part in ("shared", "functions/tools_api", "functions/oauth"):
        for file in (ROOT / part).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                yield from _codes(node)


def _codes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Error"):
        for keyword in node.keywords:
            if keyword.arg == "code" and isinstance(keyword.value, ast.Constant):
                yield str(keyword.value.value)
    if isinstance(node, ast.ClassDef) and node.name.endswith("Error"):
        for line in node.body:
            if isinstance(line, ast.Assign) and ast.unparse(line.targets[0]) == "code":
                assert isinstance(line.value, ast.Constant)
                yield str(line.value.value)
