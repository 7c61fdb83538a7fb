"""Numbers over HTTP, with Twilio's stand-in behind: who holds them, and what Twilio calls."""

import asyncio
from typing import Any

import pytest

from local.twilio.store import Number
from shared.errors import UnavailableError
from shared.gateways.twilio import TwilioGateway
from shared.models.phone_number import NumberRouting
from shared.repositories.configured_agents import ConfiguredAgentRepository
from shared.repositories.phone_numbers import TenantNumberRepository
from tests.contract.tools_api_stack import EDGE, NUMBERS, Stack, TestTenant

pytestmark = [pytest.mark.contract, pytest.mark.asyncio(loop_scope="module")]

FIRST, SECOND, THIRD, FOURTH, FIFTH, *_ = NUMBERS


async def tenant_with_agent(stack: Stack) -> tuple[TestTenant, str]:
    tenant = await stack.tenant()
    return tenant, await tenant.agent()


def at_twilio(stack: Stack, number: str) -> Number:
    return stack.twilio.exchange.store.numbers[number]


async def test_attaching_tells_twilio_and_detaching_restores_what_it_had(stack: Stack) -> None:
    tenant, agent = await tenant_with_agent(stack)
    store = stack.twilio.exchange.store
    store.put_number(at_twilio(stack, FIRST).model_copy(update={"voice_url": "https://before.example"}))
    free = await tenant.viewer("GET", f"/numbers/{FIRST}", expect=200)
    assert (free.body["agent_id"], free.body["routed"]) == (None, False)
    body = {"agent_id": agent}
    attached = await tenant.editor("PUT", f"/numbers/{FIRST}", body, If_Match=free.etag, expect=200)
    assert (attached.body["agent_id"], attached.body["routed"]) == (agent, True)
    number = at_twilio(stack, FIRST)
    assert number.voice_url == f"{EDGE}/api/v1/voice/twilio/incoming"
    assert number.voice_fallback_url == f"{EDGE}/api/v1/voice/twilio/fallback"
    assert number.status_callback == f"{EDGE}/api/v1/voice/twilio/status"
    document = await stack.database.get(f"phone_numbers/{FIRST}")
    assert document is not None
    assert (document["tenant_id"], document["agent_id"]) == (tenant.id, agent)
    refused = await tenant.editor("DELETE", f"/agents/{agent}", expect=409)
    assert (refused.body["code"], refused.body["numbers"]) == ("agent_has_numbers", [FIRST])
    await tenant.editor("DELETE", f"/numbers/{FIRST}", If_Match=attached.etag, expect=204)
    assert at_twilio(stack, FIRST).voice_url == "https://before.example"
    assert at_twilio(stack, FIRST).status_callback == ""
    assert await stack.database.get(f"phone_numbers/{FIRST}") is None
    await tenant.editor("DELETE", f"/agents/{agent}", expect=204)


URLS = {"voice_url": "https://before.example", "voice_method": "GET", "status_callback": "https://s.example"}
TRUNK, APPLICATION = {"trunk_sid": "TK" + "a" * 32}, {"voice_application_sid": "AP" + "a" * 32}


@pytest.mark.parametrize(
    "former", [URLS, URLS | TRUNK, URLS | APPLICATION], ids=["GET", "trunk", "application"]
)
async def test_detaching_gives_a_number_back_to_the_trunk_or_application_that_had_it(
    stack: Stack, former: dict[str, str]
) -> None:
    """They come before the URLs, which used to be all that was given back, to be called by POST."""
    tenant, agent = await tenant_with_agent(stack)
    number = NUMBERS[6]
    bare = at_twilio(stack, number)
    had = bare.model_copy(update=former)
    stack.twilio.exchange.store.put_number(had)
    attached = await tenant.editor("PUT", f"/numbers/{number}", {"agent_id": agent}, If_Match="*", expect=200)
    assert attached.body["routed"]
    assert (at_twilio(stack, number).trunk_sid, at_twilio(stack, number).voice_application_sid) == ("", "")
    await tenant.editor("DELETE", f"/numbers/{number}", expect=204)
    assert at_twilio(stack, number) == had
    stack.twilio.exchange.store.put_number(bare)


async def test_a_number_can_be_detached_though_the_trunk_that_had_it_is_gone(stack: Stack) -> None:
    tenant, agent = await tenant_with_agent(stack)
    number = NUMBERS[6]
    bare = at_twilio(stack, number)
    stack.twilio.exchange.store.put_number(bare.model_copy(update=URLS | {"trunk_sid": "TK-that-is-gone"}))
    await tenant.editor("PUT", f"/numbers/{number}", {"agent_id": agent}, If_Match="*", expect=200)
    await tenant.editor("DELETE", f"/numbers/{number}", expect=204)
    assert at_twilio(stack, number) == bare.model_copy(update=URLS)
    assert await stack.database.get(f"phone_numbers/{number}") is None
    stack.twilio.exchange.store.put_number(bare)


async def test_a_number_of_another_tenant_cannot_be_seen_or_taken(stack: Stack) -> None:
    holder, agent = await tenant_with_agent(stack)
    other, others_agent = await tenant_with_agent(stack)
    await holder.editor("PUT", f"/numbers/{SECOND}", {"agent_id": agent}, If_Match="*", expect=200)
    await other.owner("GET", f"/numbers/{SECOND}", expect=404)
    await other.owner("PUT", f"/numbers/{SECOND}", {"agent_id": others_agent}, If_Match="*", expect=404)
    await other.owner("DELETE", f"/numbers/{SECOND}", expect=404)
    seen = (await other.viewer("GET", "/numbers", expect=200)).body["items"]
    assert SECOND not in [number["number"] for number in seen]
    # Nor may a number lead to another tenant's agent.
    refused = await other.owner("PUT", f"/numbers/{THIRD}", {"agent_id": agent}, If_Match="*", expect=409)
    assert refused.body["detail"] == "There is no such agent."
    assert (await holder.viewer("GET", f"/numbers/{SECOND}")).body["agent_id"] == agent


async def test_of_two_tenants_who_want_a_number_at_once_one_gets_it(stack: Stack) -> None:
    tenants = [await tenant_with_agent(stack) for _ in range(2)]
    answers = await asyncio.gather(
        *(
            tenant.editor("PUT", f"/numbers/{FOURTH}", {"agent_id": agent}, If_Match="*")
            for tenant, agent in tenants
        )
    )
    assert sorted(answer.status for answer in answers) in ([200, 404], [200, 409])


async def test_a_number_goes_to_another_agent_and_a_stale_version_is_refused(stack: Stack) -> None:
    tenant, agent = await tenant_with_agent(stack)
    second = await tenant.agent()
    path = f"/numbers/{FIFTH}"
    first = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match="*", expect=200)
    await tenant.editor("PUT", path, {"agent_id": second}, If_Match=first.etag, expect=200)
    await tenant.editor("PUT", path, {"agent_id": agent}, If_Match=first.etag, expect=412)
    await tenant.editor("PUT", path, {"agent_id": agent}, expect=428)
    assert (await tenant.viewer("GET", path)).body["agent_id"] == second


@pytest.mark.parametrize("done", [True, False], ids=["which-has-done-it", "which-has-not"])
async def test_when_twilio_goes_silent_what_a_number_had_before_is_kept_for_detaching(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, done: bool
) -> None:
    """The number used to be free again, and what it had had before was nowhere."""
    tenant, agent = await tenant_with_agent(stack)
    number = NUMBERS[6]
    path = f"/numbers/{number}"
    store = stack.twilio.exchange.store
    store.put_number(at_twilio(stack, number).model_copy(update={"voice_url": "https://before.example"}))
    configure, told = TwilioGateway.configure_number, list[NumberRouting]()

    async def silent(twilio: TwilioGateway, sid: str, routing: NumberRouting) -> None:
        told.append(routing)
        if done and len(told) == 1:
            await configure(twilio, sid, routing)
        raise UnavailableError("Twilio: configure a number: TimeoutError")

    with monkeypatch.context() as patch:
        patch.setattr(TwilioGateway, "configure_number", silent)
        refused = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match="*", expect=503)
    assert refused.body["code"] == "number_kept"
    kept = await tenant.viewer("GET", path, expect=200)
    assert (kept.body["agent_id"], kept.body["routed"]) == (agent, done)

    again = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match=kept.etag, expect=200)
    assert again.body["routed"]
    await tenant.editor("DELETE", path, expect=204)
    assert at_twilio(stack, number).voice_url == "https://before.example"


async def test_what_twilio_did_without_saying_so_is_undone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The number used to be free again while Twilio sent its calls here, and what it had before was lost."""
    tenant, agent = await tenant_with_agent(stack)
    number = NUMBERS[6]
    store = stack.twilio.exchange.store
    store.put_number(at_twilio(stack, number).model_copy(update={"voice_url": "https://before.example"}))
    configure, told = TwilioGateway.configure_number, list[NumberRouting]()

    async def silent_at_first(twilio: TwilioGateway, sid: str, routing: NumberRouting) -> None:
        await configure(twilio, sid, routing)
        told.append(routing)
        if len(told) == 1:
            raise UnavailableError("Twilio: configure a number: TimeoutError")

    with monkeypatch.context() as patch:
        patch.setattr(TwilioGateway, "configure_number", silent_at_first)
        await tenant.editor("PUT", f"/numbers/{number}", {"agent_id": agent}, If_Match="*", expect=503)
    assert await stack.database.get(f"phone_numbers/{number}") is None
    assert at_twilio(stack, number).voice_url == "https://before.example"


async def test_a_number_that_twilio_sends_elsewhere_is_repaired_or_stays_with_its_agent(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, agent = await tenant_with_agent(stack)
    second = await tenant.agent()
    number = NUMBERS[5]
    path = f"/numbers/{number}"
    attached = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match="*", expect=200)
    store = stack.twilio.exchange.store
    store.put_number(at_twilio(stack, number).model_copy(update={"voice_url": "https://elsewhere.example"}))

    async def unreachable(*_: object) -> None:
        raise UnavailableError("Twilio: configure a number: ConnectionError")

    with monkeypatch.context() as patch:
        patch.setattr(TwilioGateway, "configure_number", unreachable)
        await tenant.editor("PUT", path, {"agent_id": second}, If_Match=attached.etag, expect=503)
    found = await tenant.viewer("GET", path, expect=200)
    assert (found.body["agent_id"], found.body["routed"], found.etag) == (agent, False, attached.etag)
    repaired = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match=attached.etag, expect=200)
    assert (repaired.body["routed"], repaired.etag) == (True, attached.etag)
    history = (await tenant.editor("GET", f"/audit?subject=numbers/%2B{number[1:]}", expect=200)).body[
        "items"
    ]
    assert [entry["action"] for entry in history] == ["number.attached"] * 2
    await tenant.editor("DELETE", path, expect=204)


async def test_a_number_that_gets_another_agent_while_it_is_detached_stays_with_that_agent(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, agent = await tenant_with_agent(stack)
    second = await tenant.agent()
    number = NUMBERS[5]
    path = f"/numbers/{number}"
    attached = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match="*", expect=200)
    configure, told = TwilioGateway.configure_number, list[NumberRouting]()

    async def meanwhile(twilio: TwilioGateway, sid: str, routing: NumberRouting) -> None:
        await configure(twilio, sid, routing)
        told.append(routing)
        if len(told) == 1:
            await tenant.editor("PUT", path, {"agent_id": second}, If_Match="*", expect=200)

    with monkeypatch.context() as patch:
        patch.setattr(TwilioGateway, "configure_number", meanwhile)
        await tenant.editor("DELETE", path, If_Match=attached.etag, expect=412)
    found = await tenant.viewer("GET", path, expect=200)
    assert (found.body["agent_id"], found.body["routed"]) == (second, True)
    await tenant.editor("DELETE", path, expect=204)


@pytest.mark.parametrize("held", [False, True], ids=["free", "of-another-agent"])
async def test_a_number_is_not_attached_to_an_agent_that_was_deleted_meanwhile(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    """Its callers heard that the number is not in use, while the list of numbers said who answers. It was
    attached and then detached again, unless the process died in between."""
    tenant, agent = await tenant_with_agent(stack)
    number = NUMBERS[5]
    path = f"/numbers/{number}"
    store = stack.twilio.exchange.store
    store.put_number(at_twilio(stack, number).model_copy(update={"voice_url": "https://before.example"}))
    if held:
        other = await tenant.agent()
        await tenant.editor("PUT", path, {"agent_id": other}, If_Match="*", expect=200)
    before = await stack.database.get(f"phone_numbers/{number}"), at_twilio(stack, number)
    step = "change" if held else "create"
    proceed = getattr(TenantNumberRepository, step)

    async def after_a_deletion(*given: Any) -> None:
        await tenant.editor("DELETE", f"/agents/{agent}", expect=204)
        await proceed(*given)

    with monkeypatch.context() as patch:
        patch.setattr(TenantNumberRepository, step, after_a_deletion)
        refused = await tenant.editor("PUT", path, {"agent_id": agent}, If_Match="*", expect=409)
    assert refused.body["code"] == "no_such_agent"
    assert (await stack.database.get(f"phone_numbers/{number}"), at_twilio(stack, number)) == before
    audit = await tenant.editor("GET", f"/audit?subject=numbers/%2B{number[1:]}", expect=200)
    assert len(audit.body["items"]) == held
    if held:
        await tenant.editor("DELETE", path, expect=204)


async def test_an_agent_that_gets_a_number_while_it_is_deleted_stays(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had none when somebody looked, and was gone by the time the number led to it."""
    tenant, agent = await tenant_with_agent(stack)
    path = f"/numbers/{NUMBERS[5]}"
    numbers, looked = ConfiguredAgentRepository.numbers, list[list[str]]()

    async def and_one_is_attached(*given: Any) -> list[str]:
        looked.append(await numbers(*given))
        if not looked[-1]:
            await tenant.editor("PUT", path, {"agent_id": agent}, If_Match="*", expect=200)
        return looked[-1]

    with monkeypatch.context() as patch:
        patch.setattr(ConfiguredAgentRepository, "numbers", and_one_is_attached)
        refused = await tenant.editor("DELETE", f"/agents/{agent}", expect=409)
    assert refused.body["code"] == "agent_has_numbers"
    assert (await tenant.viewer("GET", path, expect=200)).body["agent_id"] == agent
    await tenant.viewer("GET", f"/agents/{agent}", expect=200)
    await tenant.editor("DELETE", path, expect=204)


async def test_callers_cannot_be_forwarded_to_a_number_of_the_platform(stack: Stack) -> None:
    """They would come back, with nobody but agents at either end."""
    holder, holders_agent = await tenant_with_agent(stack)
    number, person = NUMBERS[6], "+14155550177"
    path = f"/numbers/{number}"
    await holder.editor("PUT", path, {"agent_id": holders_agent}, If_Match="*", expect=200)
    other, agent = await tenant_with_agent(stack)
    forwards: dict[str, Any] = {"fallback": {"kind": "forward", "number": number}}
    new = {"name": "Desk", "instructions": "Help.", **forwards}
    for who, others in ((holder, holders_agent), (other, agent)):
        for refused in (
            await who.editor("POST", "/agents", new, expect=422),
            await who.editor("PATCH", f"/agents/{others}", forwards, If_Match="*", expect=422),
        ):
            [error] = refused.body["errors"]
            assert (error["field"], error["code"]) == ("fallback.forward.number", "platform_number")
        settings = {"fallback_number": number}
        refused = await who.owner("PATCH", "", settings, If_Match="*", expect=422)
        [error] = refused.body["errors"]
        assert error["field"] == "fallback_number"
        assert "answered by this platform" in error["message"]
    forwards["fallback"]["number"] = person
    await other.editor("PATCH", f"/agents/{agent}", forwards, If_Match="*", expect=200)
    await holder.editor("DELETE", path, expect=204)


@pytest.mark.parametrize("whose", ["an agent's", "the tenant's"])
async def test_a_number_that_callers_are_forwarded_to_cannot_be_attached(stack: Stack, whose: str) -> None:
    tenant, agent = await tenant_with_agent(stack)
    number, person = NUMBERS[6], "+14155550177"
    settings = "" if whose == "the tenant's" else f"/agents/{agent}"
    named = (await tenant.viewer("GET", f"/agents/{agent}")).body["name"]
    name = "the whole account" if whose == "the tenant's" else named

    async def forward(to: str) -> None:
        fallback = {"kind": "forward", "number": to}
        patch = {"fallback_number": to} if whose == "the tenant's" else {"fallback": fallback}
        await tenant.owner("PATCH", settings, patch, If_Match="*", expect=200)

    await forward(number)
    path, body = f"/numbers/{number}", {"agent_id": agent}
    refused = await tenant.editor("PUT", path, body, If_Match="*", expect=409)
    assert refused.body["code"] == "number_is_fallback"
    assert refused.body["detail"] == f"This is the fallback number of {name}. Choose another there first."
    assert await stack.database.get(f"phone_numbers/{number}") is None
    await forward(person)
    await tenant.editor("PUT", path, body, If_Match="*", expect=200)
    await tenant.editor("DELETE", path, expect=204)


async def test_pages_of_numbers_leave_out_what_others_hold(stack: Stack) -> None:
    holder, agent = await tenant_with_agent(stack)
    await holder.editor("PUT", f"/numbers/{NUMBERS[7]}", {"agent_id": agent}, If_Match="*", expect=200)
    tenant = await stack.tenant()
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        query = f"?limit=2&cursor={cursor}" if cursor else "?limit=2"
        page = (await tenant.viewer("GET", f"/numbers{query}", expect=200)).body
        seen += [number["number"] for number in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(seen)
    assert NUMBERS[8] in seen
    assert NUMBERS[9] in seen
    assert NUMBERS[7] not in seen
