"""The reconciler against the stand-ins: what it finds, what it leaves alone; by default it only looks."""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.errors import ConfigurationError, NotFoundError, UnavailableError
from shared.gateways.firestore import Put
from shared.gateways.oauth import OAuthGateway
from shared.gateways.secret_manager import SecretManagerGateway, StoredVersion
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, ConnectionState, ToolAddress
from shared.models.base import utc_now
from shared.repositories.agent_tools import AgentToolRepository, Decision
from shared.services import secret_reconciler
from shared.services.connections import ConnectionService
from shared.services.secret_reconciler import (
    SECRET_GONE,
    SECRETS_A_RUN,
    TENANTS_AT_ONCE,
    Finding,
    SecretReconciler,
)
from shared.services.secret_store import ToolSecretStore
from shared.services.token_renewal import TokenRenewal
from tests.connect_stack import AGENT, TENANT, Stack, running_stack
from tests.contract.google_stand_in import PROJECT, acting_as

pytestmark = pytest.mark.contract

EMAIL_TOOL = ToolAddress(TENANT, AGENT, "send_email")
FIELD = "secret_access_key"


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack]:
    async with running_stack(tmp_path) as started:
        yield started


def reconciler(stack: Stack, at: datetime | None = None) -> SecretReconciler:
    """Its clock stands at `at`; None: an hour from now."""
    renewal, now = stack.desk.reconciler._renewal, at or utc_now() + timedelta(hours=1)
    return SecretReconciler(stack.database, store(stack), stack.desk.revocations, renewal, now=lambda: now)


def store(stack: Stack) -> ToolSecretStore:
    return ToolSecretStore(stack.desk.secrets)


async def name_in_document(stack: Stack, version: str) -> None:
    def decide(tool: AgentTool) -> Decision:
        return tool.model_copy(update={"sensitive_config": {FIELD: version}}), []

    await AgentToolRepository(stack.database).change(TENANT, AGENT, "send_email", decide, create=True)


async def test_nothing_is_found_where_all_is_well(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
        await browser.connect(provider="crm")
    await name_in_document(stack, await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("k")))

    assert await reconciler(stack).run(apply=True) == []


async def test_looking_changes_nothing(stack: Stack) -> None:
    await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("left over"))
    before = await stack.stored()

    found = await reconciler(stack).run()

    assert [one.finding for one in found] == [Finding.UNNAMED_VERSION, Finding.EMPTY_SECRET]
    assert await stack.stored() == before


async def test_what_no_document_names_is_destroyed_and_what_one_names_stays(stack: Stack) -> None:
    left_over = await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("left over"))
    named = await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("in use"))
    await name_in_document(stack, named)

    found = await reconciler(stack).run(apply=True)

    assert [(one.finding, one.subject) for one in found] == [(Finding.UNNAMED_VERSION, left_over)]
    assert (await stack.stored())[1] == [named]


async def test_a_value_that_was_just_stored_is_left_alone(stack: Stack) -> None:
    await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("about to be named"))

    assert await reconciler(stack, utc_now() + timedelta(minutes=10)).run(apply=True) == []


async def test_a_value_that_is_stored_while_it_cleans_up_stays(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The secret had nothing in it that a document names, and was about to be deleted."""
    await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("left over"))
    cleans = reconciler(stack)
    destroy, new = cleans._store.destroy, list[str]()

    async def meanwhile(version: str) -> None:
        await destroy(version)
        new.append(await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("new")))

    monkeypatch.setattr(cleans._store, "destroy", meanwhile)
    await cleans.run(apply=True)

    assert (await stack.stored())[1] == new


async def test_a_token_that_is_being_renewed_is_left_to_who_does_it(stack: Stack) -> None:
    connection = await stack.connected_crm()
    await ConnectionService(stack.database).begin_renewal(connection, "a worker", timedelta(hours=2))

    assert await reconciler(stack).run() == []


async def test_a_document_whose_secret_is_gone_says_so(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
    version = await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("k"))
    await name_in_document(stack, version)
    for secret_id in await store(stack).ids(TENANT):
        await store(stack).delete(secret_id)

    found = await reconciler(stack).run(apply=True)

    assert [one.finding for one in found] == [Finding.GONE, Finding.GONE]
    calendar, email = await stack.tool(), await stack.tool("send_email")
    assert calendar is not None
    assert calendar.connection is not None
    assert email is not None
    assert (calendar.connection.state, calendar.connection.reason) == (
        ConnectionState.DISCONNECTED,
        SECRET_GONE,
    )
    assert REFRESH_TOKEN not in calendar.sensitive_config
    assert email.sensitive_config == {}


async def test_what_is_replaced_while_it_looks_is_not_gone(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Versions are listed first. A token that was rotated before the documents were read was in none of the
    lists: its tool was disconnected, and one whose key was replaced lost it."""
    async with stack.browser() as browser:
        await browser.connect()
        await name_in_document(stack, await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("old")))
        looks = reconciler(stack)
        list_tenants = looks._tenants.list_ids

        async def meanwhile() -> list[str]:
            await browser.connect()
            await name_in_document(stack, await store(stack).put(EMAIL_TOOL, FIELD, SecretStr("new")))
            return await list_tenants()

        monkeypatch.setattr(looks._tenants, "list_ids", meanwhile)
        found = await looks.run()

    assert Finding.GONE not in {one.finding for one in found}


async def test_secrets_of_an_agent_that_is_gone_are_left_over(stack: Stack) -> None:
    async with stack.browser() as browser:
        await browser.connect()
    await stack.database.remove(f"tenants/{TENANT}/agents/{AGENT}", lambda _: [])

    await reconciler(stack).run(apply=True)

    assert (await stack.stored())[1] == []


async def test_of_many_secrets_each_hour_is_the_turn_of_others(stack: Stack) -> None:
    """Secret Manager answers 600 reads a minute: where there were more secrets, every run broke off."""
    left_over = {
        await store(stack).put(ToolAddress(TENANT, f"agent-{number}", "send_email"), FIELD, SecretStr("k"))
        for number in range(3)
    }
    async with stack.browser() as browser:
        await browser.connect()

    now = utc_now()
    runs = [await reconciler(stack, now + timedelta(hours=hour)).run(most=2) for hour in (1, 2)]

    unnamed = [{one.subject for one in found if one.finding is Finding.UNNAMED_VERSION} for found in runs]
    assert unnamed[0] | unnamed[1] == left_over
    assert sorted(map(len, unnamed)) == [1, 2], "the fourth secret is the connection's"
    assert {one.finding for found in runs for one in found} == {
        Finding.UNNAMED_VERSION,
        Finding.EMPTY_SECRET,
    }


async def test_secret_manager_is_asked_no_faster_than_it_answers(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By hand all secrets are looked at, and there may be more than it answers in a minute: it broke off."""
    monkeypatch.setattr(secret_reconciler, "TOLD_EVERY", 20)
    secrets, time = store(stack), 0.0

    async def never(secret_id: str) -> list[StoredVersion]:
        asked.append(time)
        return []

    async def many() -> list[str]:
        return [f"trunkline-{number}" for number in range(720)]

    async def sleep(seconds: float) -> None:
        nonlocal time
        time += seconds

    monkeypatch.setattr(secrets, "versions", never)
    monkeypatch.setattr(secrets, "all_ids", many)
    renewal = stack.desk.reconciler._renewal
    paced = SecretReconciler(stack.database, secrets, stack.desk.revocations, renewal, sleep=sleep)
    asked: list[float] = []
    told: list[tuple[int, int]] = []

    assert await paced.run(tell=lambda *how_many: told.append(how_many)) == []

    busiest = max(sum(began <= each < began + 60 for each in asked) for began in asked)
    assert len(asked) == 720
    assert busiest <= 450, "the others who ask need some of the 600 a minute"
    assert told == [(number, 720) for number in range(20, 721, 20)]
    scheduled = [*asked]
    asked.clear()
    time = 0.0
    await paced.run(most=SECRETS_A_RUN)
    assert len(asked) <= SECRETS_A_RUN < len(scheduled)
    assert time < 60, "Cloud Scheduler waits five minutes, for two such looks and what they find"


async def test_documents_of_many_tenants_are_all_looked_at(stack: Stack) -> None:
    named: list[str] = []
    for number in range(TENANTS_AT_ONCE + 3):
        address = ToolAddress(f"tenant-{number}", "a", "send_email")
        named.append(await store(stack).put(address, FIELD, SecretStr("k")))
        tool = AgentTool(slug="send_email", sensitive_config={FIELD: named[-1]})
        agent = f"tenants/{address.tenant_id}/agents/a"
        documents = {f"tenants/{address.tenant_id}": {"name": "T"}, agent: {"name": "A"}}
        await stack.database.commit([Put(path, fields) for path, fields in documents.items()])
        await stack.database.commit([Put(f"{agent}/agent_tools/send_email", tool.to_firestore())])

    assert await reconciler(stack).run(apply=True) == []
    assert sorted((await stack.stored())[1]) == sorted(named)


async def test_other_peoples_secrets_in_the_project_are_none_of_its_business(stack: Stack) -> None:
    await stack.desk.secrets.create_secret("terraform-state-key", {})
    await stack.desk.secrets.add_version("terraform-state-key", SecretStr("x"))

    assert await reconciler(stack).run(apply=True) == []


async def test_it_refuses_to_destroy_nearly_everything(stack: Stack) -> None:
    for number in range(21):
        await store(stack).put(ToolAddress(TENANT, f"agent-{number}", "send_email"), FIELD, SecretStr("k"))

    with pytest.raises(ConfigurationError, match="21 of 21"):
        await reconciler(stack).run(apply=True)
    assert len((await stack.stored())[1]) == 21


async def test_the_worker_may_rotate_but_not_destroy(stack: Stack, tmp_path: Path) -> None:
    ref = await stack.connected_crm()
    with acting_as("worker", stack.google, tmp_path / "google") as cloud:
        secrets = SecretManagerGateway(PROJECT, cloud["SECRET_MANAGER_ENDPOINT"])
        providers = {"crm": OAuthGateway(stack.crm.provider())}

        token = await TokenRenewal(secrets, providers, ConnectionService(stack.database)).renew(ref)
        with pytest.raises(UnavailableError, match=r"versions\.destroy"):
            await secrets.destroy_version(ref.refresh_token_version)
        await secrets.aclose()

    assert token.value.get_secret_value().startswith("crm-access-")
    assert len(stack.crm.tokens) == 1


async def test_forms_replace_a_secret_that_they_cannot_read(stack: Stack, tmp_path: Path) -> None:
    with acting_as("tools-api", stack.google, tmp_path / "google") as cloud:
        secrets = SecretManagerGateway(PROJECT, cloud["SECRET_MANAGER_ENDPOINT"])
        named: list[str | None] = [None]

        async def pin(version: str) -> str | None:
            named.append(version)
            return named[-2]

        for value in ("first", "second"):
            version = await ToolSecretStore(secrets).replace(EMAIL_TOOL, FIELD, SecretStr(value), pin)
        with pytest.raises(UnavailableError, match=r"versions\.access"):
            await secrets.access(version)
        await secrets.aclose()

    assert (await stack.stored())[1] == [version]


async def test_a_refused_document_leaves_no_value_behind(stack: Stack) -> None:
    async def pin(version: str) -> str | None:
        raise NotFoundError(f"no document for {version}")

    with pytest.raises(NotFoundError):
        await store(stack).replace(EMAIL_TOOL, FIELD, SecretStr("nobody's"), pin)

    assert (await stack.stored())[1] == []
