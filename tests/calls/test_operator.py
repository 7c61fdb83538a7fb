"""The trunkline command against a laptop cloud: doctor says that all is well, then finds each broken thing,
with its fix; and a customer is deleted while somebody talks to their agent."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator

import aiohttp
import pytest
import pytest_asyncio
from livekit import api
from livekit.protocol import sip

from local.environment import LIVEKIT_KEY, LIVEKIT_SECRET
from local.phone.timeline import Moment
from local.scenario import Scenario
from tests.calls.laptop import Laptop, TestTenant, running_cloud
from tests.calls.trunkline import Done, Trunkline
from tests.faults.disturbed_call import pid_of

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

SYNC = ("telephony", "sync")
QUICKLY = ("doctor", "--no-call")

WAITS = Scenario.model_validate(
    {
        "name": "Stays on the line",
        "dials": "+14155550100",
        "greeting": [{"say": "Hello, how can I help you?"}],
        "turns": [{"wait_seconds": 60}],
    }
)
LATE_WRITES_SECONDS = 3.0
"""After the command: the agent is gone, and has written all that it had to."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laptop(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Laptop]:
    async with running_cloud(tmp_path_factory.mktemp("laptop"), console=True) as laptop:
        yield laptop


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tenant(laptop: Laptop) -> TestTenant:
    return await laptop.tenant()


@pytest_asyncio.fixture(loop_scope="module")
async def trunkline(laptop: Laptop, tenant: TestTenant) -> Trunkline:
    """Against a cloud whose phone side is as it must be."""
    return await set_up(laptop)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def examined(laptop: Laptop, tenant: TestTenant) -> Done:
    """What doctor says of a deployment that is set up, its synthetic call included."""
    return await (await set_up(laptop))("doctor")


async def set_up(laptop: Laptop) -> Trunkline:
    command = Trunkline(laptop.cloud)
    done = await command(*SYNC, "--apply")
    assert done.exit_code == 0, done.errors
    return command


async def test_a_deployment_that_is_set_up_is_well_down_to_an_agent_that_speaks(examined: Done) -> None:
    assert examined.findings == {}, examined.report
    assert examined.exit_code == 0
    well = {each["check"] for each in examined.report["findings"] if each["status"] == "ok"}
    calls = {"worker trunkline", "synthetic call trunkline", "livekit webhook"}
    assert calls | {"firestore indexes", "iam worker", "iam public functions"} <= well


async def test_the_synthetic_call_leaves_no_call_behind(
    laptop: Laptop, tenant: TestTenant, examined: Done
) -> None:
    assert examined.exit_code == 0
    assert await laptop.database.ids(f"tenants/{tenant.tenant_id}/calls") == []


async def test_a_trunk_that_is_gone_is_found_and_made_again(laptop: Laptop, trunkline: Trunkline) -> None:
    livekit = api.LiveKitAPI(laptop.cloud.ports.url("livekit"), LIVEKIT_KEY, LIVEKIT_SECRET)
    [trunk] = (await livekit.sip.list_inbound_trunk(sip.ListSIPInboundTrunkRequest())).items
    await livekit.sip.delete_trunk(sip.DeleteSIPTrunkRequest(sip_trunk_id=trunk.sip_trunk_id))
    await livekit.aclose()
    found = (await trunkline(*QUICKLY)).findings
    assert found["livekit trunk and rule: LiveKit trunk trunkline"] == "trunkline telephony sync --apply"
    plan = await trunkline(*SYNC)
    assert plan.exit_code == 1
    assert [(each["subject"], each["done"]) for each in plan.report["changes"]] == [
        ("LiveKit trunk trunkline", False),
        ("LiveKit dispatch rule trunkline", False),
    ]
    assert (await trunkline(*SYNC, "--apply")).exit_code == 0
    assert (await trunkline(*SYNC)).report["changes"] == []
    assert (await trunkline(*QUICKLY)).findings == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"voice_url": "https://elsewhere.example"},
        {"voice_method": "GET"},
        {"trunk_sid": "TK" + "1" * 32},
    ],
    ids=lambda wrong: next(iter(wrong)),
)
async def test_a_number_that_does_not_lead_here_is_found_and_put_right(
    laptop: Laptop, tenant: TestTenant, trunkline: Trunkline, wrong: dict[str, str]
) -> None:
    url = f"{laptop.cloud.ports.url('twilio')}/_local/numbers/{tenant.number}"
    base = f"{laptop.cloud.ports.url('incoming_call')}/api/v1/voice/twilio"
    right = {
        "voice_url": f"{base}/incoming",
        "voice_fallback_url": f"{base}/fallback",
        "status_callback": f"{base}/status",
    }
    async with aiohttp.ClientSession(raise_for_status=True) as http:
        await http.put(url, json=right | wrong)
    check = f"twilio numbers: Twilio number {tenant.number}"
    assert (await trunkline(*QUICKLY)).findings == {check: "trunkline telephony sync --apply"}
    assert (await trunkline(*SYNC, "--apply")).exit_code == 0
    assert (await trunkline(*QUICKLY)).findings == {}


async def test_a_trunk_of_somebody_else_that_takes_all_calls_is_named_and_left_alone(
    laptop: Laptop, trunkline: Trunkline
) -> None:
    livekit = api.LiveKitAPI(laptop.cloud.ports.url("livekit"), LIVEKIT_KEY, LIVEKIT_SECRET)
    [ours] = (await livekit.sip.list_inbound_trunk(sip.ListSIPInboundTrunkRequest())).items
    await livekit.sip.delete_trunk(sip.DeleteSIPTrunkRequest(sip_trunk_id=ours.sip_trunk_id))
    theirs = sip.SIPInboundTrunkInfo(name="theirs", auth_username="x", auth_password="y")
    made = await livekit.sip.create_inbound_trunk(sip.CreateSIPInboundTrunkRequest(trunk=theirs))
    done = await trunkline(*SYNC, "--apply")
    assert done.exit_code == 1
    [problem] = done.report["problems"]
    assert made.sip_trunk_id in problem["subject"]
    assert "lk sip inbound delete" in problem["fix"]
    [left] = (await livekit.sip.list_inbound_trunk(sip.ListSIPInboundTrunkRequest())).items
    assert left.name == "theirs"
    await livekit.sip.delete_trunk(sip.DeleteSIPTrunkRequest(sip_trunk_id=made.sip_trunk_id))
    await livekit.aclose()


async def test_a_function_that_is_down_is_found(laptop: Laptop, trunkline: Trunkline) -> None:
    worker = pid_of(laptop.cloud, "tools_api")
    os.killpg(worker, signal.SIGSTOP)
    try:
        found = (await trunkline(*QUICKLY)).findings
    finally:
        os.killpg(worker, signal.SIGCONT)
    assert set(found) == {"function tools_api"}
    assert "trunkline-tools-api" in found["function tools_api"]


async def test_a_release_without_a_worker_is_found(laptop: Laptop, trunkline: Trunkline) -> None:
    await trunkline("release", "start", "v2", "--share", "50", "--apply")
    try:
        done = await trunkline("doctor")
    finally:
        await trunkline("release", "rollback", "--apply")
    assert set(done.findings) == {"worker v2"}
    assert 'resource.labels.worker_pool_name="v2"' in done.findings["worker v2"]


async def test_another_password_of_the_trunk_is_a_difference_and_is_never_shown(trunkline: Trunkline) -> None:
    plan = await trunkline(*SYNC, SIP_PASSWORD="another-password")
    [change] = plan.report["changes"]
    assert change["fields"] == {"auth_password": {"before": "set", "after": "as in SIP_PASSWORD"}}
    assert "another-password" not in str(plan)


async def test_a_secret_that_is_nowhere_is_named_with_both_places(trunkline: Trunkline) -> None:
    done = await trunkline(*SYNC, SIP_PASSWORD="")
    assert done.exit_code == 2
    assert done.errors.startswith("trunkline: Secret Manager has no sip-password; make secrets, or export")
    assert len(done.errors.splitlines()) == 1


async def test_a_tenant_is_deleted_with_the_call_that_is_going_on(
    laptop: Laptop, trunkline: Trunkline
) -> None:
    tenant = await laptop.tenant()
    name = tenant.seed.tenants[tenant.tenant_id].name
    talking = asyncio.Event()

    def note(moment: Moment) -> None:
        if moment.name == "answered":
            talking.set()

    call = asyncio.create_task(tenant.player.play(tenant.dialling(WAITS), name="caller", on_moment=note))
    async with asyncio.timeout(60):
        await talking.wait()
    done = await trunkline("tenant", "purge", tenant.tenant_id, "--confirm", name, "--apply")
    assert done.exit_code == 0, done.errors
    async with asyncio.timeout(15):
        await call  # the caller was hung up
    await asyncio.sleep(LATE_WRITES_SECONDS)
    assert await everything_below(laptop, f"tenants/{tenant.tenant_id}") == []
    assert await laptop.database.get(f"tenants/{tenant.tenant_id}") is None
    assert await laptop.database.get(f"phone_numbers/{tenant.number}") is None


async def everything_below(laptop: Laptop, path: str) -> list[str]:
    found: list[str] = []
    client = laptop.database._client
    async for collection in client.document(path).collections():
        async for document in collection.list_documents():
            found += [document.path, *await everything_below(laptop, document.path)]
    return found
