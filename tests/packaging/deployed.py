"""A function as the cloud runs it: its staged folder alone, in an environment of its own requirements."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from operations.packaging.functions import Staged, find_uv
from tests.processes import accepting

READY_SECONDS = 60.0


def install(staged: Staged, environment: Path) -> None:
    """`pip install -r requirements.txt` into a fresh environment; every file must have its hash."""
    for command in (
        ["venv", "--quiet", "--python", sys.executable, str(environment)],
        [
            *("pip", "install", "--quiet", "--require-hashes", "--no-deps", "--compile-bytecode"),
            *("--python", str(environment / "bin" / "python"), "-r", "requirements.txt"),
        ],
        ["pip", "check", "--quiet", "--python", str(environment / "bin" / "python")],
    ):
        done = subprocess.run(
            [find_uv(), *command], cwd=staged.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@asynccontextmanager
async def deployed(
    staged: Staged, environment: Path, port: int, variables: dict[str, str], log: Path
) -> AsyncGenerator[None]:
    """Serving on `port` with nothing in its environment but `variables`."""
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(str(environment / "bin" / "functions-framework"), "--target", staged.name),
            cwd=staged.folder,
            env={"PATH": f"{environment / 'bin'}:/usr/bin:/bin", "PORT": str(port), **variables},
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        await accepting(process, port, log=log, seconds=READY_SECONDS)
        yield
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), 15)
        except TimeoutError:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
