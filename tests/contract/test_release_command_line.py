"""The trunkline command as an operator gives it for releases.

Whole rollouts, with calls, are in tests/calls/test_rollout.py, what decides them in tests/unit.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from shared.repositories.releases import RELEASES_PATH
from tests.contract.command_line import COMMAND_SECONDS, PROGRAM, CommandLine, Done, command_line

pytestmark = [pytest.mark.contract, pytest.mark.timeout(240)]


@pytest.fixture
async def trunkline(tmp_path: Path) -> AsyncGenerator[CommandLine]:
    async with command_line(tmp_path) as trunkline:
        yield trunkline


def shares(done: Done) -> dict[str, int]:
    return {each["agent_name"]: each["share"] for each in done.report["releases"]}


async def stored(trunkline: CommandLine) -> dict[str, Any] | None:
    return await trunkline.world.stack.database.get(RELEASES_PATH)


async def test_shares_are_shown_as_they_would_be_then_as_they_are(trunkline: CommandLine) -> None:
    assert shares(await trunkline("release", "status")) == {"trunkline": 100}
    start = ("release", "start", "v2", "--share", "10")
    dry = await trunkline(*start)
    assert (dry.exit_code, dry.report["applied"], shares(dry)) == (1, False, {"v2": 10, "trunkline": 90})
    assert await stored(trunkline) is None

    done = await trunkline.program(*start, "--apply")
    assert (done.exit_code, shares(done)) == (0, {"v2": 10, "trunkline": 90})
    again = await trunkline(*start)
    assert (again.exit_code, again.report["steps"]) == (0, []), "nothing is left to do"
    assert (
        "v2 is being rolled out beside trunkline" in (await trunkline("release", "status")).report["rollout"]
    )

    assert shares(await trunkline("release", "promote")) == {"v2": 100, "trunkline": 0}
    assert shares(await trunkline("release", "status")) == {"v2": 10, "trunkline": 90}
    assert shares(await trunkline("release", "promote", "--apply")) == {"v2": 100, "trunkline": 0}
    back = await trunkline("release", "rollback", "--reason", "callers complain", "--apply")
    assert (back.exit_code, shares(back)) == (0, {"v2": 0, "trunkline": 100})
    assert back.report["rollout"] == "v2 was rolled back: callers complain"


async def test_what_cannot_be_is_told_in_a_dry_run_already(trunkline: CommandLine) -> None:
    for command in (("release", "promote"), ("release", "rollback")):
        done = await trunkline(*command)
        assert (done.exit_code, done.errors) == (1, "trunkline: no release was rolled out yet")
    await trunkline("release", "start", "v2", "--apply")
    for command in (("release", "start", "v3"), ("release", "run", "v3")):
        done = await trunkline(*command)
        assert (done.exit_code, done.report) == (1, None)
        assert "v2 is being rolled out: promote it or roll it back first" in done.errors


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("start", ""), "expected the AGENT_NAME of its workers"),
        (("run", "", "--deploy-command", "touch deployed"), "expected the AGENT_NAME of its workers"),
        (("run", "v2", "--steps", "25,5"), "--steps: expected growing percentages, such as 5,25,100"),
        (("run", "v2", "--steps", "soon"), "--steps: expected numbers, such as 5,25,100"),
        (("run", "v2", "--interval", "0"), "'--interval': Input should be greater than or equal to 0.1"),
        (("run", "v2", "--patience", "-1"), "'--patience': Input should be greater than or equal to 0"),
    ],
)
async def test_a_mistake_about_a_release_is_told_before_anything_is_done(
    trunkline: CommandLine, arguments: tuple[str, ...], complaint: str
) -> None:
    """A variable of the shell that is not set makes an empty name: it was deployed, then a traceback."""
    done = await trunkline("release", *arguments, "--apply")
    assert (done.exit_code, done.report) == (2, None)
    assert complaint in done.errors
    assert await stored(trunkline) is None
    assert list(trunkline.folder.iterdir()) == []


async def test_a_rollout_tells_its_steps_before_it_takes_one(trunkline: CommandLine) -> None:
    run = ("release", "run", "v2", "--steps", "10,100", "--deploy-command", "touch deployed")
    dry = await trunkline(*run)
    assert (dry.exit_code, dry.report["applied"]) == (1, False)
    assert dry.report["steps"][:3] == [
        "run: touch deployed",
        "a synthetic call to v2 must hear the agent speak",
        "10 % of new calls to v2, until 20 are over",
    ]
    assert await stored(trunkline) is None
    assert list(trunkline.folder.iterdir()) == []


# As in a terminal: what a script starts in the background inherits that SIGINT is ignored.
HEEDING_CTRL_C = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_an_interrupted_rollout_says_what_it_leaves_behind(
    trunkline: CommandLine, number: signal.Signals
) -> None:
    await trunkline("release", "start", "v2", "--share", "25", "--apply")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", HEEDING_CTRL_C, str(PROGRAM), "release", "run", "v2", "--apply"),
        env={**os.environ, **trunkline.world.operator.env},
        stdout=PIPE,
        stderr=PIPE,
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(COMMAND_SECONDS):
            assert (await process.stderr.readline()).decode().strip() == "25 % of new calls to v2"
            process.send_signal(number)
            _, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 130
    first, last = errors.decode().splitlines()
    assert first.startswith("interrupted: v2 keeps its 25 % of new calls, and nobody watches it.")
    assert last.startswith("trunkline: interrupted;")
    assert shares(await trunkline("release", "status")) == {"v2": 25, "trunkline": 75}


async def test_a_rollout_of_what_is_live_already_has_nothing_to_do(trunkline: CommandLine) -> None:
    done = await trunkline(
        "release", "run", "trunkline", "--apply", "--deploy-command", f"{sys.executable} -c 1"
    )
    assert (done.exit_code, done.report["steps"]) == (0, ["trunkline takes all calls already"])
    assert await stored(trunkline) is None
