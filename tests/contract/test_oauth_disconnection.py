"""Disconnecting a tool, and removing its agent, over HTTP with the real client libraries."""

from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp
import pytest
from pydantic import SecretStr

from local.google.faults import Fault
from shared.gateways.firestore import Put
from shared.models.agent_tool import REFRESH_TOKEN, ConnectionState, ToolAddress
from shared.services import auth_service
from tests.connect_stack import (
    ACCOUNT,
    AGENT,
    CALENDAR,
    CLIENT_ID,
    CRM,
    TENANT,
    Stack,
    running_stack,
)

pytestmark = pytest.mark.contract


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


async def test_disconnecting_revokes_destroys_and_says_so(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        tool = await stack.tool()
        assert tool is not None
        sealed = await stack.desk.secrets.access(tool.sensitive_config[REFRESH_TOKEN])
        answer = await browser.api("POST", "disconnect")
        again = await browser.api("POST", "disconnect")
        _, shown = await browser.api("GET", "status")
    token = auth_service.StoredGrant.opened(sealed).refresh_token.get_secret_value()

    assert answer == (200, {"state": "disconnected", "revoked": True})
    assert again == (200, {"state": "disconnected", "revoked": False})
    assert stack.google._oauth.refresh_grant(token) is None
    assert shown["state"] == "disconnected"
    assert shown["reason"] == auth_service.DISCONNECTED_BY_MEMBER
    tool, readable = await stack.stored()
    assert tool is not None
    assert (tool.sensitive_config, readable) == ({}, [])


async def test_an_account_that_other_agents_use_is_not_revoked_for_them(stack: Stack) -> None:
    agent = {"name": "Back office", "instructions": "Be kind."}
    await stack.database.commit([Put(f"tenants/{TENANT}/agents/back-office", agent)])
    async with stack.browser() as browser:
        await browser.connect()
        await browser.connect(agent_id="back-office")
        first = await browser.api("POST", "disconnect")
        second = await browser.api("POST", "disconnect", agent_id="back-office")

    assert first[1]["revoked"] is False
    assert second[1]["revoked"] is True
    assert (await stack.stored())[1] == []


async def test_a_provider_that_is_down_keeps_nobody_connected(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        stack.google.faults.plan(Fault(path="/revoke", count=9, status=503))
        answer = await browser.api("POST", "disconnect")
        stack.google.faults.clear()
        tool = await stack.tool()
        found = await stack.desk.reconciler.run(apply=True)

    assert answer == (200, {"state": "disconnected", "revoked": False})
    assert tool is not None
    assert tool.connection is not None
    assert tool.connection.state is ConnectionState.DISCONNECTED
    assert [one.finding.name for one in found] == ["HALF_DISCONNECTED"]
    tool, readable = await stack.stored()
    assert tool is not None
    assert (tool.sensitive_config, readable) == ({}, [])


async def test_the_consent_of_an_account_that_another_takes_the_place_of_is_ended(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        await stack.consent("boss@harbor.example")
        await browser.connect()

    assert not stack.google._oauth.consent(ACCOUNT, CLIENT_ID)
    assert stack.google._oauth.consent("boss@harbor.example", CLIENT_ID)


async def test_a_disconnection_that_is_finished_late_leaves_what_was_connected_meanwhile(
    stack: Stack,
) -> None:
    address = ToolAddress(TENANT, AGENT, CALENDAR)
    async with stack.browser() as browser:
        await browser.connect()
        connections = stack.desk.auth._connections
        before = await connections.begin_disconnect(address, "google", "Somebody wished so.", None)
        assert before is not None
        await browser.connect()
        await stack.desk.revocations.finish(address, before)
    tool, readable = await stack.stored()

    assert tool is not None
    assert tool.connection is not None
    assert tool.connection.state is ConnectionState.CONNECTED
    assert [tool.sensitive_config[REFRESH_TOKEN]] == readable
    assert stack.google._oauth.consent(ACCOUNT, CLIENT_ID)


@pytest.mark.parametrize("documents", ["there", "deleted"])
async def test_removing_an_agent_revokes_and_deletes_what_it_had_and_nothing_of_others(
    stack: Stack, documents: str
) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        await browser.connect(provider="crm")
    store = stack.desk.auth._store
    neighbours = [
        await store.put(ToolAddress(tenant_id, agent_id, "send_email"), "secret_access_key", SecretStr("k"))
        for tenant_id, agent_id in ((TENANT, "back-office"), ("other", AGENT), (TENANT.upper(), AGENT))
    ]
    if documents == "deleted":
        for slug in (CALENDAR, CRM):
            path = f"tenants/{TENANT}/agents/{AGENT}/agent_tools/{slug}"
            await stack.database.remove(path, lambda _: [])

    token = stack.scheduler_token()
    async with (
        aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http,
        http.post(
            f"{stack.url}/api/v1/tasks/forget-secrets", json={"tenant_id": TENANT, "agent_id": AGENT}
        ) as answer,
    ):
        assert await answer.json() == {"deleted": 2}

    assert stack.crm.tokens == {}
    granted = stack.google._oauth.consent(ACCOUNT, "laptop-client")
    assert granted == frozenset()
    _, readable = await stack.stored()
    assert sorted(readable) == sorted(neighbours)
