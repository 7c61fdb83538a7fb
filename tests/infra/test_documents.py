"""What the documents say can be done: docs/deploy.md is followed word for word, every command that any page
names is one that there is, with those options, and is given by a test; every alert has its section."""

import importlib.util
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from local.google.iam import DEFAULT_POLICY
from operations import cli
from operations.app import app
from operations.report import OK, Report
from shared.models import prices
from tests.infra.terraform import SOURCE

pytestmark = [pytest.mark.infra, pytest.mark.timeout(300)]

ROOT = SOURCE.parents[1]
NEEDS_A_CLOUD = "# needs a cloud account\n"
BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
TESTED_BY_ITSELF = "make test-infra\n"
"""These tests."""


PAGES = sorted([*(ROOT / "docs").glob("**/*.md"), ROOT / "README.md", ROOT / "AGENTS.md"])
TRUNKLINE = re.compile(r"(?:bin/)?trunkline ((?:doctor|release|secrets|telephony|tenant)\b[^`|\n]*)")
"""A command as it stands in a sentence, a table or a block."""


FILE_NAME = re.compile(r"(?!/)[\w*./()-]+(/|\.(py|tsx?|md|tf|sh|json)|/Dockerfile)")


def blocks(page: str = "deploy.md") -> list[str]:
    return BLOCK.findall((ROOT / "docs" / page).read_text(encoding="utf-8"))


def commands() -> list[str]:
    """Of all pages: what stands in code, one line each."""
    code = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
    found = [
        line.strip()
        for page in PAGES
        for block, span in code.findall(page.read_text(encoding="utf-8"))
        for line in (block or span).splitlines()
    ]
    return sorted({line for line in found if line and not line.startswith("#")})


def documented() -> list[tuple[str, list[str]]]:
    """Each trunkline command as it stands there, and its arguments."""
    found = [match for line in commands() for match in TRUNKLINE.findall(line)]
    return [(text, shlex.split(re.split(r" [>#] ", text)[0])) for text in found]


def path_of(arguments: list[str]) -> tuple[str, ...]:
    """The words that name the command."""
    command: Any = typer.main.get_command(app)
    path: list[str] = []
    for word in arguments:
        command = getattr(command, "commands", {}).get(word)
        if command is None:
            break
        path.append(word)
    return tuple(path)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What git has of the project, with the environment of this one."""
    folder = tmp_path / "clone"
    names = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout.split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    for name in (".venv", ".cache"):
        (folder / name).symlink_to(ROOT / name)
    return folder


def test_every_command_of_the_guide_runs_or_says_that_it_needs_a_cloud(clone: Path) -> None:
    ours = [block for block in blocks() if not block.startswith(NEEDS_A_CLOUD) and block != TESTED_BY_ITSELF]
    assert len(ours) >= 2
    said = ""
    for block in ours:
        # `make` would install again what is installed, since the copies are younger.
        text = "set -euo pipefail\n" + block.replace("make deploy", "make --old-file=setup deploy")
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=clone,
            env=dict(os.environ),
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
        said += done.stdout
    assert (clone / "infra" / "terraform" / "terraform.tfvars").exists()
    assert "== Make everything" in said


class Nothing(Report):
    @property
    def exit_code(self) -> int:
        return OK

    def lines(self) -> list[str]:
        return []


@pytest.mark.parametrize(("text", "arguments"), documented(), ids=lambda value: str(value)[:60])
def test_every_trunkline_command_that_a_page_names_is_one_that_there_is(
    monkeypatch: pytest.MonkeyPatch, text: str, arguments: list[str]
) -> None:
    """Everything but its work is done."""

    async def parsed(*_: object) -> Report:
        return Nothing()

    monkeypatch.setattr(cli, "_work", parsed)
    done = CliRunner().invoke(app, arguments)
    only_named = len(arguments) == len(path_of(arguments))
    assert done.exit_code == 0 or (only_named and "Missing" in done.stderr), f"{text}: {done.stderr}"


def test_every_trunkline_command_that_a_page_names_is_given_by_a_test() -> None:
    tests = "\n".join(
        file.read_text(encoding="utf-8")
        for folder in ("contract", "calls")
        for file in (ROOT / "tests" / folder).glob("*.py")
    )
    paths = {path_of(arguments) for _, arguments in documented()}
    assert len(paths) >= 12
    unseen = [path for path in sorted(paths) if ", ".join(f'"{word}"' for word in path) not in tests]
    assert unseen == []


def test_every_make_target_and_module_that_a_page_names_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    named = {target for line in commands() for target in re.findall(r"^make ([a-z-]+)", line)}
    assert {"demo", "deploy", "test", "secrets"} <= named <= targets
    modules = {module for line in commands() for module in re.findall(r"python -m ([\w.]+)", line)}
    assert {"local", "operations.packaging"} <= modules
    assert {module for module in modules if importlib.util.find_spec(module) is None} == set()


def test_every_block_of_commands_says_that_it_needs_a_cloud_or_is_run_here() -> None:
    for page in PAGES:
        if page.name == "deploy.md":
            continue
        for block in BLOCK.findall(page.read_text(encoding="utf-8")):
            assert block.startswith(NEEDS_A_CLOUD), f"{page.name}: {block}"


def test_every_file_that_a_command_of_the_readme_names_is_there() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    files = re.findall(r"--scenario (\S+)", text) + re.findall(r"\]\((?!http)([^)#]+)", text)
    assert [file for file in files if not (ROOT / file).exists()] == []


def test_costs_are_reckoned_with_the_worker_that_terraform_makes() -> None:
    text = (SOURCE / "variables.tf").read_text(encoding="utf-8")
    cpus, memory = re.findall(
        r"cpu\s*= optional\(number, (\d+)\)\s+memory\s*= optional\(string, \"(\d+)Gi\"\)", text
    )[0]
    assert (prices.PLATFORM.cpus, prices.PLATFORM.gibibytes) == (int(cpus), int(memory))


def test_every_file_that_the_where_to_find_table_names_is_there() -> None:
    """A bare name is in the folder that the row names before it; `src/` is the dashboard's."""
    table = (
        (ROOT / "docs" / "architecture.md")
        .read_text(encoding="utf-8")
        .partition("## Where to find what\n")[2]
    )
    rows = [line for line in table.partition("\n## ")[0].splitlines() if line.startswith("| ")][1:]
    missing: list[str] = []
    for row in rows:
        folders = [ROOT, ROOT / "dashboard"]
        named = [name for name in re.findall(r"`([^`\s]+)`", row) if FILE_NAME.fullmatch(name)]
        assert named, f"names no file: {row}"
        for name in named:
            found = [file for folder in folders for file in folder.glob(name)]
            missing += [] if found else [f"{name}: {row}"]
            folders += [file if file.is_dir() else file.parent for file in found[:1]]
    assert len(rows) > 40
    assert missing == []


def test_the_table_of_rights_to_secrets_says_what_is_enforced() -> None:
    """Terraform grants the same (`test_terraform_deployment.py`)."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip(" `") for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith(("| service account |", *(f"| `{part}` |" for part in DEFAULT_POLICY)))
    ]
    head, *parts = rows
    told = {
        part: {
            f"secretmanager.{name}"
            for name, cell in zip(head[1:-1], cells[:-1], strict=True)
            if cell == "yes"
        }
        for part, *cells in parts
    }
    enforced = {
        part: {permission for permission in granted if permission.startswith("secretmanager.")}
        for part, granted in DEFAULT_POLICY.items()
        if part in told
    }
    assert len(told) == 4
    assert told == enforced


def test_nothing_is_run_by_a_test_that_could_reach_a_cloud() -> None:
    for block in blocks():
        if not block.startswith(NEEDS_A_CLOUD):
            assert not re.search(r"\bgcloud\b|terraform .*(apply|output|destroy)", block)


def test_every_alert_says_what_to_do() -> None:
    names = {
        name.partition(":")[0]
        for file in (SOURCE / "modules" / "observability").glob("*.tf")
        for kind, name in re.findall(
            r'resource "google_monitoring_(\w+)"[^{]*\{.*?display_name\s*=\s*"([^"]*)"',
            file.read_text(encoding="utf-8"),
            re.DOTALL,
        )
        if kind == "alert_policy"
    }
    assert len(names) >= 6
    guide = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    assert names <= set(re.findall(r"^### (.+)$", guide, re.MULTILINE))
