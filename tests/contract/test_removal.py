"""Removing an agent or a tool in one function revokes its connections in another, by way of Cloud Tasks."""

import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from functions.tools_api.api import Api
from functions.tools_api.settings import ApiSettings
from shared.errors import UnavailableError
from shared.gateways.firestore import Remove
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, ToolAddress
from shared.models.audit import Actor
from shared.services.connections import SupersededError
from shared.services.secret_removal import FORGET_PATH
from shared.services.secret_store import ToolSecretStore
from shared.services.tool_service import ToolChange
from tests.connect_stack import (
    ACCOUNT,
    AGENT,
    CALENDAR,
    CLIENT_ID,
    CRM,
    REGISTRY,
    TENANT,
    Stack,
    running_stack,
)
from tests.contract.google_stand_in import QUEUE, acting_as, tasks_client
from tests.waiting import eventually

pytestmark = pytest.mark.contract

ACTOR = Actor(kind="member", id="u1", name="Ed")


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


@asynccontextmanager
async def tools_api(stack: Stack, state: Path, service_account: str = "tools-api") -> AsyncGenerator[Api]:
    """The other function, with rights of its own."""
    with acting_as(service_account, stack.google, state / "google") as variables:
        settings = {
            **variables,
            "LIVEKIT_URL": "ws://livekit.example",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "secret-of-at-least-thirty-two-characters",
            "USER_TOKEN_ISSUERS": stack.identity.url,
            "USER_TOKEN_AUDIENCE": "trunkline",
            "INCOMING_CALL_URL": "https://voice.example",
            "OAUTH_URL": stack.url,
            "TASKS_QUEUE": QUEUE,
            "TASKS_SERVICE_ACCOUNT": stack.settings.tasks_service_account,
            "TWILIO_ACCOUNT_SID": "AC1",
            "TWILIO_AUTH_TOKEN": "token",
        }
        connected = Api.connect(ApiSettings.from_env(settings))
        api = Api(connected.settings, *connected.gateways, registry=REGISTRY)
        try:
            yield api
        finally:
            await connected.aclose()


def granted(stack: Stack) -> bool:
    """At Google."""
    return bool(stack.google._oauth.consent(ACCOUNT, CLIENT_ID))


async def window_passes(stack: Stack, state: Path) -> None:
    """What was to be looked at later is looked at now."""
    async with tasks_client(stack.google, state / "google") as client:
        async for task in await client.list_tasks(parent=QUEUE):
            await client.run_task(name=task.name)


async def test_removing_an_agent_revokes_its_connections_and_deletes_its_secrets(
    stack: Stack, tmp_path: Path
) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        await browser.connect(provider="crm")
    async with tools_api(stack, tmp_path) as api:
        await api.agents.delete(TENANT, ACTOR, AGENT, None)
    assert await stack.tool() is None

    async def no_secrets() -> bool:
        return await stack.desk.secrets.list_secrets({}) == []

    await window_passes(stack, tmp_path)
    await eventually(no_secrets, "no secrets are left")
    assert not granted(stack)
    assert stack.crm.tokens == {}


async def test_removing_a_tool_revokes_its_connection_and_no_others(stack: Stack, tmp_path: Path) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        await browser.connect(provider="crm")
    async with tools_api(stack, tmp_path) as api:
        await api.tools.remove(TENANT, ACTOR, AGENT, CRM, None)
    assert await stack.tool(CRM) is None

    async def one_secret_left() -> bool:
        return len(await stack.desk.secrets.list_secrets({})) == 1

    await window_passes(stack, tmp_path)
    await eventually(one_secret_left, "one secret is left")
    assert stack.crm.tokens == {}
    calendar, readable = await stack.stored()
    assert calendar is not None
    assert readable == list(calendar.sensitive_config.values())
    assert granted(stack)


async def test_a_consent_that_came_to_nothing_does_not_keep_the_one_in_use_from_being_revoked(
    stack: Stack,
) -> None:
    """The other one's token was stored, and destroyed since it came too late: the newest version is none."""
    async with stack.browser() as browser:
        await browser.connect()

    async def refuse(version: str) -> str | None:
        raise SupersededError("somebody else's consent came later")

    with pytest.raises(SupersededError):
        await ToolSecretStore(stack.desk.secrets).replace(
            ToolAddress(TENANT, AGENT, CALENDAR), REFRESH_TOKEN, SecretStr("late"), refuse
        )
    await stack.desk.revocations.forget(TENANT, AGENT)
    assert not granted(stack)


async def test_a_process_that_dies_when_the_documents_are_gone_leaves_no_secret(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with stack.browser() as browser:
        await browser.connect()

    async def dies(store: ToolSecretStore, version: str) -> None:
        raise SystemExit

    config = {
        "from_address": "desk@harbor.example",
        "region": "us-east-1",
        "access_key_id": "AKIAEXAMPLE",
        "secret_access_key": "k",
    }
    async with tools_api(stack, tmp_path) as api:
        await api.tools.change(TENANT, ACTOR, AGENT, "send_email", ToolChange(config=config), None)
        assert len(await stack.desk.secrets.list_secrets({})) == 2
        with monkeypatch.context() as patch:
            patch.setattr(ToolSecretStore, "destroy", dies)
            with pytest.raises(SystemExit):
                await api.agents.delete(TENANT, ACTOR, AGENT, None)

    async def no_secrets() -> bool:
        return await stack.desk.secrets.list_secrets({}) == []

    await window_passes(stack, tmp_path)
    await eventually(no_secrets, "no secrets are left")
    assert not granted(stack)


@pytest.mark.parametrize("deleted", ["before it is written", "after it was written"])
async def test_an_account_that_is_connected_while_its_agent_is_deleted_leaves_nothing(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deleted: str
) -> None:
    """Deleting an agent takes along the tools that it had then: what was connected meanwhile stayed."""
    assert await stack.stored() == (None, [])  # the connection function has its credentials from here on
    async with stack.browser() as browser, tools_api(stack, tmp_path) as api:
        back = await browser.agree(await browser.start())
        connections = stack.desk.auth._connections
        connect = connections.connect

        async def none_yet(*_: object) -> list[AgentTool]:
            return []

        async def connect_meanwhile(*asked: Any) -> AgentTool:
            if deleted == "before it is written":
                await api.agents.delete(TENANT, ACTOR, AGENT, None)
            former = await connect(*asked)
            if deleted == "after it was written":
                await api.agents.delete(TENANT, ACTOR, AGENT, None)
            return former

        monkeypatch.setattr(api.agents._agents, "tools", none_yet)
        monkeypatch.setattr(connections, "connect", connect_meanwhile)
        _, page = await browser.visit(back)

    assert ("The agent does not exist any more" in page) is (deleted == "before it is written")

    async def nothing_left() -> bool:
        return await stack.stored() == (None, []) and not granted(stack)

    await window_passes(stack, tmp_path)
    await eventually(nothing_left, "neither document nor token is left")


@pytest.mark.parametrize("had", [False, True], ids=["for the first time", "again"])
async def test_no_process_that_dies_leaves_an_account_with_an_agent_that_is_gone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, had: bool
) -> None:
    """Whether the agent is there was looked at when the account was connected: who died in between left its
    document, and what it names, until the tenant was purged."""
    async with stack.browser() as browser:
        if had:
            await browser.connect()
        before = await stack.tool()
        back = await browser.agree(await browser.start())
        connections = stack.desk.auth._connections
        connect = connections.connect

        async def connect_too_late(*asked: Any) -> AgentTool:
            await stack.database.commit([Remove(f"tenants/{TENANT}/agents/{AGENT}")])
            return await connect(*asked)

        async def dies(*_: object) -> int:
            raise UnavailableError("as good as dead")

        monkeypatch.setattr(connections, "connect", connect_too_late)
        monkeypatch.setattr(stack.desk.auth._revocations, "forget_removed", dies)
        await browser.visit(back)

    assert await stack.tool() == before


async def test_what_cannot_be_revoked_is_not_removed(stack: Stack, tmp_path: Path) -> None:
    async with stack.browser() as browser:
        await browser.connect()
    async with tools_api(stack, tmp_path, service_account="worker") as api:  # may not enqueue
        with pytest.raises(UnavailableError):
            await api.agents.delete(TENANT, ACTOR, AGENT, None)
        with pytest.raises(UnavailableError):
            await api.tools.remove(TENANT, ACTOR, AGENT, CALENDAR, None)
    assert await stack.tool() is not None
    assert await stack.database.get(f"tenants/{TENANT}/agents/{AGENT}") is not None


@pytest.mark.parametrize("slug", [None, CALENDAR])
async def test_a_removal_that_was_asked_for_and_did_not_happen_changes_nothing(
    stack: Stack, slug: str | None
) -> None:
    async with stack.browser() as browser:
        await browser.connect()
    before = await stack.stored()
    body = {"tenant_id": TENANT, "agent_id": AGENT, "slug": slug, "if_removed": True}
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {task_token(stack)}"}) as http,
        http.post(stack.url + FORGET_PATH, json=body) as answer,
    ):
        assert await answer.json() == {"deleted": 0}
    assert await stack.stored() == before
    assert granted(stack)


@pytest.mark.parametrize(
    "body", [{"tenant_id": TENANT, "slug": CALENDAR}, {"tenant_id": TENANT, "if_removed": True}]
)
async def test_a_task_that_names_no_agent_does_not_stand_for_the_whole_tenant(
    stack: Stack, body: dict[str, object]
) -> None:
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {task_token(stack)}"}) as http,
        http.post(stack.url + FORGET_PATH, json=body) as answer,
    ):
        assert 400 <= answer.status < 500


def task_token(stack: Stack) -> str:
    email, audience, now = stack.settings.tasks_service_account, stack.settings.public_url, int(time.time())
    claims = {"sub": "1", "aud": audience, "email": email, "email_verified": True}
    return stack.google.identity.sign({**claims, "iat": now, "exp": now + 600})
