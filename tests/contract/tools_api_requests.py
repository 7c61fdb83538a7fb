"""A valid request for every route of the API, and a tenant to try them with."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from functions.tools_api.openapi import Operation, operations
from shared.models.api_key import Scope
from shared.models.call import Call, CallState, Outcome
from shared.models.member import Member, Role
from shared.repositories.calls import CallRepository
from shared.repositories.members import MemberRepository
from tests.contract.tools_api_stack import Client, Stack, TestTenant

NEW_AGENT = {"name": "A", "instructions": "B"}

# A valid request for each route: query and body. Ids are filled in from a prepared tenant.
REQUESTS: dict[str, tuple[str, Any]] = {
    "list_catalog": ("", None),
    "list_tenants": ("", None),
    "list_voices": ("", None),
    "get_voice_sample": ("", None),
    "accept_invitation": ("", {"token": "tli.nobody.1.2"}),
    "get_tenant": ("", None),
    "change_tenant": ("", {"retention_days": 3}),
    "list_api_keys": ("", None),
    "create_api_key": ("", {"name": "K", "scopes": ["agents:read"]}),
    "revoke_api_key": ("", None),
    "list_audit": ("", None),
    "list_agent_tools": ("", None),
    "get_agent_tool": ("", None),
    "change_agent_tool": ("", {"enabled": True}),
    "remove_agent_tool": ("", None),
    "list_agents": ("", None),
    "create_agent": ("", NEW_AGENT),
    "get_agent": ("", None),
    "change_agent": ("", {"greeting": "Hi."}),
    "delete_agent": ("", None),
    "duplicate_agent": ("", {"name": "Copy"}),
    "preview_agent": ("", None),
    "list_numbers": ("", None),
    "get_number": ("", None),
    "attach_number": ("", {"agent_id": "{agent_id}"}),
    "detach_number": ("", None),
    "list_calls": ("", None),
    "get_call": ("", None),
    "follow_call": ("", None),
    "get_recording": ("", None),
    "end_call": ("", None),
    "delete_call": ("", None),
    "start_test_call": ("", None),
    "get_usage": ("?first=2026-11-20&last=2026-11-20", None),
    "list_members": ("", None),
    "get_member": ("", None),
    "change_member": ("", {"role": "editor"}),
    "remove_member": ("", None),
    "list_invitations": ("", None),
    "invite": ("", {"email": "a@example.com", "role": "viewer"}),
    "revoke_invitation": ("", None),
}

LAST = ("delete_call", "detach_number", "remove_member", "delete_agent")
"""These take away what other routes are tried with."""


@dataclass
class Prepared:
    """A tenant with one of everything."""

    tenant: TestTenant
    ids: dict[str, str]
    keys: dict[Scope, str]

    def path(self, route: Operation) -> str:
        return route.path.removeprefix("/api/v1").format(**self.ids)

    def body(self, route: Operation) -> Any:
        return json.loads(json.dumps(REQUESTS[route.name][1]).replace("{agent_id}", self.ids["agent_id"]))


async def prepare(stack: Stack, number: str) -> Prepared:
    tenant = await stack.tenant()
    agent = await tenant.agent()
    await tenant.owner("PUT", f"/numbers/{number}", {"agent_id": agent}, If_Match="*", expect=200)
    await tenant.owner(
        "PATCH", f"/agents/{agent}/tools/end_call", {"enabled": True}, If_Match="*", expect=200
    )
    call = Call(
        session_id=f"ca-{tenant.id}",
        agent_id=agent,
        call_sid="CA1",
        state=CallState.ENDED,
        outcome=Outcome.CALLER_HUNG_UP,
        caller=None,
        called=number,
        voicemail=stack.recorded("CA1"),
        started_at=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )
    await CallRepository(stack.database).create(tenant.id, call, [])
    colleague = Member(role=Role.VIEWER, email="colleague@example.com")
    await MemberRepository(stack.database).put(tenant.id, "colleague", colleague)
    body = {"email": "a@example.com", "role": "viewer"}
    invitation = (await tenant.owner("POST", "/invitations", body, expect=201)).body
    keys = {
        scope: (await tenant.owner("POST", "/api-keys", {"name": scope, "scopes": [scope]}, expect=201)).body
        for scope in Scope
    }
    revocable = (
        await tenant.owner("POST", "/api-keys", {"name": "R", "scopes": ["agents:read"]}, expect=201)
    ).body
    ids = {
        "tenant_id": tenant.id,
        "agent_id": agent,
        "slug": "end_call",
        "number": number,
        "call_id": call.session_id,
        "user_id": "colleague",
        "invitation_id": invitation["id"],
        "key_id": revocable["id"],
        "voice": "Kore",
    }
    return Prepared(tenant, ids, {scope: key["key"] for scope, key in keys.items()})


def routes_in_order(stack: Stack) -> list[Operation]:
    routes = operations(stack.app)
    assert routes
    return sorted(routes, key=lambda route: LAST.index(route.name) if route.name in LAST else -1)


async def ask(client: Client, prepared: Prepared, route: Operation) -> Any:
    path = prepared.path(route) + REQUESTS[route.name][0]
    return await client(route.method, path, prepared.body(route), If_Match="*")
