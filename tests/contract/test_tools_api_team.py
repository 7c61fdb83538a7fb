"""Members, invitations, API keys, settings and the audit log over HTTP."""

import asyncio
import json
from datetime import timedelta
from typing import Any

import pytest

from shared.gateways.firestore import Put
from shared.models.base import utc_now
from shared.models.member import Role
from shared.repositories.api_keys import ApiKeyRepository
from tests.contract.tools_api_stack import Stack, TenantClient, TestTenant

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]


def as_key(stack: Stack, tenant: TestTenant, key: str) -> TenantClient:
    return TenantClient(stack.session, key, f"/tenants/{tenant.id}")


# Invitations and members ------------------------------------------------------------------------


async def test_an_invited_person_becomes_a_member_once(stack: Stack, tenant: TestTenant) -> None:
    body = {"email": "New.Person@example.com", "role": "editor"}
    invited = await tenant.owner("POST", "/invitations", body, expect=201)
    token = invited.body["token"]
    stranger = stack.client(stack.issuer.token("stranger"))
    person = stack.client(stack.issuer.token("new-person", email="new.person@example.com"))
    unverified = stack.issuer.token("x", email="new.person@example.com", email_verified=False)
    await stranger("POST", "/invitations/accept", {"token": token}, expect=403)
    await stack.client(unverified)("POST", "/invitations/accept", {"token": token}, expect=403)
    await person("POST", "/invitations/accept", {"token": f"{token}x"}, expect=404)
    accepted = await person("POST", "/invitations/accept", {"token": token}, expect=200)
    assert accepted.body == {"id": tenant.id, "name": f"Tenant {tenant.id[7:]}", "role": "editor"}
    assert (await person("GET", "/tenants", expect=200)).body["items"] == [accepted.body]
    await person("POST", f"/tenants/{tenant.id}/agents", {"name": "A", "instructions": "B"}, expect=201)
    await person("POST", "/invitations/accept", {"token": token}, expect=404)
    stored = json.dumps(await stack.database.query(f"tenants/{tenant.id}/audit"), default=str)
    assert token.split(".")[3] not in stored
    assert "new.person@example.com" in stored


async def test_a_revoked_or_expired_invitation_is_worth_nothing(stack: Stack, tenant: TestTenant) -> None:
    body = {"email": "late@example.com", "role": "viewer"}
    person = stack.client(stack.issuer.token("late"))
    revoked = (await tenant.owner("POST", "/invitations", body, expect=201)).body
    await tenant.owner("DELETE", f"/invitations/{revoked['id']}", expect=204)
    await person("POST", "/invitations/accept", {"token": revoked["token"]}, expect=404)
    expired = (await tenant.owner("POST", "/invitations", body, expect=201)).body
    path = f"tenants/{tenant.id}/invitations/{expired['id']}"
    fields = await stack.database.get(path)
    assert fields is not None
    await stack.database.commit([Put(path, {**fields, "expires_at": utc_now() - timedelta(seconds=1)})])
    await person("POST", "/invitations/accept", {"token": expired["token"]}, expect=404)


async def test_a_removed_member_may_do_nothing_from_then_on(tenant: TestTenant) -> None:
    editor = tenant.member_id(Role.EDITOR)
    member = await tenant.viewer("GET", f"/members/{editor}", expect=200)
    body = {"role": "viewer"}
    changed = await tenant.owner("PATCH", f"/members/{editor}", body, If_Match=member.etag, expect=200)
    await tenant.owner("PATCH", f"/members/{editor}", body, If_Match=member.etag, expect=412)
    await tenant.editor("POST", "/agents", {"name": "A", "instructions": "B"}, expect=403)
    await tenant.editor("GET", "/agents", expect=200)
    await tenant.owner("DELETE", f"/members/{editor}", If_Match=changed.etag, expect=204)
    await tenant.editor("GET", "/agents", expect=403)


async def test_there_is_always_an_owner(tenant: TestTenant) -> None:
    owner, editor = tenant.member_id(Role.OWNER), tenant.member_id(Role.EDITOR)
    await tenant.owner("DELETE", f"/members/{owner}", expect=409)
    await tenant.owner("PATCH", f"/members/{owner}", {"role": "viewer"}, If_Match="*", expect=409)
    await tenant.owner("PATCH", f"/members/{editor}", {"role": "owner"}, If_Match="*", expect=200)
    # Now each of the two removes the other at the same moment.
    await asyncio.gather(
        tenant.owner("DELETE", f"/members/{editor}"), tenant.editor("DELETE", f"/members/{owner}")
    )
    left = [await client("GET", "/members") for client in (tenant.owner, tenant.editor, tenant.viewer)]
    items = next(answer.body["items"] for answer in left if answer.status == 200)
    assert "owner" in [member["role"] for member in items]


async def test_of_two_who_change_a_member_at_once_one_is_told_that_it_is_another_version(
    tenant: TestTenant,
) -> None:
    """Both were told to try again, even when they changed different people."""
    editor, viewer = tenant.member_id(Role.EDITOR), tenant.member_id(Role.VIEWER)
    found = await tenant.owner("GET", f"/members/{viewer}", expect=200)
    changes = [(viewer, "editor", found.etag), (viewer, "owner", found.etag), (editor, "owner", "*")]
    answers = await asyncio.gather(
        *(
            tenant.owner("PATCH", f"/members/{user}", {"role": role}, If_Match=etag)
            for user, role, etag in changes
        )
    )
    assert sorted(answer.status for answer in answers[:2]) == [200, 412]
    assert answers[2].status == 200


# API keys ---------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_stored_hashed_and_does_what_its_scopes_say(
    stack: Stack, tenant: TestTenant
) -> None:
    body = {"name": "CI", "scopes": ["agents:read"]}
    made = await tenant.owner("POST", "/api-keys", body, Idempotency_Key="k", expect=201)
    again = await tenant.owner("POST", "/api-keys", body, Idempotency_Key="k", expect=201)
    assert (again.body["id"], again.body["key"]) == (made.body["id"], None)
    key = made.body["key"]
    listed = await tenant.owner("GET", "/api-keys", expect=200)
    secret = key.split(".")[3]
    everything = [listed.body, await stack.database.query(f"tenants/{tenant.id}/api_keys")]
    everything.append(await stack.database.query(f"tenants/{tenant.id}/audit"))
    assert secret not in json.dumps(everything, default=str)
    program = as_key(stack, tenant, key)
    await program("GET", "/agents", expect=200)
    await program("POST", "/agents", {"name": "A", "instructions": "B"}, expect=403)
    await program("GET", "/calls", expect=403)
    await program("GET", "/members", expect=403)
    other = await stack.tenant()
    await as_key(stack, other, key)("GET", "/agents", expect=403)
    await as_key(stack, tenant, f"{key}x")("GET", "/agents", expect=401)
    await tenant.owner("DELETE", f"/api-keys/{made.body['id']}", expect=204)
    await program("GET", "/agents", expect=401)


async def test_the_audit_log_names_a_revoked_key_and_whose_invitation_was_revoked(tenant: TestTenant) -> None:
    """Both were there by their ids alone, which nothing else tells any more."""
    key = (await tenant.owner("POST", "/api-keys", {"name": "CI", "scopes": ["calls:read"]})).body["id"]
    await tenant.owner("DELETE", f"/api-keys/{key}", expect=204)
    invited = {"email": "new@example.com", "role": "viewer"}
    invitation = (await tenant.owner("POST", "/invitations", invited)).body["id"]
    await tenant.owner("DELETE", f"/invitations/{invitation}", expect=204)

    entries = (await tenant.owner("GET", "/audit?limit=10", expect=200)).body["items"]
    revoked = {entry["action"]: entry["changes"] for entry in entries if entry["action"].endswith("revoked")}
    assert revoked == {
        "api_key.revoked": {"name": {"before": "CI", "after": None}},
        "invitation.revoked": {"email": {"before": invited["email"], "after": None}},
    }


async def test_an_expired_key_is_refused(stack: Stack, tenant: TestTenant) -> None:
    body = {"name": "CI", "scopes": ["agents:read"], "expires_in_days": 1}
    made = (await tenant.owner("POST", "/api-keys", body, expect=201)).body
    found = await ApiKeyRepository(stack.database).find(tenant.id, made["id"])
    assert found is not None
    expired = found.model_copy(update={"expires_at": utc_now() - timedelta(seconds=1)})
    path = f"tenants/{tenant.id}/api_keys/{made['id']}"
    await stack.database.commit([Put(path, expired.to_firestore())])
    answer = await as_key(stack, tenant, made["key"])("GET", "/agents", expect=401)
    assert answer.headers["WWW-Authenticate"] == "Bearer"


# Settings and the audit log ---------------------------------------------------------------------


async def test_a_tenants_settings_are_changed_within_its_plan(tenant: TestTenant) -> None:
    settings = await tenant.viewer("GET", "", expect=200)
    patch = {"fallback_number": "+14155550111", "retention_days": 7}
    changed = await tenant.owner("PATCH", "", patch, If_Match=settings.etag, expect=200)
    assert changed.body == {**settings.body, **patch, "etag": changed.etag}
    await tenant.owner("PATCH", "", {"max_concurrent_calls": 1000}, If_Match="*", expect=422)
    await tenant.owner("PATCH", "", patch, If_Match=settings.etag, expect=412)
    for field in ("name", "retention_days"):
        refused = await tenant.owner("PATCH", "", {field: None}, If_Match="*", expect=422)
        assert [each["field"] for each in refused.body["errors"]] == [field], "null passed for left out"
    wrong = {"name": "two\nlines", "fallback_number": "110", "retention_days": 0}
    refused = await tenant.owner("PATCH", "", wrong, If_Match="*", expect=422)
    found = {each["field"]: each["code"] for each in refused.body["errors"]}
    assert found == dict.fromkeys(["name", "fallback_number"], "string_pattern_mismatch") | {
        "retention_days": "greater_than_equal"
    }, "there was a field “retention_days.constrained-int”, which no form has"
    cleared = await tenant.owner("PATCH", "", {"fallback_number": None}, If_Match="*", expect=200)
    assert cleared.body["fallback_number"] is None


async def test_every_change_is_in_the_audit_log_with_who_and_what(tenant: TestTenant) -> None:
    agent = await tenant.agent(greeting="Before.")
    path = f"agents/{agent}"
    await tenant.owner("PATCH", f"/{path}", {"greeting": "After."}, If_Match="*", expect=200)
    await tenant.editor("DELETE", f"/{path}", expect=204)
    answer = await tenant.editor("GET", f"/audit?subject={path}", expect=200)
    entries: list[dict[str, Any]] = answer.body["items"]
    assert [entry["action"] for entry in entries] == ["agent.deleted", "agent.changed", "agent.created"]
    changed = entries[1]
    assert changed["actor"] == {
        "kind": "member",
        "id": tenant.member_id(Role.OWNER),
        "name": f"owner-{tenant.id}@example.com",
    }
    assert changed["changes"]["greeting"] == {"before": "Before.", "after": "After."}
    assert set(changed["changes"]) == {"greeting", "revision"}
    await tenant.viewer("GET", "/audit", expect=403)
