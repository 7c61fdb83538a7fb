"""trunkline: sets up, checks and runs a deployment.

Nothing is changed without --apply (or --yes): without it the plan is shown. Exit codes: 0 nothing to do or
all done, 1 something was found, would be changed or failed, 2 the command itself is wrong, 130 it was
interrupted.
"""

import asyncio
import logging
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from operations.deployment import load_deployment
from operations.operator import Operator
from operations.report import FINDINGS, INTERRUPTED, USAGE, Report
from shared.errors import ConfigurationError, TrunklineError

DeploymentOption = Annotated[
    Path | None,
    typer.Option("--deployment", metavar="FILE", help="terraform output -json deployment; ./deployment.json"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the report as JSON.")]
ApplyOption = Annotated[bool, typer.Option("--apply", "--yes", help="Make it so; without it only the plan.")]

Work = Callable[[Operator], Awaitable[Report]]


def run(work: Work, deployment: Path | None, as_json: bool) -> None:
    """Do `work`, print its report, and leave with its exit code."""
    logging.basicConfig(level=logging.ERROR, stream=sys.stderr)
    try:
        report = asyncio.run(_work(work, deployment))
    except ConfigurationError as error:
        _fail(error, USAGE)
    except TrunklineError as error:
        _fail(error, FINDINGS)
    except (KeyboardInterrupt, asyncio.CancelledError):
        typer.echo(
            "trunkline: interrupted; every command can be run again and goes on where it was", err=True
        )
        raise typer.Exit(INTERRUPTED) from None
    else:
        typer.echo(report.model_dump_json(indent=2) if as_json else "\n".join(report.lines()))
        raise typer.Exit(report.exit_code)


async def _work(work: Work, deployment: Path | None) -> Report:
    task = asyncio.current_task()
    if task is not None and threading.current_thread() is threading.main_thread():
        # As Ctrl-C: whatever is half done is put in order and told.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with Operator.open(load_deployment(deployment)) as operator:
        return await work(operator)


def _fail(error: TrunklineError, exit_code: int) -> None:
    typer.echo(f"trunkline: {' '.join(str(error).split())}", err=True)
    raise typer.Exit(exit_code)
