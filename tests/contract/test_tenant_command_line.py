"""The trunkline command as an operator gives it for tenants: dry run, applied, again with nothing left to do.

Below the command line these are tested in test_tenant_commands.py and test_secret_reconciler.py.
"""

import asyncio
import json
import os
import stat
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from operations.app import app
from shared.models.agent_tool import ToolAddress
from shared.models.member import Role
from shared.services.identity import User
from shared.services.secret_store import ToolSecretStore
from shared.services.team_service import TeamService
from tests.connect_stack import AGENT, TENANT
from tests.contract.test_tenant_commands import World, running_world, under

pytestmark = [pytest.mark.contract, pytest.mark.timeout(240)]

PROGRAM = Path(__file__).parents[2] / "bin" / "trunkline"
COMMAND_SECONDS = 120.0
OWNER = "Owner@harbor.example"
CREATE = ("tenant", "create", "harbor-dental", "--name", "Harbor Dental", "--owner", OWNER)


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

    async def tenant(self) -> dict[str, Any] | None:
        return await self.world.stack.database.get("tenants/harbor-dental")


def _done(exit_code: int, output: str, errors: str) -> Done:
    return Done(exit_code, json.loads(output) if output.strip() else None, errors.strip())


@pytest.fixture
async def trunkline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[CommandLine]:
    """What is stored at Google was stored twenty minutes ago: left-overs that are younger are left alone."""
    folder = tmp_path / "desk"
    folder.mkdir()
    monkeypatch.chdir(folder)
    async with running_world(tmp_path, lambda: time.time() - 1200) as world:
        yield CommandLine(world, folder)


def changes(done: Done) -> list[tuple[str, str, bool]]:
    return [(each["subject"], each["action"], each["done"]) for each in done.report["changes"]]


async def test_a_tenant_is_made_once_and_its_owner_can_accept(trunkline: CommandLine) -> None:
    planned = ("tenant harbor-dental", f"invitation for {OWNER}")
    dry = await trunkline(*CREATE)
    assert (dry.exit_code, dry.report["applied"]) == (1, False)
    assert changes(dry) == [(each, "create", False) for each in planned]
    assert await trunkline.tenant() is None
    assert list(trunkline.folder.iterdir()) == []

    made = await trunkline.program(*CREATE, "--apply")
    assert (made.exit_code, made.errors) == (0, "")
    assert changes(made) == [(each, "create", True) for each in planned]
    kept = trunkline.folder / "invitation.txt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    invitation = kept.read_text().strip()
    assert invitation not in str(made.report)

    documents = await under(trunkline.world, "tenants/harbor-dental")
    for again in (await trunkline(*CREATE), await trunkline(*CREATE, "--apply")):
        assert (again.exit_code, again.report["changes"]) == (0, [])
    assert await under(trunkline.world, "tenants/harbor-dental") == documents
    assert kept.read_text().strip() == invitation

    person = User("u1", "https://issuer.example", "olga", OWNER.lower())
    teams = TeamService(trunkline.world.stack.database)
    tenant_id, tenant, member = await teams.accept_invitation(person, invitation)
    assert (tenant_id, tenant.name, member.role) == ("harbor-dental", "Harbor Dental", Role.OWNER)
    assert (await trunkline(*CREATE)).report["changes"] == []


async def test_a_tenant_without_an_owner_gets_an_invitation_when_it_is_made_again(
    trunkline: CommandLine,
) -> None:
    """As after a command that died between the two."""
    await trunkline(*CREATE, "--apply")
    for path in await under(trunkline.world, "tenants/harbor-dental"):
        if "/invitations/" in path:
            await trunkline.world.stack.database.remove(path, lambda _: [])
    again = await trunkline(*CREATE, "--apply", "--invitation", "second.txt")
    assert changes(again) == [(f"invitation for {OWNER}", "create", True)]
    assert (trunkline.folder / "second.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--owner", "nobody"), "'nobody' is no e-mail address"),
        (("--name", " "), "a tenant needs a name"),
        (("--invitation", "no/such/folder.txt"), "no/such/folder.txt: No such file or directory"),
        (("--invitation", "theirs.txt"), "theirs.txt: File exists"),
    ],
)
async def test_a_mistake_is_one_line_and_makes_nothing(
    trunkline: CommandLine, arguments: tuple[str, str], complaint: str
) -> None:
    (trunkline.folder / "theirs.txt").write_text("another tenant's")
    done = await trunkline(*CREATE, *arguments, "--apply")
    assert (done.exit_code, done.report) == (2, None)
    assert done.errors.startswith("trunkline: ")
    assert complaint in done.errors
    assert "\n" not in done.errors
    assert await trunkline.tenant() is None
    assert (trunkline.folder / "theirs.txt").read_text() == "another tenant's"


async def test_a_seeded_tenant_has_an_agent_and_keeps_its_name(trunkline: CommandLine) -> None:
    seed = ("tenant", "seed", "harbor-dental")
    early = await trunkline(*seed)
    assert early.exit_code == 1
    assert "trunkline tenant create harbor-dental" in early.errors
    await trunkline(*CREATE, "--apply")

    dry = await trunkline(*seed)
    assert (dry.exit_code, changes(dry)) == (1, [("agent front-desk", "create", False)])
    agent = "tenants/harbor-dental/agents/front-desk"
    assert await trunkline.world.stack.database.get(agent) is None

    done = await trunkline.program(*seed, "--apply")
    assert (done.exit_code, changes(done)) == (0, [("agent front-desk", "create", True)])
    first = await trunkline.world.stack.database.get(agent)
    assert first is not None
    assert await trunkline.world.stack.database.get(f"{agent}/agent_tools/end_call") is not None
    tenant = await trunkline.tenant()
    assert tenant is not None
    assert tenant["name"] == "Harbor Dental"

    for again in (await trunkline(*seed), await trunkline(*seed, "--apply")):
        assert (again.exit_code, again.report["changes"]) == (0, [])
    assert await trunkline.world.stack.database.get(agent) == first


async def test_left_over_secrets_are_told_then_destroyed_then_gone(trunkline: CommandLine) -> None:
    stack = trunkline.world.stack
    async with stack.browser() as browser:
        await browser.connect()
    _, connected = await stack.stored()
    store = ToolSecretStore(stack.desk.secrets)
    left_over = await store.put(ToolAddress(TENANT, AGENT, "send_email"), "secret_access_key", SecretStr("k"))

    dry = await trunkline("secrets", "reconcile")
    assert (dry.exit_code, dry.report["applied"]) == (1, False)
    assert left_over in [each["subject"] for each in dry.report["found"]]
    assert set((await stack.stored())[1]) == {*connected, left_over}

    done = await trunkline.program("secrets", "reconcile", "--apply")
    assert done.exit_code == 0, done.errors
    assert left_over in [each["subject"] for each in done.report["found"]]
    assert (await stack.stored())[1] == connected
    for again in (
        await trunkline("secrets", "reconcile"),
        await trunkline("secrets", "reconcile", "--apply"),
    ):
        assert (again.exit_code, again.report["found"]) == (0, [])
    assert (await stack.stored())[1] == connected
