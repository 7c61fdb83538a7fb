"""Agents and their tools over HTTP: what is stored, what is refused, and what nobody can read back."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, Field, SecretStr

from shared.gateways.secret_manager import SecretGoneError, SecretManagerGateway
from shared.tools.base.base_tool import Action, BaseTool, ToolMetadata
from shared.tools.base.registry import TOOLS, ToolRegistry
from tests.contract.google_stand_in import PROJECT, acting_as
from tests.contract.tools_api_stack import Stack, TestTenant

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

AGENT = {"name": "Front desk", "instructions": "You answer the phone."}
SES = {
    "from_address": "desk@example.com",
    "region": "eu-central-1",
    "access_key_id": "AKIA123",
    "secret_access_key": "canary-secret-value",
}


async def agent_of(tenant: TestTenant, **changes: Any) -> dict[str, Any]:
    return (await tenant.editor("POST", "/agents", {**AGENT, **changes}, expect=201)).body


# The catalogue ----------------------------------------------------------------------------------


async def test_the_catalogue_is_the_registry(stack: Stack, tenant: TestTenant) -> None:
    answer = await stack.client(tenant.viewer.token)("GET", "/tools", expect=200)
    tools = {tool["slug"]: tool for tool in answer.body["items"]}
    assert list(tools) == [tool.metadata.slug for tool in ToolRegistry().all()]
    email, calendar = tools["send_email"], tools["google_calendar"]
    assert email["config_schema"]["properties"]["secret_access_key"]["writeOnly"] is True
    assert email["secret_fields"] == ["secret_access_key"]
    assert email["ui_schema"]["secret_access_key"]["ui:widget"] == "password"
    assert calendar["provider"] == "google"
    assert calendar["scopes"] == ["https://www.googleapis.com/auth/calendar.events"]
    assert {action["function"] for action in calendar["actions"]} >= {"google_calendar_create_event"}


# Agents -----------------------------------------------------------------------------------------


async def test_an_agent_is_made_read_changed_and_deleted(tenant: TestTenant) -> None:
    made = await tenant.editor("POST", "/agents", AGENT, expect=201)
    path = f"/agents/{made.body['id']}"
    assert made.headers["Location"] == f"/api/v1/tenants/{tenant.id}{path}"
    read = await tenant.viewer("GET", path, expect=200)
    assert read.body == made.body
    assert read.etag == made.etag == read.body["etag"]
    changed = await tenant.editor("PATCH", path, {"greeting": "Good day."}, If_Match=read.etag, expect=200)
    assert (changed.body["greeting"], changed.body["name"]) == ("Good day.", "Front desk")
    assert changed.body["revision"] == 2
    await tenant.editor("DELETE", path, expect=204)
    await tenant.viewer("GET", path, expect=404)


async def test_a_lost_update_is_a_412_and_changes_nothing(tenant: TestTenant) -> None:
    agent = await agent_of(tenant)
    path, etag = f"/agents/{agent['id']}", agent["etag"]
    await tenant.editor("PATCH", path, {"greeting": "First."}, If_Match=etag, expect=200)
    refused = await tenant.owner("PATCH", path, {"greeting": "Second."}, If_Match=etag, expect=412)
    assert refused.body["code"] == "precondition_failed"
    await tenant.owner("DELETE", path, If_Match=etag, expect=412)
    await tenant.owner("PATCH", path, {"greeting": "Third."}, expect=428)
    assert (await tenant.viewer("GET", path)).body["greeting"] == "First."


async def test_every_wrong_field_is_named(tenant: TestTenant) -> None:
    wrong = {
        "name": " ",
        "voice": "Nobody",
        "model": "gpt",
        "language": "English",
        "time_zone": "Mars/Base",
        "max_call_seconds": 1,
        "fallback": {"kind": "forward", "number": "110"},
        "hours": [{"weekday": 7, "opens": "09:00", "closes": "10:00"}],
        "colour": "red",
    }
    answer = await tenant.editor("POST", "/agents", wrong, expect=422)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert {error["field"] for error in answer.body["errors"]} == {
        "name", "instructions", "voice", "model", "language", "time_zone", "max_call_seconds",
        "fallback.forward.number", "hours.0.weekday", "colour",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("hours", "message"),
    [
        ([{"weekday": 0, "opens": "17:00", "closes": "09:00"}], "closes before it opens"),
        (
            [
                {"weekday": 0, "opens": "09:00", "closes": "12:00"},
                {"weekday": 0, "opens": "11:00", "closes": "14:00"},
            ],
            "overlap",
        ),
    ],
)
async def test_impossible_hours_are_refused_in_a_patch_as_well(
    tenant: TestTenant, hours: list[Any], message: str
) -> None:
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}"
    answer = await tenant.editor("PATCH", path, {"hours": hours}, If_Match=agent["etag"], expect=422)
    [error] = answer.body["errors"]
    assert error["field"] == "hours"
    assert message in error["message"]


@pytest.mark.parametrize(
    ("secret", "message"),
    [("k" * 70_000, "is too long to be stored"), ("half of a pair: \ud800", "cannot be stored")],
    ids=["long", "no text"],
)
async def test_a_secret_that_cannot_be_stored_is_refused_by_name(
    tenant: TestTenant, secret: str, message: str
) -> None:
    agent = await agent_of(tenant)
    config = SES | {"secret_access_key": secret}
    path = f"/agents/{agent['id']}/tools/send_email"
    refused = await tenant.editor("PATCH", path, {"config": config}, If_Match="*", expect=422)
    field = "config.secret_access_key"
    assert refused.body["errors"] == [
        {"field": field, "message": message, "code": "value_error", "limit": None}
    ]


@pytest.mark.parametrize("name", ["a\x00b", "a\x07b", "a\u2028b", "a\nb"])
async def test_a_name_is_one_line_that_can_be_seen(tenant: TestTenant, name: str) -> None:
    await tenant.editor("POST", "/agents", {"name": name, "instructions": "x"}, expect=422)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400])
@pytest.mark.parametrize("field", ["silence_prompt_seconds", "max_call_seconds"])
async def test_a_number_is_one_that_can_be_waited_for(tenant: TestTenant, field: str, number: float) -> None:
    """`NaN` passes every limit. It was stored, and from then on nobody could list the tenant's agents."""
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}"
    refused = await tenant.editor("PATCH", path, {field: number}, If_Match="*", expect=422)
    assert refused.body["code"] == "invalid_fields"
    assert (await tenant.viewer("GET", path, expect=200)).body == agent


async def test_the_same_post_with_the_same_key_creates_one_agent(tenant: TestTenant) -> None:
    first = await tenant.editor("POST", "/agents", AGENT, Idempotency_Key="once", expect=201)
    again = await tenant.editor("POST", "/agents", AGENT, Idempotency_Key="once", expect=201)
    assert again.body == first.body
    other = {**AGENT, "name": "Another"}
    refused = await tenant.editor("POST", "/agents", other, Idempotency_Key="once", expect=422)
    assert refused.body["errors"][0]["field"] == "Idempotency-Key"
    assert len((await tenant.viewer("GET", "/agents")).body["items"]) == 1
    await tenant.editor("DELETE", f"/agents/{first.body['id']}", expect=204)
    gone = await tenant.editor("POST", "/agents", AGENT, Idempotency_Key="once", expect=409)
    assert gone.body["detail"] == "What this request created has been deleted since."


async def test_pages_cover_the_list_once_although_it_changes_meanwhile(tenant: TestTenant) -> None:
    for number in range(5):
        await agent_of(tenant, name=f"Agent {number // 2}")
    first = (await tenant.viewer("GET", "/agents?limit=2", expect=200)).body
    await agent_of(tenant, name="Aaron")  # before the cursor: on no later page
    rest: list[Any] = []
    cursor = first["next_cursor"]
    while cursor:
        page = (await tenant.viewer("GET", f"/agents?limit=2&cursor={cursor}", expect=200)).body
        rest += page["items"]
        cursor = page["next_cursor"]
    names = [agent["name"] for agent in [*first["items"], *rest]]
    assert names == ["Agent 0", "Agent 0", "Agent 1", "Agent 1", "Agent 2"]
    await tenant.viewer("GET", "/agents?cursor=rubbish", expect=422)


@pytest.mark.parametrize("field", ["enabled", "config"])
async def test_null_for_what_cannot_be_null_is_a_mistake_in_its_field(tenant: TestTenant, field: str) -> None:
    """It passed for left out, and nothing happened."""
    path = f"/agents/{(await agent_of(tenant))['id']}/tools/send_email"
    refused = await tenant.editor("PATCH", path, {field: None}, If_Match="*", expect=422)
    assert [each["field"] for each in refused.body["errors"]] == [field]


async def test_the_list_of_who_uses_a_tool_has_those_that_have_it_switched_on(tenant: TestTenant) -> None:
    with_it, off_again, without = [await agent_of(tenant, name=name) for name in ("A", "B", "C")]
    for agent in (with_it, off_again):
        path = f"/agents/{agent['id']}/tools/end_call"
        await tenant.editor("PATCH", path, {"enabled": True}, If_Match="*", expect=200)
    path = f"/agents/{off_again['id']}/tools/end_call"
    await tenant.editor("PATCH", path, {"enabled": False}, If_Match="*", expect=200)
    await tenant.editor("PATCH", f"/agents/{without['id']}/tools/send_email", {}, If_Match="*", expect=200)

    found: list[str] = []
    cursor, pages = "", 0
    while pages == 0 or cursor:
        query = "/agents?tool=end_call&limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = (await tenant.viewer("GET", query, expect=200)).body
        found += [agent["id"] for agent in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1

    assert found == [with_it["id"]]
    assert (await tenant.viewer("GET", "/agents?tool=nothing", expect=200)).body["items"] == []


async def test_a_copy_has_everything_but_secrets_and_accounts(tenant: TestTenant) -> None:
    agent = await agent_of(tenant, greeting="Good day.")
    tools = f"/agents/{agent['id']}/tools"
    await tenant.editor("PATCH", f"{tools}/end_call", {"enabled": True}, If_Match="*", expect=200)
    body = {"enabled": True, "config": SES}
    await tenant.editor("PATCH", f"{tools}/send_email", body, If_Match="*", expect=200)
    copy = await tenant.editor("POST", f"/agents/{agent['id']}/duplicate", {"name": "Copy"}, expect=201)
    assert (copy.body["name"], copy.body["greeting"]) == ("Copy", "Good day.")
    assert copy.headers["Location"] == f"/api/v1/tenants/{tenant.id}/agents/{copy.body['id']}"
    answer = await tenant.viewer("GET", f"/agents/{copy.body['id']}/tools", expect=200)
    by_slug = {tool["slug"]: tool for tool in answer.body["items"]}
    assert by_slug["end_call"]["enabled"] is True
    email = by_slug["send_email"]
    assert (email["enabled"], email["config"]["region"]) == (False, "eu-central-1")
    assert email["secrets"]["secret_access_key"]["set"] is False


# Tools ------------------------------------------------------------------------------------------


async def test_a_secret_is_stored_used_and_never_read_back(stack: Stack, tenant: TestTenant) -> None:
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}/tools/send_email"
    untouched = await tenant.viewer("GET", path, expect=200)
    assert untouched.body["secrets"] == {"secret_access_key": {"set": False, "since": None}}
    body = {"enabled": True, "config": SES}
    answer = await tenant.editor("PATCH", path, body, If_Match=untouched.etag, expect=200)
    assert answer.body["ready"] is True
    assert answer.body["secrets"]["secret_access_key"]["set"] is True
    assert answer.body["secrets"]["secret_access_key"]["since"] is not None
    # Another change of the config, as the form sends it: without the secret, which stays.
    config = {name: value for name, value in SES.items() if name != "secret_access_key"}
    body = {"config": {**config, "region": "us-east-1"}}
    changed = await tenant.editor("PATCH", path, body, If_Match=answer.etag, expect=200)
    assert changed.body["ready"] is True
    version = await stored_version(stack, tenant, agent)
    assert await read_secret(stack, version) == SES["secret_access_key"]
    everything = await stack.database.query(f"tenants/{tenant.id}/audit")
    shown = [answer.body, changed.body, (await tenant.viewer("GET", path)).body, everything]
    assert "canary-secret-value" not in json.dumps(shown, default=str)
    # Removed: the value is gone from Secret Manager as well.
    body = {"enabled": False, "config": {**config, "secret_access_key": None}}
    removed = await tenant.editor("PATCH", path, body, If_Match=changed.etag, expect=422)
    assert removed.body["errors"][0]["field"] == "config.secret_access_key"
    await tenant.editor("DELETE", path, If_Match=changed.etag, expect=204)
    with pytest.raises(SecretGoneError):
        await read_secret(stack, version)


async def test_a_replaced_secret_is_destroyed(stack: Stack, tenant: TestTenant) -> None:
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}/tools/send_email"
    await tenant.editor("PATCH", path, {"config": SES}, If_Match="*", expect=200)
    former = await stored_version(stack, tenant, agent)
    body = {"config": {**SES, "secret_access_key": "another"}}
    await tenant.editor("PATCH", path, body, If_Match="*", expect=200)
    assert await read_secret(stack, await stored_version(stack, tenant, agent)) == "another"
    with pytest.raises(SecretGoneError):
        await read_secret(stack, former)


async def test_deleting_an_agent_leaves_nothing_of_it(stack: Stack, tenant: TestTenant) -> None:
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}"
    await tenant.editor("PATCH", f"{path}/tools/send_email", {"config": SES}, If_Match="*", expect=200)
    version = await stored_version(stack, tenant, agent)
    await tenant.editor("DELETE", path, If_Match=agent["etag"], expect=204)
    assert await stack.database.query(f"tenants/{tenant.id}{path}/agent_tools") == []
    with pytest.raises(SecretGoneError):
        await read_secret(stack, version)


async def test_a_tool_is_not_switched_on_with_a_config_that_is_not_valid(tenant: TestTenant) -> None:
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}/tools/send_email"
    refused = await tenant.editor("PATCH", path, {"enabled": True}, If_Match="*", expect=422)
    fields = {error["field"] for error in refused.body["errors"]}
    assert fields == {f"config.{name}" for name in SES}
    assert (await tenant.viewer("GET", path)).body["enabled"] is False
    wrong = {**SES, "region": "here", "secret_access_key": ""}
    refused = await tenant.editor("PATCH", path, {"config": wrong}, If_Match="*", expect=422)
    fields = {error["field"] for error in refused.body["errors"]}
    assert fields == {"config.region", "config.secret_access_key"}
    await tenant.editor("PATCH", f"/agents/{agent['id']}/tools/nothing", {}, If_Match="*", expect=404)


async def test_a_wrong_field_of_a_tools_change_is_named_as_it_was_sent(tenant: TestTenant) -> None:
    """There were `enabled.bool` and `enabled.none` instead."""
    url = f"/agents/{await tenant.agent()}/tools/send_email"
    wrong = {"enabled": "yes", "config": "none"}
    refused = await tenant.editor("PATCH", url, wrong, If_Match="*", expect=422)
    assert [each["field"] for each in refused.body["errors"]] == ["enabled", "config"]


async def test_two_people_configuring_one_tool_do_not_overwrite_each_other(tenant: TestTenant) -> None:
    agent = await agent_of(tenant)
    path = f"/agents/{agent['id']}/tools/end_call"
    etag = (await tenant.viewer("GET", path)).etag
    await tenant.editor("PATCH", path, {"enabled": True}, If_Match=etag, expect=200)
    await tenant.owner("PATCH", path, {"enabled": False}, If_Match=etag, expect=412)
    assert (await tenant.viewer("GET", path)).body["enabled"] is True


async def test_the_preview_is_what_the_model_is_given(tenant: TestTenant) -> None:
    agent = await agent_of(tenant, time_zone="Europe/Berlin", language="de", greeting="Guten Tag!")
    path = f"/agents/{agent['id']}"
    await tenant.editor("PATCH", f"{path}/tools/end_call", {"enabled": True}, If_Match="*", expect=200)
    query = "?caller=%2B14155550123&at=2026-11-23T09:00:00Z"
    preview = (await tenant.viewer("GET", f"{path}/preview{query}", expect=200)).body
    assert "You answer the phone." in preview["system_instruction"]
    assert "Monday, 23 November 2026, 10:00" in preview["system_instruction"]
    assert "+14155550123" in preview["system_instruction"]
    assert preview["greeting"] == "Sie sprechen mit einem KI-Assistenten. Guten Tag!"
    assert [function["name"] for function in preview["functions"]] == ["end_call"]


async def stored_version(stack: Stack, tenant: TestTenant, agent: dict[str, Any]) -> str:
    fields = await stack.database.get(f"tenants/{tenant.id}/agents/{agent['id']}/agent_tools/send_email")
    assert fields is not None
    return fields["sensitive_config"]["secret_access_key"]


async def read_secret(stack: Stack, version: str) -> str:
    """As the worker would; the API itself may not."""
    with acting_as("worker", stack.google, stack.google_state) as env:
        gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
        try:
            return (await gateway.access(version)).get_secret_value()
        finally:
            await gateway.aclose()


async def test_a_tool_that_is_added_to_the_registry_can_be_configured_at_once(stack: Stack) -> None:
    class CoffeeConfig(BaseModel):
        machine: str = Field(title="Machine", max_length=20)
        strength: float = 1.0
        number: int = 0
        pin: SecretStr | None = Field(default=None, title="PIN")

    class Brew(BaseModel):
        cups: int = Field(ge=1, le=4)

    class CoffeeTool(BaseTool):
        metadata = ToolMetadata(
            slug="coffee",
            display_name="Coffee",
            description="Brews.",
            config=CoffeeConfig,
            actions={"brew": Action("Brews coffee.", Brew, read_only=False, idempotent=False)},
        )

        async def execute(self, action: str, arguments: BaseModel, context: Any) -> dict[str, Any]:
            return {"message": "Done."}

    tenant = await stack.tenant()
    agent = await tenant.agent()
    usual = stack.app.state.api
    stack.app.state.api = stack.another_api(ToolRegistry((*TOOLS, CoffeeTool)))
    try:
        catalogue = (await stack.client(tenant.viewer.token)("GET", "/tools", expect=200)).body["items"]
        assert catalogue[-1]["ui_schema"]["pin"]["ui:widget"] == "password"
        path = f"/agents/{agent}/tools/coffee"
        body = {"enabled": True, "config": {"machine": "M1", "pin": "1234"}}
        made = await tenant.editor("PATCH", path, body, If_Match="*", expect=200)
        assert made.body["secrets"]["pin"]["set"] is True
        deep: dict[str, Any] = {}
        for _ in range(900):
            deep = {"": deep}
        for odd in (
            {"strength": float("nan")},
            {"number": 2**63},
            {"machine": deep},
        ):  # not for Firestore
            config: Any = {"config": {"machine": "M1", **odd}}
            refused = await tenant.editor("PATCH", path, config, If_Match="*", expect=422)
            assert [each["field"] for each in refused.body["errors"]] == [f"config.{name}" for name in odd]
        # An optional secret may be taken away again.
        body = {"config": {"machine": "M1", "pin": None}}
        cleared = await tenant.editor("PATCH", path, body, If_Match=made.etag, expect=200)
        assert (cleared.body["secrets"]["pin"]["set"], cleared.body["ready"]) == (False, True)
        preview = (await tenant.viewer("GET", f"/agents/{agent}/preview", expect=200)).body
        assert preview["functions"] == [
            {
                "name": "coffee",
                "description": "Brews coffee.",
                "parameters": {
                    "type": "object",
                    "properties": {"cups": {"type": "integer", "minimum": 1, "maximum": 4}},
                    "required": ["cups"],
                },
            }
        ]
    finally:
        stack.app.state.api = usual
