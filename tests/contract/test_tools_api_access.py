"""Every route × every kind of sender, with real ids of two tenants: who may do what, and who may not.

The routes come from the API's own description, so that a new one cannot be forgotten: without a guard, or
without a request to try it with here, it fails.
"""

import asyncio
import hmac
import itertools
import json
import time
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from functions.tools_api.openapi import Operation, operations
from local.free_port import free_port
from shared.models.api_key import Scope
from shared.models.member import Role
from tests.contract.tools_api_requests import NEW_AGENT, REQUESTS, Prepared, ask, prepare, routes_in_order
from tests.contract.tools_api_stack import NUMBERS, ORIGIN, Client, Issuer, Stack
from tests.processes import FunctionProcess

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]


MAIN = Path(__file__).parents[2] / "functions" / "tools_api" / "main.py"


async def contents(stack: Stack, tenant_id: str) -> str:
    """Everything that is stored of a tenant, and the numbers."""
    found = {
        path: await stack.database.query(f"tenants/{tenant_id}/{path}")
        for path in ("agents", "calls", "members", "invitations", "api_keys", "audit", "sessions")
    }
    for agent_id, _ in found["agents"]:
        path = f"agents/{agent_id}/agent_tools"
        found[path] = await stack.database.query(f"tenants/{tenant_id}/{path}")
    found["numbers"] = await stack.database.query("phone_numbers", ("tenant_id", "==", tenant_id))
    found["tenant"] = [("", await stack.database.get(f"tenants/{tenant_id}") or {})]
    return json.dumps(found, default=str, sort_keys=True)


async def test_every_route_in_the_document_has_a_guard_that_the_document_states(stack: Stack) -> None:
    document = (await stack.client()("GET", "/openapi.json", expect=200)).body
    described = {(path, method) for path, methods in document["paths"].items() for method in methods}
    routes = {(route.path, route.method.lower()): route for route in operations(stack.app)}
    assert described == set(routes)
    for (path, method), route in routes.items():
        assert route.guard is not None, f"anybody may {method} {path}"
        assert document["paths"][path][method]["security"], f"{method} {path} does not say who may use it"
        assert route.name in REQUESTS, f"{route.name} is not tried here"


def _signed_with_the_public_key(issuer: Issuer, subject: str) -> str:
    """As if it were a shared secret; PyJWT itself refuses to make such a token."""
    header, payload, _ = issuer.token(subject, forged=("x" * 32, "HS256")).split(".")
    signature = hmac.digest(issuer.public_pem, f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{urlsafe_b64encode(signature).rstrip(b'=').decode()}"


async def test_who_may_not_is_refused_and_finds_and_changes_nothing(stack: Stack) -> None:
    target, other = await prepare(stack, NUMBERS[0]), await prepare(stack, NUMBERS[1])
    owner = f"owner-{target.tenant.id}"
    issuer, now = stack.issuer, int(time.time())
    nobody = {
        "no credential": None,
        "not a token": "rubbish",
        "expired": issuer.token(owner, iat=now - 7200, exp=now - 3600),
        "wrong audience": issuer.token(owner, aud="another-project"),
        "wrong issuer": issuer.token(owner, iss="https://issuer.example"),
        "another key": issuer.token(owner, forged=(rsa.generate_private_key(65537, 2048), "RS256")),
        "another kind of key": issuer.token(owner, forged=(ec.generate_private_key(ec.SECP256R1()), "ES256")),
        "unsigned": issuer.token(owner, forged=(None, "none")),
        "signed with what is public": _signed_with_the_public_key(issuer, owner),
    }
    keys_of_nobody = {
        "a wrong key": f"{target.keys[Scope.AGENTS_READ]}x",
        "a key of no possible tenant": "tlk.__a__.1.2",
        "a key of no possible id": "tlk.a.__1__.2",
    }
    before = await contents(stack, target.tenant.id)
    ours = [value for name, value in target.ids.items() if name not in ("slug", "user_id")]

    async def refused(name: str, token: str | None, route: Operation, status: int) -> None:
        answer = await ask(stack.client(token), target, route)
        assert answer.status == status, f"{name}: {route.name}: {answer.status} {answer.body}"
        assert answer.body["status"] == status
        shown = json.dumps(answer.body)
        assert not any(value in shown for value in ours), f"{name}: {route.name} tells {shown}"

    for route in routes_in_order(stack):
        guard = route.guard
        assert guard is not None
        # Where people alone may, no key is looked at.
        unseen = guard.scope is None and guard.least_role is None
        checks = [
            refused(name, token, route, 403 if unseen and name in keys_of_nobody else 401)
            for name, token in (nobody | keys_of_nobody).items()
        ]
        if guard.least_role is not None:
            tokens = other.tenant.tokens
            checks += [refused(f"another tenant's {role}", tokens[role], route, 403) for role in Role]
            checks += [
                refused(f"another tenant's {scope}", key, route, 403) for scope, key in other.keys.items()
            ]
            checks += [
                refused(f"own {role}", target.tenant.tokens[role], route, 403)
                for role in Role
                if not role.includes(guard.least_role)
            ]
        checks += [
            refused(f"own key for {scope}", key, route, 403)
            for scope, key in target.keys.items()
            if scope != guard.scope
        ]
        await asyncio.gather(*checks)
    assert await contents(stack, target.tenant.id) == before


@pytest.mark.parametrize("sender", ["role", "owner", "key"])
async def test_who_may_is_served(stack: Stack, sender: str) -> None:
    """The least role that a route asks for, an owner, and a key with just the scope."""
    prepared = await prepare(stack, NUMBERS[2 + ["role", "owner", "key"].index(sender)])
    for route in routes_in_order(stack):
        guard = route.guard
        assert guard is not None
        match sender:
            case "key":
                token = prepared.keys[guard.scope] if guard.scope else None
            case "owner":
                token = prepared.tenant.tokens[Role.OWNER]
            case _:
                token = prepared.tenant.tokens[guard.least_role or Role.VIEWER]
        if token is None:
            continue
        answer = await ask(stack.client(token), prepared, route)
        # Nobody is invited here, and this stack has no speech model.
        refusals = {"accept_invitation": (404,), "get_voice_sample": (404,)}
        allowed = refusals.get(route.name, (200, 201, 204))
        assert answer.status in allowed, f"{sender}: {route.name}: {answer.status} {answer.body}"


async def test_ids_of_another_tenant_below_ones_own_path_find_nothing(stack: Stack) -> None:
    """An owner may do everything, and not with what is another's."""
    target, other = await prepare(stack, NUMBERS[5]), await prepare(stack, NUMBERS[6])
    before = await contents(stack, target.tenant.id)
    mixed = Prepared(other.tenant, {**target.ids, "tenant_id": other.tenant.id, "user_id": "x"}, {})
    # What a viewer or a call of the same id would be is the other tenant's own.
    for route in routes_in_order(stack):
        names = {name for name in target.ids if f"{{{name}}}" in route.path}
        if names <= {"tenant_id"}:
            continue
        answer = await ask(stack.client(other.tenant.tokens[Role.OWNER]), mixed, route)
        assert answer.status == 404, f"{route.name}: {answer.status} {answer.body}"
    assert await contents(stack, target.tenant.id) == before


async def test_a_method_that_a_path_has_not_is_refused_with_all_that_it_has(stack: Stack) -> None:
    """It used to name those of the first route alone that the framework found for the path."""
    document = (await stack.client()("GET", "/openapi.json", expect=200)).body
    for path, operations_there in document["paths"].items():
        offered = {method.upper() for method in operations_there}
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE"} - offered:
            answer = await stack.client()(method, path.removeprefix("/api/v1"), expect=405)
            assert set(answer.headers["Allow"].split(", ")) == offered, f"{method} {path}"
            assert answer.body["code"] == "method_not_allowed"
            assert "Allow names" in answer.body["detail"]


async def test_a_path_with_a_slash_too_many_is_not_redirected_to_plain_http(stack: Stack) -> None:
    """Behind Cloud Run the framework takes every request for one over http, and sent clients there."""
    tenant = await stack.tenant()
    missing = await tenant.viewer("GET", "/agents/", expect=404)
    assert (missing.body["code"], missing.body["detail"]) == (
        "not_found",
        "There is nothing at this address.",
    )


async def test_only_the_dashboard_may_call_from_a_browser(stack: Stack) -> None:
    preflight = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "if-match"}
    url = "/api/v1/tools"
    for origin, allowed in (("https://dashboard.example", True), ("https://evil.example", False)):
        headers = {"Origin": origin, **preflight}
        async with stack.session.options(url, headers=headers) as response:
            assert (response.headers.get("Access-Control-Allow-Origin") == origin) is allowed


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", None])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_json_that_is_not_said_to_be_json_is_refused_with_what_to_send(
    stack: Stack, method: str, kind: str | None
) -> None:
    """curl sends the first. It was told that its body should be a valid dictionary, which it was."""
    tenant = await stack.tenant()
    path = "/agents" if method == "POST" else f"/agents/{await tenant.agent()}"
    headers = {"Authorization": f"Bearer {tenant.editor.token}", "If-Match": "*"}
    headers |= {} if kind is None else {"Content-Type": kind}
    async with stack.session.request(
        method,
        f"/api/v1/tenants/{tenant.id}{path}",
        data=b'{"name": "Front desk", "instructions": "Be kind."}',
        headers=headers,
        skip_auto_headers=["Content-Type"],
    ) as response:
        assert response.status == 422
        (error,) = (await response.json())["errors"]
    assert error["field"] == "body"
    assert "Content-Type: application/json" in error["message"]


async def test_what_is_no_json_is_told_as_the_body_with_the_place_of_the_mistake(stack: Stack) -> None:
    """Its field was the place, a number."""
    tenant = await stack.tenant()
    headers = {"Authorization": f"Bearer {tenant.editor.token}", "Content-Type": "application/json"}
    url = f"/api/v1/tenants/{tenant.id}/agents"
    async with stack.session.post(url, data=b'{"name": "Front desk",}', headers=headers) as response:
        assert response.status == 422
        (error,) = (await response.json())["errors"]
    assert (error["field"], error["code"]) == ("body", "json_invalid")
    assert error["message"].startswith("is not JSON: ")
    assert " at character " in error["message"]


async def test_a_body_that_is_too_large_is_refused_however_it_comes(stack: Stack) -> None:
    tenant = await stack.tenant()
    url = f"/api/v1/tenants/{tenant.id}/agents"
    headers = {"Authorization": f"Bearer {tenant.editor.token}"}
    large = b"x" * (300 * 1024)

    async def in_chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(large), 1024):
            yield large[start : start + 1024]

    for data in (large, in_chunks()):
        async with stack.session.post(url, data=data, headers=headers) as response:
            assert response.status == 413
            assert (await response.json(content_type=None))["code"] == "too_large"


async def test_who_asks_too_often_is_told_when_to_come_back(stack: Stack) -> None:
    tenant = await stack.tenant()
    limit = stack.api.rate_limit
    stack.api.rate_limit = type(limit)(per_minute=60, clock=itertools.repeat(0.0).__next__)
    try:
        answers = [await tenant.viewer("GET", "/agents") for _ in range(12)]
        assert [answer.status for answer in answers] == [200] * 10 + [429] * 2
        assert answers[-1].headers["Retry-After"] == "2"
        await tenant.editor("GET", "/agents", expect=200)
    finally:
        stack.api.rate_limit = limit


async def test_what_somebody_may_not_do_counts_as_well(stack: Stack) -> None:
    """Each refusal looks somebody up, and a valid credential used to have as many as it liked."""
    tenant, other = await stack.tenant(), await stack.tenant()
    body = {"name": "K", "scopes": ["calls:read"]}
    key = (await tenant.owner("POST", "/api-keys", body, expect=201)).body["key"]
    limit = stack.api.rate_limit
    stack.api.rate_limit = type(limit)(per_minute=60, clock=itertools.repeat(0.0).__next__)
    try:
        for token, path in ((other.owner.token, "/agents"), (key, "/agents"), (key, "/members")):
            client = stack.client(token)
            answers = [await client("GET", f"/tenants/{tenant.id}{path}") for _ in range(11)]
            assert {answer.status for answer in answers} <= {403, 429}
            assert answers[-1].status == 429
    finally:
        stack.api.rate_limit = limit


async def test_what_breaks_inside_stays_inside(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("secret internals")

    tenant = await stack.tenant()
    with monkeypatch.context() as patch:
        patch.setattr(stack.api.agents, "list_agents", broken)
        answer = await tenant.viewer("GET", "/agents", Origin=ORIGIN, expect=500)
    # Pages may read it: without the header browsers say that nothing answered.
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert answer.body["detail"] == "Something went wrong on our side."
    assert "internals" not in json.dumps(answer.body)
    unknown = await stack.client(tenant.owner.token)("GET", "/nothing", expect=404)
    assert unknown.headers["Content-Type"] == "application/problem+json"


async def test_functions_framework_serves_the_whole_application(stack: Stack, tmp_path: Path) -> None:
    """As the cloud starts it."""
    process = FunctionProcess(free_port(), MAIN, "tools_api", stack.variables, tmp_path / "log")
    tenant = await stack.tenant()
    client = tenant.editor
    client.origin = f"http://127.0.0.1:{process.port}"
    try:
        await process.start()
        await process.accepting()
        made = await client("POST", "/agents", NEW_AGENT, expect=201)
        await client("PATCH", f"/agents/{made.body['id']}", {}, If_Match=made.etag, expect=200)
        refused = await client("POST", "/agents", {}, expect=422)
        # Of what the framework hands on, line breaks in the path are left out: it answers those by itself.
        stopped = await Client(stack.session, origin=client.origin)("GET", "/tenants/%0Aa", expect=404)
    finally:
        await process.stop()
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert stopped.body == "Not Found"
