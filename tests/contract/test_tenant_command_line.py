"""The trunkline command as an operator gives it for tenants: dry run, applied, again with nothing left to do.

Below the command line these are tested in test_tenant_commands.py and test_secret_reconciler.py.
"""

import stat
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic import SecretStr

from shared.errors import NotFoundError
from shared.models.agent_tool import ToolAddress
from shared.models.member import Role
from shared.services.identity import User
from shared.services.secret_store import ToolSecretStore
from shared.services.stored_grant import StoredGrant
from shared.services.team_service import TeamService
from tests.connect_stack import AGENT, DASHBOARD, TENANT
from tests.contract.command_line import CommandLine, changes, command_line
from tests.contract.tenant_world import EDGE, NUMBER, furnish, under

pytestmark = [pytest.mark.contract, pytest.mark.timeout(240)]

OWNER = "Owner@harbor.example"
CREATE = ("tenant", "create", "harbor-dental", "--name", "Harbor Dental", "--owner", OWNER)


@pytest.fixture
async def trunkline(tmp_path: Path) -> AsyncGenerator[CommandLine]:
    async with command_line(tmp_path) as trunkline:
        yield trunkline


async def test_a_tenant_is_made_once_and_its_owner_can_accept(trunkline: CommandLine) -> None:
    planned = ("tenant harbor-dental", f"invitation for {OWNER}")
    dry = await trunkline(*CREATE)
    assert (dry.exit_code, dry.report["applied"]) == (1, False)
    assert changes(dry) == [(each, "create", False) for each in planned]
    assert await trunkline.tenant() is None
    assert list(trunkline.folder.iterdir()) == []

    made = await trunkline.program(*CREATE, "--apply")
    assert (made.exit_code, made.errors) == (0, "")
    assert changes(made) == [(each, "create", True) for each in planned]
    kept = trunkline.folder / "invitation.txt"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    page, _, invitation = kept.read_text().strip().partition("?token=")
    assert page == f"{DASHBOARD}/invitation/"
    assert invitation not in str(made.report)

    documents = await under(trunkline.world, "tenants/harbor-dental")
    for again in (await trunkline(*CREATE), await trunkline(*CREATE, "--apply")):
        assert (again.exit_code, again.report["changes"]) == (0, [])
    assert await under(trunkline.world, "tenants/harbor-dental") == documents
    assert kept.read_text().strip().endswith(invitation)

    person = User("u1", "https://issuer.example", "olga", OWNER.lower())
    teams = TeamService(trunkline.world.stack.database)
    tenant_id, tenant, member = await teams.accept_invitation(person, invitation)
    assert (tenant_id, tenant.name, member.role) == ("harbor-dental", "Harbor Dental", Role.OWNER)
    assert (await trunkline(*CREATE)).report["changes"] == []


async def test_where_no_dashboard_is_hosted_the_owner_gets_a_token(
    trunkline: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DASHBOARD_ORIGIN")
    await trunkline(*CREATE, "--apply")
    token = (trunkline.folder / "invitation.txt").read_text().strip()
    person = User("u1", "https://issuer.example", "olga", OWNER.lower())
    await TeamService(trunkline.world.stack.database).accept_invitation(person, token)
    assert (await trunkline(*LIST)).report["invitations"] == []


async def test_a_tenant_without_an_owner_gets_an_invitation_when_it_is_made_again(
    trunkline: CommandLine,
) -> None:
    """As after a command that died between the two."""
    await trunkline(*CREATE, "--apply")
    for path in await under(trunkline.world, "tenants/harbor-dental"):
        if "/invitations/" in path:
            await trunkline.world.stack.database.remove(path, lambda _: [])
    again = await trunkline(*CREATE, "--apply", "--invitation", "second.txt")
    assert changes(again) == [(f"invitation for {OWNER}", "create", True)]
    assert (trunkline.folder / "second.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("--owner", "nobody"), "'nobody' is no e-mail address"),
        (("--name", " "), "a tenant needs a name"),
        (("--invitation", "no/such/folder.txt"), "no/such/folder.txt: No such file or directory"),
        (("--invitation", "theirs.txt"), "theirs.txt: File exists"),
    ],
)
async def test_a_mistake_is_one_line_and_makes_nothing(
    trunkline: CommandLine, arguments: tuple[str, str], complaint: str
) -> None:
    (trunkline.folder / "theirs.txt").write_text("another tenant's")
    done = await trunkline(*CREATE, *arguments, "--apply")
    assert (done.exit_code, done.report) == (2, None)
    assert done.errors.startswith("trunkline: ")
    assert complaint in done.errors
    assert "\n" not in done.errors
    assert await trunkline.tenant() is None
    assert (trunkline.folder / "theirs.txt").read_text() == "another tenant's"


INVITE = ("tenant", "invitation", "create", "harbor-dental", "--owner", OWNER)
REVOKE = ("tenant", "invitation", "revoke", "harbor-dental", "--owner", OWNER)
LIST = ("tenant", "invitation", "list", "harbor-dental")


def token_in(file: Path) -> str:
    return file.read_text().strip().partition("?token=")[2]


async def audited(trunkline: CommandLine) -> list[str]:
    """What an operator did with invitations, in order."""
    entries = [
        await trunkline.world.stack.database.get(path) or {}
        for path in await under(trunkline.world, "tenants/harbor-dental")
        if "/audit/" in path
    ]
    assert {entry["actor"]["name"] for entry in entries if entry["actor"]["kind"] == "operator"} == {"Op"}
    entries.sort(key=lambda entry: entry["at"])
    return [entry["action"] for entry in entries if entry["action"].startswith("invitation.")]


async def test_a_lost_invitation_is_made_anew_and_the_lost_one_opens_nothing(trunkline: CommandLine) -> None:
    await trunkline(*CREATE, "--apply")
    lost = token_in(trunkline.folder / "invitation.txt")
    [listed] = (await trunkline(*LIST)).report["invitations"]
    assert (listed["email"], listed["created_by"], listed["expired"]) == (OWNER.lower(), "Op", False)

    documents = await under(trunkline.world, "tenants/harbor-dental")
    dry = await trunkline(*INVITE)
    assert (dry.exit_code, dry.report["applied"]) == (1, False)
    assert [(action, done) for _, action, done in changes(dry)] == [("create", False), ("delete", False)]
    assert await under(trunkline.world, "tenants/harbor-dental") == documents

    taken = await trunkline(*INVITE, "--apply")
    assert (taken.exit_code, taken.report) == (2, None), "the lost one's file is there: it is not overwritten"
    assert await under(trunkline.world, "tenants/harbor-dental") == documents

    done = await trunkline.program(*INVITE, "--invitation", "second.txt", "--apply")
    assert (done.exit_code, done.errors) == (0, "")
    assert [(action, each_done) for _, action, each_done in changes(done)] == [
        ("create", True),
        ("delete", True),
    ]
    anew = token_in(trunkline.folder / "second.txt")
    assert anew not in str(done.report)
    assert len((await trunkline(*LIST)).report["invitations"]) == 1

    person = User("u1", "https://issuer.example", "olga", OWNER.lower())
    teams = TeamService(trunkline.world.stack.database)
    with pytest.raises(NotFoundError):
        await teams.accept_invitation(person, lost)
    _, _, member = await teams.accept_invitation(person, anew)
    assert member.role is Role.OWNER
    assert await audited(trunkline) == ["invitation.created", "invitation.created", "invitation.revoked"]


async def test_an_invitation_to_the_wrong_address_is_taken_back(trunkline: CommandLine) -> None:
    await trunkline(*CREATE, "--apply")
    dry = await trunkline(*REVOKE)
    assert (dry.exit_code, [action for _, action, _ in changes(dry)]) == (1, ["delete"])
    assert len((await trunkline(*LIST)).report["invitations"]) == 1

    done = await trunkline.program(*REVOKE, "--apply")
    assert (done.exit_code, [each_done for *_, each_done in changes(done)]) == (0, [True])
    assert (await trunkline(*LIST)).report["invitations"] == []
    for again in (await trunkline(*REVOKE), await trunkline(*REVOKE, "--apply")):
        assert (again.exit_code, again.report["changes"]) == (0, [])
    assert await audited(trunkline) == ["invitation.created", "invitation.revoked"]

    right = ("--owner", "olga@harbor.example", "--invitation", "right.txt")
    assert changes(await trunkline(*CREATE, *right, "--apply")) == [
        ("invitation for olga@harbor.example", "create", True)
    ]


@pytest.mark.parametrize(
    ("arguments", "exit_code", "complaint"),
    [
        (("create", "nowhere", "--owner", OWNER), 1, "no tenant nowhere: trunkline tenant create nowhere"),
        (("revoke", "nowhere", "--owner", OWNER), 1, "no tenant nowhere: trunkline tenant create nowhere"),
        (("create", "harbor-dental", "--owner", "olga"), 2, "'olga' is no e-mail address"),
        (("list", "harbor/dental"), 2, "'harbor/dental' cannot be a tenant's id"),
    ],
)
async def test_a_mistake_about_an_invitation_is_one_line(
    trunkline: CommandLine, arguments: tuple[str, ...], exit_code: int, complaint: str
) -> None:
    apply = ("--apply",) if "--owner" in arguments else ()
    done = await trunkline("tenant", "invitation", *arguments, *apply)
    assert (done.exit_code, done.report) == (exit_code, None)
    assert done.errors.startswith(f"trunkline: {complaint}")
    assert "\n" not in done.errors
    assert list(trunkline.folder.iterdir()) == []


async def test_a_seeded_tenant_has_an_agent_and_keeps_its_name(trunkline: CommandLine) -> None:
    seed = ("tenant", "seed", "harbor-dental")
    early = await trunkline(*seed)
    assert early.exit_code == 1
    assert "trunkline tenant create harbor-dental" in early.errors
    await trunkline(*CREATE, "--apply")

    dry = await trunkline(*seed)
    assert (dry.exit_code, changes(dry)) == (1, [("agent front-desk", "create", False)])
    agent = "tenants/harbor-dental/agents/front-desk"
    assert await trunkline.world.stack.database.get(agent) is None

    done = await trunkline.program(*seed, "--apply")
    assert (done.exit_code, changes(done)) == (0, [("agent front-desk", "create", True)])
    first = await trunkline.world.stack.database.get(agent)
    assert first is not None
    assert await trunkline.world.stack.database.get(f"{agent}/agent_tools/end_call") is not None
    tenant = await trunkline.tenant()
    assert tenant is not None
    assert tenant["name"] == "Harbor Dental"

    for again in (await trunkline(*seed), await trunkline(*seed, "--apply")):
        assert (again.exit_code, again.report["changes"]) == (0, [])
    assert await trunkline.world.stack.database.get(agent) == first


NUMBER_OF = ("harbor-dental", "front-desk")


async def test_a_tenants_first_number_is_attached_and_given_back(trunkline: CommandLine) -> None:
    await trunkline(*CREATE, "--apply")
    await trunkline("tenant", "seed", "harbor-dental", "--apply")
    twilio = await trunkline.world.operator.twilio()
    path, attach = f"phone_numbers/{NUMBER}", ("telephony", "attach", NUMBER, *NUMBER_OF)
    former = await twilio.find_number(NUMBER)

    dry = await trunkline(*attach)
    assert (dry.exit_code, changes(dry)) == (1, [(f"number {NUMBER}", "create", False)])
    assert set(dry.report["changes"][0]["fields"]) == {"agent", "voice_url"}
    assert await trunkline.world.stack.database.get(path) is None
    assert await twilio.find_number(NUMBER) == former

    done = await trunkline.program(*attach, "--apply")
    assert (done.exit_code, changes(done)) == (0, [(f"number {NUMBER}", "create", True)])
    document, routed = await trunkline.world.stack.database.get(path), await twilio.find_number(NUMBER)
    assert document is not None
    assert (document["tenant_id"], document["agent_id"]) == NUMBER_OF
    assert routed is not None
    assert routed.routing.voice_url == f"{EDGE}/api/v1/voice/twilio/incoming"
    for again in (await trunkline(*attach), await trunkline(*attach, "--apply")):
        assert (again.exit_code, again.report["changes"]) == (0, [])

    detach = ("telephony", "detach", NUMBER, "harbor-dental")
    dry = await trunkline(*detach)
    assert (dry.exit_code, changes(dry)) == (1, [(f"number {NUMBER}", "delete", False)])
    assert (await trunkline.program(*detach, "--apply")).exit_code == 0
    assert await trunkline.world.stack.database.get(path) is None
    assert await twilio.find_number(NUMBER) == former
    assert (await trunkline(*detach, "--apply")).report["changes"] == []
    audit = [
        entry["action"]
        for document in await under(trunkline.world, "tenants/harbor-dental")
        if "/audit/" in document and (entry := await trunkline.world.stack.database.get(document))
    ]
    assert {"number.attached", "number.detached"} <= set(audit)


@pytest.mark.parametrize(
    ("arguments", "exit_code", "complaint"),
    [
        (("+1415", *NUMBER_OF), 2, "'+1415' is no telephone number"),
        ((NUMBER, "harbor-dental", "nobody"), 1, "no agent nobody of tenant harbor-dental"),
        (("+14155550299", *NUMBER_OF), 1, "the account does not own +14155550299"),
    ],
)
async def test_a_mistake_about_a_number_attaches_nothing(
    trunkline: CommandLine, arguments: tuple[str, ...], exit_code: int, complaint: str
) -> None:
    await trunkline(*CREATE, "--apply")
    await trunkline("tenant", "seed", "harbor-dental", "--apply")
    done = await trunkline("telephony", "attach", *arguments, "--apply")
    assert (done.exit_code, done.report) == (exit_code, None)
    assert done.errors.startswith(f"trunkline: {complaint}")
    assert await trunkline.world.stack.database.query("phone_numbers") == []


async def test_a_number_of_one_tenant_is_not_taken_for_another(trunkline: CommandLine) -> None:
    await furnish(trunkline.world)
    await trunkline(*CREATE, "--apply")
    await trunkline("tenant", "seed", "harbor-dental", "--apply")
    done = await trunkline("telephony", "attach", NUMBER, *NUMBER_OF, "--apply")
    assert (done.exit_code, done.errors) == (1, f"trunkline: {NUMBER} is not of tenant harbor-dental")
    document = await trunkline.world.stack.database.get(f"phone_numbers/{NUMBER}")
    assert document is not None
    assert document["tenant_id"] == TENANT


async def test_an_exported_tenant_is_imported_and_holds_no_secret(trunkline: CommandLine) -> None:
    """To standard output as YAML, as an operator keeps it."""
    await furnish(trunkline.world)
    exported = await trunkline.text("tenant", "export", TENANT)
    (trunkline.folder / "tenant.yaml").write_text(exported)
    secrets = trunkline.world.stack.desk.secrets
    _, versions = await trunkline.world.stack.stored()
    tokens = [
        StoredGrant.opened(await secrets.access(version)).refresh_token.get_secret_value()
        for version in versions
    ]
    assert tokens
    assert not any(token in exported for token in tokens)
    assert "/secrets/" not in exported
    done = await trunkline("tenant", "import", TENANT, "tenant.yaml", "--apply")
    assert (done.exit_code, done.report["changes"], done.report["notes"]) == (0, [], [])


async def test_a_tenant_is_deleted_only_when_it_is_called_by_its_name(trunkline: CommandLine) -> None:
    await trunkline(*CREATE, "--apply")
    documents = await under(trunkline.world, "tenants/harbor-dental")
    purge = ("tenant", "purge", "harbor-dental")
    dry = await trunkline(*purge)
    assert (dry.exit_code, dry.report["applied"], dry.report["steps"]) == (1, False, [])
    unnamed = await trunkline(*purge, "--apply")
    assert (unnamed.exit_code, unnamed.report) == (2, None)
    assert "--confirm 'Harbor Dental'" in unnamed.errors
    misnamed = await trunkline(*purge, "--confirm", "Harbour Dental", "--apply")
    assert (misnamed.exit_code, misnamed.report) == (1, None)
    assert await under(trunkline.world, "tenants/harbor-dental") == documents

    done = await trunkline.program(*purge, "--confirm", "Harbor Dental", "--apply")
    assert (done.exit_code, done.report["applied"]) == (0, True)
    assert done.report["steps"][-1] == {"what": "tenant", "count": 1}
    assert await trunkline.tenant() is None
    assert await under(trunkline.world, "tenants/harbor-dental") == []
    again = await trunkline(*purge, "--confirm", "Harbor Dental", "--apply")
    assert (again.exit_code, again.errors) == (1, "trunkline: no tenant harbor-dental")


async def test_left_over_secrets_are_told_then_destroyed_then_gone(trunkline: CommandLine) -> None:
    stack = trunkline.world.stack
    async with stack.browser() as browser:
        await browser.connect()
    _, connected = await stack.stored()
    store = ToolSecretStore(stack.desk.secrets)
    left_over = await store.put(ToolAddress(TENANT, AGENT, "send_email"), "secret_access_key", SecretStr("k"))

    dry = await trunkline("secrets", "reconcile")
    assert (dry.exit_code, dry.report["applied"]) == (1, False)
    assert left_over in [each["subject"] for each in dry.report["found"]]
    assert set((await stack.stored())[1]) == {*connected, left_over}

    done = await trunkline.program("secrets", "reconcile", "--apply")
    assert done.exit_code == 0, done.errors
    assert left_over in [each["subject"] for each in done.report["found"]]
    assert (await stack.stored())[1] == connected
    for again in (
        await trunkline("secrets", "reconcile"),
        await trunkline("secrets", "reconcile", "--apply"),
    ):
        assert (again.exit_code, again.report["found"]) == (0, [])
    assert (await stack.stored())[1] == connected
