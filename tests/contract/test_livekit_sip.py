"""Trunks and dispatch rules: the embedded server keeps and refuses what the real one does, with Redis."""

import contextlib
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from livekit import api
from livekit.protocol import sip

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, find_server
from local.livekit.redis import Redis

pytestmark = pytest.mark.contract

KEY, SECRET = "contract", "contract-secret-of-32-or-more-characters"
CALLEE = sip.SIPDispatchRule(dispatch_rule_callee=sip.SIPDispatchRuleCallee(room_prefix=""))


@pytest.fixture(params=["embedded", "real"])
async def phone(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The server's SIP service, as the client library gives it."""
    async with contextlib.AsyncExitStack() as stack:
        if request.param == "embedded":
            running = await stack.enter_async_context(EmbeddedServer(Config(KEY, SECRET)))
        else:
            binary, program = find_server(), Redis.find()
            if binary is None:
                pytest.skip("livekit-server is not there: make livekit-server (needs Go)")
            if program is None:
                pytest.skip("redis-server is not there, and without it livekit-server has no SIP service")
            redis = await stack.enter_async_context(Redis(program))
            config = Config(KEY, SECRET, redis_port=redis.port)
            running = await stack.enter_async_context(RealServer(binary, config, log_level="error"))
        client = api.LiveKitAPI(running.url.replace("ws", "http", 1), KEY, SECRET)
        stack.push_async_callback(client.aclose)
        yield client.sip


def trunk(**fields: Any) -> sip.SIPInboundTrunkInfo:
    given: dict[str, Any] = {"name": "t", "auth_username": "u", "auth_password": "p", **fields}
    return sip.SIPInboundTrunkInfo(**given)


def create(phone: Any, **fields: Any) -> Awaitable[sip.SIPInboundTrunkInfo]:
    return phone.create_inbound_trunk(sip.CreateSIPInboundTrunkRequest(trunk=trunk(**fields)))


def create_rule(phone: Any, **fields: Any) -> Awaitable[sip.SIPDispatchRuleInfo]:
    given: dict[str, Any] = {"rule": CALLEE, "name": "r", **fields}
    rule = sip.SIPDispatchRuleInfo(**given)
    return phone.create_dispatch_rule(sip.CreateSIPDispatchRuleRequest(dispatch_rule=rule))


async def trunks(phone: Any, **wanted: Any) -> list[sip.SIPInboundTrunkInfo]:
    return list((await phone.list_inbound_trunk(sip.ListSIPInboundTrunkRequest(**wanted))).items)


async def rules(phone: Any, **wanted: Any) -> list[sip.SIPDispatchRuleInfo]:
    return list((await phone.list_dispatch_rule(sip.ListSIPDispatchRuleRequest(**wanted))).items)


async def refusal(call: Awaitable[object]) -> str:
    with pytest.raises(api.TwirpError) as error:
        await call
    return f"{error.value.code}: {error.value.message}"


async def test_a_trunk_is_kept_as_it_was_given_and_replaced_whole(phone: Any) -> None:
    made = await create(phone, ringing_timeout=Duration(seconds=25))
    assert made.sip_trunk_id.startswith("ST_")
    assert await trunks(phone) == [made]
    changed = trunk(auth_password="new", ringing_timeout=Duration(seconds=20))
    replaced = await phone.update_inbound_trunk(made.sip_trunk_id, changed)
    assert (replaced.auth_password, replaced.ringing_timeout.seconds) == ("new", 20)
    assert await trunks(phone) == [replaced]


async def test_single_fields_of_a_trunk_can_be_changed(phone: Any) -> None:
    made = await create(phone, ringing_timeout=Duration(seconds=25))
    changed = await phone.update_inbound_trunk_fields(
        made.sip_trunk_id, name="renamed", numbers=["+15550001"]
    )
    assert (changed.name, list(changed.numbers), changed.auth_username) == ("renamed", ["+15550001"], "u")
    assert changed.ringing_timeout.seconds == 25


async def test_trunks_that_cannot_be_are_refused(phone: Any) -> None:
    made = await create(phone)
    both = f'"<new>" and "{made.sip_trunk_id}", using the same number(s) <any> without AllowedNumbers set'
    assert await refusal(create(phone)) == f"invalid_argument: Conflicting inbound SIP Trunks: {both}"
    assert "for security" in await refusal(create(phone, auth_username="", auth_password=""))
    assert "must not be set" in await refusal(create(phone, sip_trunk_id="ST_x"))
    assert "missing trunk" in await refusal(phone.create_inbound_trunk(sip.CreateSIPInboundTrunkRequest()))
    gone = phone.update_inbound_trunk_fields("ST_none", name="x")
    assert await refusal(gone) == "not_found: requested sip trunk does not exist"
    other = phone.update_inbound_trunk("ST_none", made)
    assert "must be empty or match" in await refusal(other)


async def test_a_trunk_without_numbers_is_listed_for_every_number(phone: Any) -> None:
    everything, one = await create(phone), await create(phone, numbers=["+14155550100"])
    found = await trunks(phone, numbers=["+14155550100"])
    assert {each.sip_trunk_id for each in found} == {everything.sip_trunk_id, one.sip_trunk_id}
    assert await trunks(phone, numbers=["+14155550101"]) == [everything]
    assert await trunks(phone, trunk_ids=[one.sip_trunk_id, "ST_none"]) == [one]


async def test_deleting_a_trunk_twice_is_fine(phone: Any) -> None:
    made = await create(phone)
    for _ in range(2):
        await phone.delete_trunk(sip.DeleteSIPTrunkRequest(sip_trunk_id=made.sip_trunk_id))
    assert await trunks(phone) == []


async def test_a_dispatch_rule_is_kept_replaced_and_deleted(phone: Any) -> None:
    made = await create_rule(phone, trunk_ids=["ST_1"])
    assert made.sip_dispatch_rule_id.startswith("SDR_")
    assert made.rule.dispatch_rule_callee == CALLEE.dispatch_rule_callee
    wanted = sip.SIPDispatchRuleInfo(rule=CALLEE, name="other", trunk_ids=["ST_2"])
    replaced = await phone.update_dispatch_rule(made.sip_dispatch_rule_id, wanted)
    assert (replaced.name, list(replaced.trunk_ids)) == ("other", ["ST_2"])
    assert [each.name for each in await rules(phone)] == ["other"]
    delete = sip.DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=made.sip_dispatch_rule_id)
    await phone.delete_dispatch_rule(delete)
    assert await rules(phone) == []
    again = await refusal(phone.delete_dispatch_rule(delete))
    assert again == "not_found: requested sip dispatch rule does not exist"


async def test_rules_that_cannot_be_are_refused(phone: Any) -> None:
    made = await create_rule(phone, trunk_ids=["ST_1"])
    text = "Dispatch rule for the same trunk, inbound number, number, and PIN combination already exists"
    expected = f'invalid_argument: {text} in dispatch rule "{made.sip_dispatch_rule_id}" "r"'
    assert await refusal(create_rule(phone, trunk_ids=["ST_1"], name="again")) == expected
    assert "missing rule" in await refusal(create_rule(phone, rule=None))


async def test_a_rule_without_trunks_is_listed_for_every_trunk(phone: Any) -> None:
    everything, one = await create_rule(phone), await create_rule(phone, trunk_ids=["ST_1"])
    found = await rules(phone, trunk_ids=["ST_1"])
    ids = {everything.sip_dispatch_rule_id, one.sip_dispatch_rule_id}
    assert {each.sip_dispatch_rule_id for each in found} == ids
    assert await rules(phone, dispatch_rule_ids=[one.sip_dispatch_rule_id]) == [one]


async def test_only_who_may_administer_sip_is_answered(phone: Any) -> None:
    phone._admin_headers = lambda: phone._auth_header(api.VideoGrants(room_admin=True, room="x"))
    assert await refusal(trunks(phone)) == "unauthenticated: permissions denied"
