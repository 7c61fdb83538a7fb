"""An agent's tool is being configured while somebody else changes it, or deletes its agent."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from pydantic import SecretStr

from shared.errors import UnavailableError
from shared.gateways.secret_manager import SecretGoneError, SecretManagerGateway
from shared.models.agent_tool import ToolAddress
from shared.repositories.configured_agents import ConfiguredAgentRepository
from tests.contract.google_stand_in import PROJECT, acting_as
from tests.contract.tools_api_stack import Stack, TestTenant

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

SES = {
    "from_address": "desk@example.com",
    "region": "eu-central-1",
    "access_key_id": "AKIA123",
    "secret_access_key": "canary-secret-value",
}


def meanwhile(stack: Stack, patch: pytest.MonkeyPatch, happens: Callable[[], Awaitable[object]]) -> list[str]:
    """Once, while a secret is being stored; returns the versions that are stored."""
    tools: Any = stack.api.tools
    put, stored = tools._secrets.put, list[str]()

    async def put_meanwhile(tool: ToolAddress, field: str, value: SecretStr) -> str:
        if not stored:
            await happens()
        stored.append(await put(tool, field, value))
        return stored[-1]

    patch.setattr(tools._secrets, "put", put_meanwhile)
    return stored


async def stored_value(stack: Stack, version: str) -> str:
    """The API itself may not look."""
    with acting_as("worker", stack.google, stack.google_state) as env:
        gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
        try:
            return (await gateway.access(version)).get_secret_value()
        finally:
            await gateway.aclose()


async def assert_destroyed(stack: Stack, version: str) -> None:
    with pytest.raises(SecretGoneError):
        await stored_value(stack, version)


async def test_a_tool_is_not_set_up_for_an_agent_that_was_deleted_meanwhile(
    stack: Stack, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was answered as done, and its document and secret stayed until the removal's task came by."""
    agent_id = await tenant.agent()
    stored = meanwhile(stack, monkeypatch, lambda: tenant.editor("DELETE", f"/agents/{agent_id}", expect=204))
    url = f"/agents/{agent_id}/tools/send_email"
    await tenant.editor("PATCH", url, {"config": SES}, If_Match="*", expect=404)
    path = f"tenants/{tenant.id}/agents/{agent_id}/agent_tools/send_email"
    assert await stack.database.get(path) is None
    await assert_destroyed(stack, stored[-1])


async def test_who_is_overtaken_while_a_secret_is_stored_changes_nothing_and_leaves_no_secret(
    stack: Stack, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"/agents/{await tenant.agent()}/tools/send_email"
    await tenant.editor("PATCH", url, {"config": SES}, If_Match="*", expect=200)
    read = await tenant.editor("GET", url, expect=200)
    other = SES | {"from_address": "other@example.com"}
    del other["secret_access_key"]
    stored = meanwhile(
        stack,
        monkeypatch,
        lambda: tenant.owner("PATCH", url, {"config": other}, If_Match=read.etag, expect=200),
    )
    late = {"config": SES | {"secret_access_key": "late"}}
    await tenant.editor("PATCH", url, late, If_Match=read.etag, expect=412)
    now = await tenant.editor("GET", url, expect=200)
    assert now.body["config"] == other
    await assert_destroyed(stack, stored[-1])


async def test_a_secret_stays_when_nobody_can_say_whether_its_document_was_written(
    stack: Stack, tenant: TestTenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Firestore may have done it without saying so: the document would name a secret that was destroyed."""
    agent_id = await tenant.agent()
    url = f"/agents/{agent_id}/tools/send_email"
    await tenant.editor("PATCH", url, {"enabled": False, "config": SES}, If_Match="*", expect=200)
    change_tool = ConfiguredAgentRepository.change_tool

    async def and_fall_silent(*given: Any) -> None:
        await change_tool(*given)
        raise UnavailableError("Firestore: commit: TimeoutError")

    with monkeypatch.context() as patch:
        patch.setattr(ConfiguredAgentRepository, "change_tool", and_fall_silent)
        other = SES | {"secret_access_key": "canary-another-value"}
        await tenant.editor("PATCH", url, {"config": other}, If_Match="*", expect=503)
    document = await stack.database.get(f"tenants/{tenant.id}/agents/{agent_id}/agent_tools/send_email")
    assert document is not None
    version = document["sensitive_config"]["secret_access_key"]
    assert (await stored_value(stack, version)) == "canary-another-value"


async def test_a_tool_is_not_removed_by_who_has_read_an_older_version(tenant: TestTenant) -> None:
    url = f"/agents/{await tenant.agent()}/tools/send_email"
    read = await tenant.editor("PATCH", url, {"config": SES}, If_Match="*", expect=200)
    await tenant.owner("PATCH", url, {"enabled": True}, If_Match=read.etag, expect=200)
    await tenant.editor("DELETE", url, If_Match=read.etag, expect=412)
    assert (await tenant.editor("GET", url, expect=200)).body["enabled"] is True
