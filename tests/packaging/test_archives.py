"""What is uploaded for each function: no more than it runs, and the same bytes for the same source."""

import hashlib
import os
import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from operations.packaging.archive import write_archive
from operations.packaging.functions import FUNCTIONS, Staged, package
from operations.packaging.import_graph import PackagingError, needed_modules
from operations.packaging.staging import ROOT

pytestmark = pytest.mark.infra


@pytest.fixture(scope="module", params=FUNCTIONS)
def staged(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Staged:
    return package(request.param, tmp_path_factory.mktemp("build"))


def in_archive(staged: Staged) -> list[PurePosixPath]:
    with zipfile.ZipFile(staged.archive) as archive:
        return [PurePosixPath(name) for name in archive.namelist()]


def test_the_same_source_elsewhere_gives_the_same_bytes(staged: Staged, tmp_path: Path) -> None:
    """Another folder, other times, other modes, files made in another order."""
    clone = tmp_path / "clone"
    clone.mkdir()
    for name in ("uv.lock", "pyproject.toml", "README.md"):
        shutil.copyfile(ROOT / name, clone / name)
    sources = [file for folder in ("functions", "shared") for file in (ROOT / folder).rglob("*.py")]
    for number, source in enumerate(sorted(sources, reverse=True)):
        target = clone / source.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o600)
        os.utime(target, (number * 86_400, number * 86_400))
    again = package(staged.name, tmp_path / "build", root=clone)
    assert again.archive.read_bytes() == staged.archive.read_bytes()
    assert again.digest == staged.digest == hashlib.sha256(staged.archive.read_bytes()).hexdigest()


def test_an_edited_source_gives_another_archive(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    source = tmp_path / "code" / "main.py"
    source.write_text("a = 1\n")
    before = write_archive(tmp_path / "code", tmp_path / "before.zip")
    source.write_text("a = 2\n")
    assert write_archive(tmp_path / "code", tmp_path / "after.zip") != before


def test_nothing_foreign_is_inside(staged: Staged) -> None:
    allowed = (PurePosixPath("functions") / staged.name, PurePosixPath("shared"))
    beside = {PurePosixPath(name) for name in ("main.py", "requirements.txt", "functions/__init__.py")}
    foreign = [
        path for path in in_archive(staged) if path not in beside and not set(path.parents) & set(allowed)
    ]
    assert not foreign
    assert not [path for path in in_archive(staged) if path.suffix not in (".py", ".txt")]


def test_shared_comes_without_what_the_function_does_not_import(staged: Staged) -> None:
    names = {str(path) for path in in_archive(staged)}
    kept = {
        "incoming_call": "functions/incoming_call/platform_routes.py",  # imported lazily, by its name
        "oauth": "shared/services/secret_reconciler.py",
        "tools_api": "shared/gateways/livekit_tokens.py",
    }
    left_out = {
        "incoming_call": "shared/tools/base/registry.py",
        "oauth": "shared/gateways/livekit.py",
        "tools_api": "shared/services/connection_credentials.py",
    }
    assert kept[staged.name] in names
    assert left_out[staged.name] not in names
    assert (ROOT / left_out[staged.name]).exists(), "the example is out of date"


def test_entries_are_plain_files_that_anybody_may_read(staged: Staged) -> None:
    with zipfile.ZipFile(staged.archive) as archive:
        modes = {entry.external_attr >> 16 for entry in archive.infolist()}
        days = {entry.date_time for entry in archive.infolist()}
    assert modes == {stat.S_IFREG | 0o644}
    assert days == {(1980, 1, 1, 0, 0, 0)}


def test_requirements_are_pinned_with_hashes_and_only_the_functions_own(staged: Staged) -> None:
    text = (staged.folder / "requirements.txt").read_text()
    pinned = [line.split("==")[0] for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert {"functions-framework", "google-cloud-firestore", "pydantic", "tzdata"} <= set(pinned)
    assert text.count("==") >= len(pinned)
    assert "-e ." not in text
    assert "://" not in text, "an address of somebody's package index"
    assert not {"livekit-agents", "aiortc", "pytest", "moto", "boto3", "ruff"} & set(pinned)
    assert ("fastapi" in pinned) == (staged.name == "tools_api")
    requirements = text.replace("\\\n", "").splitlines()
    assert all("--hash=sha256:" in line for line in requirements if line.strip())


class TestImportGraph:
    def write(self, root: Path, **sources: str) -> None:
        for name, source in sources.items():
            path = root / (name.replace("__init__", "#").replace("__", "/").replace("#", "__init__") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(source)

    def needed(self, root: Path) -> set[str]:
        return set(needed_modules(root, ["app.main"], frozenset({"app", "lib"})))

    def test_imports_are_followed_wherever_they_stand(self, tmp_path: Path) -> None:
        self.write(
            tmp_path,
            app____init__="",
            app__main="import lib.one\ndef later():\n    from lib import two\n    from lib.three import name",
            lib____init__="",
            lib__one="from importlib import import_module\nimport_module('lib.four')",
            lib__two="from . import five\nfrom .six import name",
            lib__three="name = 1",
            lib__four="import asyncio, importlib\nasyncio.to_thread(importlib.import_module, 'lib.seven')",
            lib__five="import json",
            lib__six="name = 1",
            lib__seven="",
            lib__unused="",
        )
        parts = ("one", "two", "three", "four", "five", "six", "seven")
        assert self.needed(tmp_path) == {"app", "app.main", "lib", *(f"lib.{part}" for part in parts)}

    def test_what_only_type_checkers_read_is_left_out(self, tmp_path: Path) -> None:
        self.write(
            tmp_path,
            app____init__="",
            app__main=(
                "import typing\nif typing.TYPE_CHECKING:\n    import lib.types\nelse:\n    import lib.real"
            ),
            lib____init__="",
            lib__types="",
            lib__real="",
        )
        assert self.needed(tmp_path) == {"app", "app.main", "lib", "lib.real"}

    def test_an_import_that_nobody_can_follow_is_refused(self, tmp_path: Path) -> None:
        self.write(
            tmp_path,
            app____init__="",
            app__main="from importlib import import_module\nname = 'lib.one'\nimport_module(name)",
        )
        with pytest.raises(PackagingError, match=r"main\.py:3"):
            self.needed(tmp_path)
