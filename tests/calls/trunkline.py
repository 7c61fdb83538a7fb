"""The trunkline command as an operator runs it: a process of its own, against a laptop cloud."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.cloud import Cloud

ROOT = Path(__file__).parents[2]
COMMAND_SECONDS = 180.0


@dataclass(frozen=True)
class Done:
    exit_code: int
    report: Any
    """Parsed from --json; None when there is none."""
    errors: str

    @property
    def findings(self) -> dict[str, str]:
        """Of `doctor`: what failed, with its fix."""
        return {each["check"]: each["fix"] for each in self.report["findings"] if each["status"] == "failed"}


class Trunkline:
    def __init__(self, cloud: Cloud, **env: str) -> None:
        self._file = cloud.state / "deployment.json"
        self._file.write_text(json.dumps(cloud.environment.deployment()), encoding="utf-8")
        self._env = {**os.environ, **cloud.environment.operator(), "PYTHONPATH": str(ROOT), **env}

    async def __call__(
        self, *arguments: str, on_line: Callable[[str], None] = lambda _: None, **env: str
    ) -> Done:
        """`on_line` gets what it says on standard error, as it says it."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "operations", *arguments),
            *("--json", "--deployment", str(self._file)),
            env={**self._env, **env},
            cwd=self._file.parent,
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []

        async def follow(stream: asyncio.StreamReader) -> None:
            async for line in stream:
                lines.append(line.decode().rstrip())
                on_line(lines[-1])

        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                output, _ = await asyncio.gather(process.stdout.read(), follow(process.stderr))
                status = await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        return Done(status, json.loads(output) if output.strip() else None, "\n".join(lines))
