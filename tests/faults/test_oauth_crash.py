"""The process is killed after every single remote call of connecting, renewing, rotating and disconnecting.

Each time it is a real process, and SIGKILL. After a restart and one run of the reconciler, the tool is either
connected, with one token that the provider accepts and nothing else stored, or disconnected, with nothing
stored. The table of all runs is printed.

A token that the provider had just issued dies with the memory of a process that had not stored it yet: nobody
has it, hence nobody can use it, or revoke it.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local.google.oauth_consent import AUTO_CONSENT_PARAMETER
from shared.gateways.firestore import Put
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, ConnectionState, ToolAddress
from shared.models.base import utc_now
from shared.models.member import Role
from shared.repositories.agent_tools import AgentToolRepository
from shared.services.connections import ConnectionRef
from shared.services.identity import User, user_id_for
from shared.services.secret_names import label_value
from shared.services.secret_reconciler import Found
from shared.services.stored_grant import StoredGrant
from tests.connect_stack import AGENT, CALENDAR, CRM, EDITOR, Stack, running_stack
from tests.faults.mortal import Life, Process, live
from tests.faults.oauth_lives import Deed, Part, do, use

pytestmark = pytest.mark.faults

LATER = timedelta(hours=1)
AT_ONCE = 2
"""Lives; so many processors do most machines have that this has to be quick on."""

OPERATIONS: dict[str, tuple[str, str | None]] = {
    # operation: (tool, what was done before)
    "connect": (CALENDAR, None),
    "connect again": (CALENDAR, "connect"),
    "connect another account": (CALENDAR, "connect"),
    "connect, generic provider": (CRM, None),
    "refresh": (CALENDAR, "connect"),
    "refresh, revoked": (CALENDAR, "connect"),
    "rotate": (CRM, "connect"),
    "disconnect": (CALENDAR, "connect"),
    "disconnect, generic provider": (CRM, "connect"),
    "remove the agent": (CALENDAR, "connect"),
    "set a secret field": (CALENDAR, "set a secret field"),
}

HEADER = f"{'operation':29}  n  {'the last remote call':26} {'in the end':17} put right by the reconciler"


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


@dataclass
class Run:
    """One tenant, with an account of its own, whose tool somebody does something to."""

    stack: Stack
    deed: Deed
    token: str = ""
    """The refresh token that was named beforehand."""
    life: Life = field(default_factory=lambda: Life([], killed=False))

    @property
    def tenant_id(self) -> str:
        return self.deed.address.tenant_id

    async def furnish(self) -> None:
        await self.stack.database.commit(
            [
                Put(f"tenants/{self.tenant_id}", {"name": self.tenant_id}),
                Put(f"tenants/{self.tenant_id}/agents/{AGENT}", {"name": "x", "instructions": "x"}),
            ]
        )
        await self.stack.add_member(EDITOR, Role.EDITOR, self.tenant_id)
        for account in ("one", "two"):
            await self.stack.control("POST", "accounts", email=self.email(account))

    def email(self, account: str) -> str:
        return f"{account}@{self.tenant_id}.example"

    async def before(self, operation: str | None, part: Part) -> None:
        if operation is not None:
            earlier = replace(self.deed, operation=operation)
            life = await live("tests.faults.oauth_lives", do, earlier, None, os.environ, self.visit)
            assert not life.killed
        tool = await self.tool()
        if tool is not None:
            self.deed = replace(self.deed, pinned=ConnectionRef.of(self.deed.address, tool))
            self.token = await named_token(part, tool)
        if self.deed.operation == "refresh, revoked":
            client_id = self.stack.settings.google_oauth_client_id
            await self.stack.control("DELETE", "refresh-tokens", email=self.email("one"), client_id=client_id)

    async def spend(self, calls: int | None) -> None:
        self.life = await live("tests.faults.oauth_lives", do, self.deed, calls, os.environ, self.visit)

    async def visit(self, asked: str) -> str:
        """As a person who agrees with that account: where the provider sends the browser back to."""
        account, _, page = asked.partition(" ")
        chosen = {AUTO_CONSENT_PARAMETER: self.email(account)}
        async with (
            aiohttp.ClientSession() as browser,
            browser.get(page, params=chosen, allow_redirects=False) as answer,
        ):
            return answer.headers["Location"]

    async def tool(self) -> AgentTool | None:
        address = self.deed.address
        return await AgentToolRepository(self.stack.database).find(self.tenant_id, AGENT, address.slug)

    async def secret_ids(self, part: Part) -> list[str]:
        return await part.secrets.list_secrets({"tenant": label_value(self.tenant_id)})

    async def readable(self, part: Part) -> list[str]:
        return [
            version.name
            for secret_id in await self.secret_ids(part)
            for version in await part.secrets.list_versions(secret_id)
            if version.readable
        ]

    def accepts(self, token: str) -> bool:
        """Whether the provider would take this refresh token."""
        if self.deed.provider == "crm":
            return token in self.stack.crm.tokens
        return self.google_grant(token) is not None

    def google_grant(self, token: str) -> Any:
        return self.stack.google._oauth.refresh_grant(token)


async def named_token(part: Part, tool: AgentTool) -> str:
    version = tool.sensitive_config.get(REFRESH_TOKEN)
    if version is None:
        return ""
    return StoredGrant.opened(await part.secrets.access(version)).refresh_token.get_secret_value()


async def legal_state(run: Run, part: Part) -> str:
    """ "connected" or "disconnected"; an AssertionError says what is wrong with any other."""
    tool, readable = await run.tool(), await run.readable(part)
    named = {} if tool is None else tool.sensitive_config
    assert sorted(named.values()) == sorted(readable), "what is stored is what the document names"
    connection = None if tool is None else tool.connection
    if tool is None or connection is None or connection.state is ConnectionState.DISCONNECTED:
        assert REFRESH_TOKEN not in named
        if run.deed.operation.startswith(("disconnect", "remove")):
            assert not run.accepts(run.token), "it is revoked at the provider, too"
        return "disconnected" if not readable else "one value, named"
    grant = StoredGrant.opened(await part.secrets.access(named[REFRESH_TOKEN]))
    token = grant.refresh_token.get_secret_value()
    assert run.accepts(token), "a connected tool's token works"
    assert grant.consent_id == connection.consent_id, "token and facts are of one consent"
    if run.deed.provider == "google":
        assert run.google_grant(token).email == connection.account_email
    return "connected"


async def prepared(stack: Stack, operation: str, number: int, part: Part) -> Run:
    slug, before = OPERATIONS[operation]
    tenant_id = f"{operation.replace(',', '').replace(' ', '-')}-{number}"
    subject = (stack.identity.users.find(EDITOR) or stack.identity.users.put(EDITOR)).subject
    user = User(user_id_for(stack.identity.url, subject), stack.identity.url, subject, EDITOR)
    run = Run(stack, Deed(operation, ToolAddress(tenant_id, AGENT, slug), user))
    await run.furnish()
    await run.before(before, part)
    return run


async def killed_everywhere(stack: Stack, operation: str, part: Part) -> list[Run]:
    """One whole life, and one that ends after each of the remote calls that the whole one made."""
    whole = await prepared(stack, operation, 0, part)
    await whole.spend(None)
    assert not whole.life.killed
    room = asyncio.Semaphore(AT_ONCE)

    async def one(calls: int) -> Run:
        async with room:
            run = await prepared(stack, operation, calls, part)
            await run.spend(calls)
        assert run.life.killed
        assert run.life.calls == whole.life.calls[:calls]
        return run

    calls = range(1, len(whole.life.calls) + 1)
    return [*await asyncio.gather(*(one(number) for number in calls)), whole]


def row(run: Run, state: str, found: list[Found], names: list[str]) -> str:
    """`names` are those that findings about this run have in their subjects."""
    of_run = [one.finding.name.lower() for one in found if any(name in one.subject for name in names)]
    repairs = ", ".join(of_run) or "-"
    calls = run.life.calls
    last = calls[-1] if run.life.killed else "(not killed)"
    return f"{run.deed.operation:29} {len(calls):3}  {last:26} {state:17} {repairs}"


@pytest.mark.parametrize("operation", OPERATIONS)
async def test_wherever_the_process_dies_the_state_is_legal_and_no_token_is_left_over(
    stack: Stack, operation: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = await killed_everywhere(stack, operation, Part(stack.settings, Process()))

    restarted = Part(stack.settings, Process(), now=lambda: utc_now() + LATER)
    if operation == "refresh, revoked":  # what the provider did is learned with the next use
        for run in runs:
            await use(restarted, run.deed)
    secrets = {run.tenant_id: await run.secret_ids(restarted) for run in runs}
    found = await restarted.reconciler.run(apply=True)

    rows: list[str] = []
    for run in runs:
        state = await legal_state(run, restarted)
        names = [f"{run.tenant_id}/", *secrets[run.tenant_id]]
        rows.append(row(run, state, found, names))
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join([HEADER, *rows]) + "\n")
    assert await restarted.reconciler.run(apply=True) == [], "once is enough"
    assert len(runs) > 3
