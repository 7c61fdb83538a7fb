"""Runs Terraform on a copy of infra/terraform: with the real provider where there is one, else a stand-in."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.terraform.mirror import make_mirror

SOURCE = Path(__file__).parents[2] / "infra" / "terraform"
MODULES = sorted(folder.name for folder in (SOURCE / "modules").iterdir())
TIMEOUT_SECONDS = 240
"""For one command; a busy machine takes minutes for what takes seconds."""

_NOT_HERE = "terraform is not here: infra/terraform is not checked (https://developer.hashicorp.com/terraform/install)"


@dataclass(frozen=True)
class Terraform:
    program: str
    root: Path
    environment: dict[str, str]

    @classmethod
    def on_copy(cls, folder: Path) -> "Terraform":
        """Skips the test where there is no Terraform."""
        program = shutil.which("terraform")
        if program is None:
            pytest.skip(_NOT_HERE)
        root = folder / "terraform"
        ignore = shutil.ignore_patterns(".terraform*", "terraform.tfvars", "*.auto.tfvars*", "backend.hcl")
        shutil.copytree(SOURCE, root, ignore=ignore)
        for example in (SOURCE / "examples").iterdir():
            shutil.copytree(example, root / "examples" / example.name, dirs_exist_ok=True)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("TF_")}
        return cls(program, root, environment | _provider(folder) | {"TF_IN_AUTOMATION": "1"})

    def run(self, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *arguments],
            cwd=folder or self.root,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def initialise(self, folder: Path | None = None) -> None:
        done = self.run("init", "-backend=false", "-input=false", "-no-color", folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def state(self, *arguments: str) -> dict[str, Any]:
        """The state after the only run of the tests that `arguments` choose: `terraform show -json`."""
        done = self.run("test", "-json", "-verbose", *arguments)
        messages = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        said = "\n".join(str(message.get("diagnostic", message["@message"])) for message in messages)
        assert done.returncode == 0, said + done.stderr
        (state,) = (message["test_state"] for message in messages if message["type"] == "test_state")
        return state


def _provider(folder: Path) -> dict[str, str]:
    """Where Terraform gets the google provider from; see docs/deploy.md."""
    configured = os.environ.get("TF_CLI_CONFIG_FILE")
    if configured and Path(configured).exists():
        return {"TF_CLI_CONFIG_FILE": configured}
    configuration = make_mirror(folder / "provider", sys.executable)
    return {"TF_CLI_CONFIG_FILE": str(configuration), "TF_DISABLE_PLUGIN_TLS": "1"}


def resources(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All of them, in whatever module."""

    def below(module: dict[str, Any]) -> Iterator[dict[str, Any]]:
        yield from module.get("resources", [])
        for child in module.get("child_modules", []):
            yield from below(child)

    for resource in below(state["root_module"]):
        if resource["mode"] == "managed":
            yield resource
