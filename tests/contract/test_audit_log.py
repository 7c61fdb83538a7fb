"""Every change is in the audit log exactly once, with who made it.

Which routes change something comes from the API's own description, and from the connection function's routes,
so that a new one cannot be forgotten.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from functions.oauth.app import create_app
from functions.tools_api.openapi import Operation
from shared.errors import UnavailableError
from shared.models.audit import Actor, AuditAction, AuditEntry
from shared.models.base import utc_now
from shared.models.call import Call, CallState
from shared.models.member import Role
from shared.repositories.calls import CallRepository
from shared.services.identity import user_id_for
from tests import connect_stack
from tests.contract.tools_api_requests import REQUESTS, Prepared, prepare, routes_in_order
from tests.contract.tools_api_stack import NUMBERS, Client, Stack, TestTenant

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

CHANGING = {"POST", "PUT", "PATCH", "DELETE"}

OTHER_BODIES: dict[str, Any] = {"change_agent_tool": {"enabled": False}}
"""Where the usual request would leave the prepared tenant as it is; see `body_of` as well."""

OAUTH = {
    "/api/v1/oauth/{provider}/callback": "one entry: see below",
    "/api/v1/oauth/{provider}/disconnect": "one entry: see below",
    "/api/v1/oauth/{provider}/start": "nothing of the tenant's changes before the consent comes back",
    "/api/v1/oauth/{provider}/status": "only looks",
    "/api/v1/tasks/forget-secrets": "what follows from a removal, which has its entry",
    "/api/v1/tasks/reconcile-secrets": "puts right what a process left that died; nobody decides anything",
}


async def entries(stack: Stack | connect_stack.Stack, tenant_id: str) -> dict[str, AuditEntry]:
    found = await stack.database.query(f"tenants/{tenant_id}/audit")
    return {entry_id: AuditEntry.from_firestore(fields) for entry_id, fields in found}


async def running_call(stack: Stack, tenant: TestTenant) -> str:
    call = Call(
        session_id=f"web-{tenant.id}",
        agent_id="a",
        call_sid=f"web-{tenant.id}",
        state=CallState.IN_PROGRESS,
        caller=None,
        called=None,
        source="web",
        started_at=utc_now(),
    )
    await CallRepository(stack.database).create(tenant.id, call, [])
    return call.session_id


async def changing(stack: Stack) -> list[tuple[Operation, bool]]:
    """And whether a request that comes twice can be told by its key."""
    document = (await stack.client()("GET", "/openapi.json", expect=200)).body
    found: list[tuple[Operation, bool]] = []
    for route in routes_in_order(stack):
        if route.method in CHANGING:
            parameters = document["paths"][route.path][route.method.lower()].get("parameters", [])
            found.append((route, any(each["name"].lower() == "idempotency-key" for each in parameters)))
    assert len(found) >= 19
    return found


async def sender_of(
    stack: Stack, prepared: Prepared, route: Operation, kind: str
) -> tuple[Client, Actor] | None:
    """None: this kind of sender may not."""
    guard, tenant = route.guard, prepared.tenant
    assert guard is not None
    if route.name == "accept_invitation":
        if kind == "api_key":
            return None
        subject = f"new-{tenant.id}"
        client = stack.client(stack.issuer.token(subject))
        user_id = user_id_for(stack.issuer.url, subject)
        return client, Actor(kind="member", id=user_id, name=f"{subject}@example.com")
    if kind == "member":
        client = stack.client(tenant.tokens[Role.OWNER])
        name = f"owner-{tenant.id}@example.com"
        return client, Actor(kind="member", id=tenant.member_id(Role.OWNER), name=name)
    if guard.scope is None:
        return None
    key = prepared.keys[guard.scope]
    return stack.client(key), Actor(kind="api_key", id=key.split(".")[2], name=guard.scope.value)


async def body_of(prepared: Prepared, route: Operation) -> Any:
    if route.name == "accept_invitation":
        invited = {"email": f"new-{prepared.tenant.id}@example.com", "role": "viewer"}
        made = await prepared.tenant.owner("POST", "/invitations", invited, expect=201)
        return {"token": made.body["token"]}
    if route.name == "attach_number":
        return {"agent_id": await prepared.tenant.agent()}
    return OTHER_BODIES.get(route.name, prepared.body(route))


@pytest.mark.parametrize("kind", ["member", "api_key"])
async def test_every_change_is_there_once_with_who_made_it(stack: Stack, kind: str) -> None:
    prepared = await prepare(stack, NUMBERS[["member", "api_key"].index(kind)])
    tenant = prepared.tenant
    on_the_line = replace(prepared, ids=prepared.ids | {"call_id": await running_call(stack, tenant)})
    for route, has_key in await changing(stack):
        sender = await sender_of(stack, prepared, route, kind)
        if sender is None:
            continue
        client, actor = sender
        body = await body_of(prepared, route)
        path = (on_the_line if route.name == "end_call" else prepared).path(route) + REQUESTS[route.name][0]
        before = await entries(stack, tenant.id)
        for _ in range(2 if has_key else 1):
            answer = await client(route.method, path, body, If_Match="*", Idempotency_Key=route.name)
            assert answer.status < 300, f"{route.name}: {answer}"
        new = [
            entry for entry_id, entry in (await entries(stack, tenant.id)).items() if entry_id not in before
        ]
        assert [entry.actor for entry in new] == [actor], f"{route.name}: {new}"


async def test_what_is_as_it_is_wanted_makes_neither_an_entry_nor_another_version(
    stack: Stack,
) -> None:
    """A tool that was switched on again, a role given again, a number attached again: each made an entry."""
    prepared = await prepare(stack, NUMBERS[2])
    tenant = prepared.tenant
    client = stack.client(tenant.owner.token)
    setting = [route for route, _ in await changing(stack) if route.method in {"PUT", "PATCH"}]
    assert len(setting) >= 5
    for route in setting:
        path, body = prepared.path(route), prepared.body(route)
        first = await client(route.method, path, body, If_Match="*", expect=200)
        before = await entries(stack, tenant.id)
        again = await client(route.method, path, body, If_Match=first.etag, expect=200)
        assert (again.etag, again.body) == (first.etag, first.body), route.name
        assert await entries(stack, tenant.id) == before, route.name
    agent, unchanged = f"/agents/{prepared.ids['agent_id']}", {"enabled": False}
    before = await entries(stack, tenant.id)
    await tenant.editor("PATCH", f"{agent}/tools/send_email", unchanged, If_Match="*", expect=200)
    assert await entries(stack, tenant.id) == before
    assert await stack.database.get(f"tenants/{tenant.id}{agent}/agent_tools/send_email") is None


async def test_ending_a_call_is_there_also_when_the_telephone_company_does_not_answer(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome was written, so the entry has to be: it used to be written after hanging up."""

    async def silent(*_: object) -> None:
        raise UnavailableError("no answer")

    tenant = await stack.tenant()
    call_id = await running_call(stack, tenant)
    livekit = stack.api.gateways[2]
    with monkeypatch.context() as patch:
        patch.setattr(livekit, "delete_room", silent)
        await tenant.editor("POST", f"/calls/{call_id}/end", expect=503)
    await tenant.editor("POST", f"/calls/{call_id}/end", expect=200)
    (entry,) = (await entries(stack, tenant.id)).values()
    assert (entry.action, entry.subject) == (AuditAction.CALL_STOPPED, f"calls/{call_id}")
    assert entry.actor.id == tenant.member_id(Role.EDITOR)


async def test_connecting_and_disconnecting_are_there_once(tmp_path: Path) -> None:
    async with connect_stack.running_stack(tmp_path) as stack, stack.browser() as editor:
        app = create_app(stack.desk)
        assert isinstance(app, Starlette)
        assert {route.path for route in app.routes if isinstance(route, Route)} == OAUTH.keys()
        status, _ = await editor.connect()
        assert status == 200
        status, _ = await editor.api("POST", "disconnect")
        assert status == 200
        await editor.start()
        await editor.api("GET", "status")
        found = (await entries(stack, connect_stack.TENANT)).values()
    assert sorted((entry.action, entry.actor.name) for entry in found) == [
        (AuditAction.TOOL_CONNECTED, connect_stack.EDITOR),
        (AuditAction.TOOL_DISCONNECTED, connect_stack.EDITOR),
    ]
