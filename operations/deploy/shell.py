"""Runs the programs that do the work; on a dry run it only says which."""

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "infra" / "terraform"

HTTP_SECONDS = 15


class DeployError(Exception):
    """What stands in the way, in words for the person who deploys."""


@dataclass(frozen=True)
class Shell:
    dry_run: bool = False

    def require(self, programs: Iterable[str]) -> None:
        missing = [program for program in programs if shutil.which(program) is None]
        if missing and not self.dry_run:
            raise DeployError(f"Not on this machine: {', '.join(missing)}. See docs/deploy.md.")

    def title(self, text: str) -> None:
        sys.stdout.write(f"\n== {text}\n")
        sys.stdout.flush()

    def note(self, text: str) -> None:
        sys.stdout.write(f"   {text}\n")
        sys.stdout.flush()

    def run(self, *command: str, secret: str | None = None) -> None:
        """Shows the program's output as it comes. `secret` goes to its standard input, and is never shown."""
        self._show(command, secret is not None)
        if self.dry_run:
            return
        given = None if secret is None else subprocess.PIPE
        with subprocess.Popen(command, cwd=ROOT, stdin=given) as program:  # noqa: S603 - ours
            try:
                program.communicate(None if secret is None else secret.encode())
            except KeyboardInterrupt:
                # Ctrl-C reached it as well. Terraform then saves what it has made and unlocks its state:
                # `subprocess.run` would kill it before that.
                program.wait()
                raise
        if program.returncode:
            raise DeployError(f"This failed: {shlex.join(command)}")

    def read(self, *command: str, instead: str) -> str:
        """What the program prints; on a dry run `instead`."""
        if self.dry_run:
            self._show(command, secret=False)
            return instead
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise DeployError(f"This failed: {shlex.join(command)}\n{done.stderr.strip()}")
        return done.stdout.strip()

    def header(self, url: str, name: str) -> str | None:
        """Of the answer to a GET, empty if it has none; None: nobody answers there."""
        try:
            with urlopen(Request(url), timeout=HTTP_SECONDS) as answer:  # noqa: S310 - an https address of ours
                return str(answer.headers.get(name, ""))
        except HTTPError as refusal:
            return str(refusal.headers.get(name, ""))
        except OSError:  # no such name, no certificate yet, nobody listening
            return None

    def output(self, name: str, *, instead: Any) -> Any:
        """A Terraform output."""
        command = ("terraform", f"-chdir={TERRAFORM.relative_to(ROOT)}", "output", "-json", name)
        return json.loads(self.read(*command, instead=json.dumps(instead)))

    def terraform(self, *arguments: str) -> None:
        self.run("terraform", f"-chdir={TERRAFORM.relative_to(ROOT)}", *arguments)

    def _show(self, command: Iterable[str], secret: bool) -> None:
        sys.stdout.write(f"   $ {shlex.join(command)}{' < (the value)' if secret else ''}\n")
        sys.stdout.flush()
