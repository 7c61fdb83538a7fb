"""The rules that the worker's Dockerfile keeps; a container runtime is not needed to read them."""

import re
import tomllib

import pytest

from operations.packaging.staging import ROOT

pytestmark = pytest.mark.infra

INSTRUCTION = re.compile(r"^([A-Z]+)\s+(.*)$")


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments), continuation lines joined, comments left out."""
    text = (ROOT / "worker" / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    found = (INSTRUCTION.match(line) for line in "\n".join(lines).replace("\\\n", " ").splitlines())
    return [(match[1], match[2].strip()) for match in found if match]


def all_of(name: str) -> list[str]:
    return [arguments for instruction, arguments in instructions() if instruction == name]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for instruction in instructions():
        if instruction[0] == "FROM":
            found.append([])
        if found:
            found[-1].append(instruction)
    return found


def test_it_has_a_stage_that_builds_and_one_that_runs() -> None:
    build, final = stages()
    assert build[0] == ("FROM", "${BASE} AS build")
    assert final[0] == ("FROM", "${BASE}")
    assert [arguments for name, arguments in final if name == "COPY"] == [
        "--from=build /srv/worker /srv/worker"
    ], "what only building needs stays behind"


def test_the_base_is_one_exact_release_of_our_python() -> None:
    (base,) = (arguments.removeprefix("BASE=") for arguments in all_of("ARG") if arguments[:5] == "BASE=")
    assert re.fullmatch(r"python:3\.11\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?", base)
    python = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert python == ">=3.11,<3.12"


def test_it_runs_as_somebody_who_is_not_root() -> None:
    final = stages()[-1]
    users = [arguments for name, arguments in final if name == "USER"]
    assert users
    assert int(users[-1].split(":")[0]) >= 1000
    after = final[final.index(("USER", users[-1])) :]
    assert not [name for name, _ in after if name in ("RUN", "COPY", "ADD")]
    copied = [arguments for name, arguments in final if name in ("COPY", "ADD")]
    assert not [arguments for arguments in copied if "--chown" in arguments], "root owns what is run"


def test_it_holds_no_secret_and_asks_for_none() -> None:
    assert [arguments.split("=")[0] for arguments in all_of("ARG")] == ["BASE"]
    variables = " ".join(all_of("ENV"))
    assert not re.search(r"(?i)key|secret|token|password|credential", variables)
    assert not all_of("ADD")
    sources = [arguments.split()[:-1] for arguments in all_of("COPY") if "--from" not in arguments]
    assert sorted(source for line in sources for source in line) == [
        *("operations/", "pyproject.toml", "shared/", "uv.lock", "worker/")
    ]


def test_only_what_is_copied_is_sent_to_the_builder() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in ignore if line and not line.startswith("#")]
    assert rules[0] == "*"
    sent = {rule[1:] for rule in rules if rule.startswith("!")}
    assert sent == {"operations/", "pyproject.toml", "shared/", "uv.lock", "worker/"}
    assert "**/.env*" in rules


def test_it_is_told_to_stop_as_the_worker_understands_and_starts_it_directly() -> None:
    assert all_of("STOPSIGNAL") == ["SIGTERM"]
    # In exec form: a shell in between would keep the signal from the worker.
    assert all_of("ENTRYPOINT") == ['["/srv/worker/venv/bin/python", "-m", "worker.worker", "start"]']
    assert not all_of("CMD")


def test_it_installs_with_the_makefiles_uv_and_the_tested_script() -> None:
    (pinned,) = re.findall(r"uv==([\d.]+)", (ROOT / "Makefile").read_text())
    runs = all_of("RUN")
    assert any(f"uv=={pinned}" in run for run in runs)
    assert "worker/build_image.sh /srv/worker python3.11" in runs
