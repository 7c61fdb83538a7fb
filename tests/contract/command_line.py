"""The trunkline command as an operator gives it, against the stand-ins of Google, LiveKit and Twilio."""

import asyncio
import json
import os
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from operations.app import app
from tests.contract.tenant_world import World, running_world

PROGRAM = Path(__file__).parents[2] / "bin" / "trunkline"
COMMAND_SECONDS = 120.0


@dataclass(frozen=True)
class Done:
    exit_code: int
    report: Any
    """None when it printed none."""
    errors: str


class CommandLine:
    def __init__(self, world: World, folder: Path) -> None:
        self.world = world
        self.folder = folder

    async def __call__(self, *arguments: str) -> Done:
        """In this process, since starting one costs seconds: all but `bin/trunkline` is the same."""
        result = await asyncio.to_thread(
            CliRunner().invoke, app, [*arguments, "--json"], env=dict(self.world.operator.env)
        )
        return _done(result.exit_code, result.stdout, result.stderr)

    async def program(self, *arguments: str) -> Done:
        """`bin/trunkline`, a process of its own."""
        process = await asyncio.create_subprocess_exec(
            str(PROGRAM),
            *(*arguments, "--json"),
            env={**os.environ, **self.world.operator.env},
            cwd=self.folder,
            stdout=PIPE,
            stderr=PIPE,
        )
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                output, errors = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode is not None
        return _done(process.returncode, output.decode(), errors.decode())

    async def text(self, *arguments: str) -> str:
        """What people read: without --json."""
        result = await asyncio.to_thread(
            CliRunner().invoke, app, [*arguments], env=dict(self.world.operator.env)
        )
        assert result.exit_code == 0, result.stderr
        return result.stdout

    async def tenant(self) -> dict[str, Any] | None:
        return await self.world.stack.database.get("tenants/harbor-dental")


def _done(exit_code: int, output: str, errors: str) -> Done:
    return Done(exit_code, json.loads(output) if output.strip() else None, errors.strip())


def changes(done: Done) -> list[tuple[str, str, bool]]:
    return [(each["subject"], each["action"], each["done"]) for each in done.report["changes"]]


@asynccontextmanager
async def command_line(tmp_path: Path) -> AsyncGenerator[CommandLine]:
    """What is stored at Google was stored twenty minutes ago: left-overs that are younger are left alone."""
    folder = tmp_path / "desk"
    folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        async with running_world(tmp_path, lambda: time.time() - 1200) as world:
            yield CommandLine(world, folder)
