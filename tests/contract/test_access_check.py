"""Doctor looks at who may do what, with Google's client library, on good policies and on spoilt ones."""

from collections.abc import Callable
from pathlib import Path

import aiohttp
import pytest

from local.environment import Environment, Ports
from local.google.access_control import AccessControl
from local.google.iam import DEFAULT_POLICY, PUBLIC, READERS, Policy
from operations.checks.access import check_access
from operations.checks.finding import Finding
from operations.deployment import Deployment
from operations.operator import Operator
from tests.contract.google_stand_in import PROJECT, acting_as, certificates, stand_in

pytestmark = pytest.mark.contract

ADDRESS = "serviceAccount:{}@trunkline-test.iam.gserviceaccount.com"


def deployment(folder: Path) -> Deployment:
    """The laptop's, in the project of these tests."""
    laptop = Environment(Ports.choose(), folder, certificates()).deployment()
    accounts = {
        part: f"{part.replace('_', '-')}@{PROJECT}.iam.gserviceaccount.com" for part in laptop["permissions"]
    }
    return Deployment.model_validate(laptop | {"project_id": PROJECT, "service_accounts": accounts})


async def found(
    folder: Path,
    policy: Policy | None = None,
    spoil: Callable[[AccessControl], object] = lambda _: None,
    part: str = "owner",
) -> list[Finding]:
    async with stand_in(folder, policy=policy or Policy()) as google:
        spoil(google.access_control)
        with acting_as(part, google, folder) as env:
            async with Operator.open(deployment(folder), env) as operator:
                return await check_access(operator)


async def bad(
    folder: Path, policy: Policy | None = None, spoil: Callable[[AccessControl], object] = lambda _: None
) -> Finding:
    """The only thing that is wrong."""
    [finding] = [each for each in await found(folder, policy, spoil) if each.status == "failed"]
    return finding


def granting(part: str, *more: str, without: frozenset[str] = frozenset()) -> Policy:
    return Policy({**DEFAULT_POLICY, part: (DEFAULT_POLICY[part] | set(more)) - without})


async def test_what_terraform_grants_is_well(tmp_path: Path) -> None:
    assert [(each.check, each.status) for each in await found(tmp_path)] == [
        ("iam incoming_call", "ok"),
        ("iam worker", "ok"),
        ("iam oauth", "ok"),
        ("iam tools_api", "ok"),
        ("iam secrets", "ok"),
        ("iam public functions", "ok"),
        ("iam inherited", "skipped"),
    ]


async def test_a_worker_that_may_not_read_what_calls_need_is_found(tmp_path: Path) -> None:
    lacking = frozenset({"secretmanager.versions.access"})
    finding = await bad(tmp_path, granting("worker", without=lacking))
    assert (finding.check, finding.fix) == ("iam worker", "make deploy")
    assert finding.detail == "may not secretmanager.versions.access"


async def test_a_part_without_the_database_is_found(tmp_path: Path) -> None:
    lacking = frozenset({"datastore.entities.get"})
    finding = await bad(tmp_path, granting("tools-api", without=lacking))
    assert finding.check == "iam tools_api"
    assert finding.detail.startswith("may not datastore.databases.get, datastore.entities.create, ")


@pytest.mark.parametrize(
    ("part", "permission"),
    [
        ("worker", "secretmanager.versions.destroy"),
        ("tools-api", "secretmanager.versions.access"),
        ("incoming-call", "secretmanager.versions.access"),
    ],
)
async def test_a_right_to_secrets_that_a_part_must_not_have_is_found_with_the_role_it_comes_by(
    tmp_path: Path, part: str, permission: str
) -> None:
    finding = await bad(tmp_path, granting(part, permission))
    name = part.replace("-", "_")
    role = f"projects/{PROJECT}/roles/trunkline.{name}.secrets"
    assert (finding.check, finding.detail) == (f"iam {name}", f"{role} also lets it {permission}")
    assert f"--member={ADDRESS.format(part)} --role={role} --all, then: make deploy" in finding.fix


def unconditional(control: AccessControl) -> None:
    for binding in control.bindings:
        if binding["role"].endswith(".worker.secrets"):
            del binding["condition"]


def widened(control: AccessControl) -> None:
    for binding in control.bindings:
        if binding["role"].endswith(".worker.secrets"):
            binding["condition"]["expression"] += ' || resource.name != ""'


@pytest.mark.parametrize("spoil", [unconditional, widened])
async def test_a_grant_that_is_not_bound_to_tenants_secrets_is_found(
    tmp_path: Path, spoil: Callable[[AccessControl], None]
) -> None:
    finding = await bad(tmp_path, spoil=spoil)
    assert finding.check == "iam worker"
    assert finding.detail.endswith("is not bound to the secrets of tenants")


async def test_an_account_that_is_disabled_or_gone_is_found(tmp_path: Path) -> None:
    finding = await bad(tmp_path, spoil=lambda control: control.disabled.add("oauth"))
    assert finding.fix == f"gcloud iam service-accounts enable oauth@{PROJECT}.iam.gserviceaccount.com"
    others = {part: granted for part, granted in DEFAULT_POLICY.items() if part != "oauth"}
    finding = await bad(tmp_path, Policy(others))
    assert finding.detail == f"oauth@{PROJECT}.iam.gserviceaccount.com does not exist"


async def test_a_function_that_is_closed_to_its_callers_is_found(tmp_path: Path) -> None:
    finding = await bad(tmp_path, Policy(public=PUBLIC - {"trunkline-incoming-call"}))
    assert finding.detail == "Cloud Run lets nobody call trunkline-incoming-call"


async def test_another_service_of_ours_that_is_open_to_everybody_is_found(tmp_path: Path) -> None:
    finding = await bad(tmp_path, Policy(public=PUBLIC | {"trunkline-debug", "somebody-elses"}))
    assert finding.detail == "trunkline-debug is open to everybody"
    assert "remove-iam-policy-binding trunkline-debug --region=us-central1 --member=allUsers" in finding.fix


async def test_who_reads_a_secret_of_the_deployment_is_who_mounts_it(tmp_path: Path) -> None:
    token = "twilio-auth-token"
    finding = await bad(tmp_path, Policy(readers={**READERS, token: frozenset({"incoming-call"})}))
    assert finding.check == f"iam secret {token}"
    assert finding.detail.startswith(f"{ADDRESS.format('tools-api')} may not read it")
    finding = await bad(tmp_path, Policy(readers={**READERS, token: READERS[token] | {"worker"}}))
    assert finding.detail == f"roles/secretmanager.secretAccessor lets {ADDRESS.format('worker')} at it"
    finding = await bad(
        tmp_path, Policy(readers={id_: parts for id_, parts in READERS.items() if id_ != token})
    )
    assert finding.detail == "does not exist"


async def test_an_operator_who_may_not_look_is_told_what_it_takes(tmp_path: Path) -> None:
    [finding] = await found(tmp_path, part="worker")
    assert (finding.check, finding.status) == ("iam", "failed")
    assert "getIamPolicy" in finding.detail
    assert "roles/iam.securityReviewer" in finding.fix


async def test_a_deployment_file_from_before_is_told_from_a_good_one(tmp_path: Path) -> None:
    before = deployment(tmp_path).model_copy(update={"permissions": {}})
    async with Operator.open(before, {}) as operator:
        [finding] = await check_access(operator)
    assert finding.status == "skipped"
    assert "terraform output -json deployment" in finding.detail


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", f"/v1/projects/{PROJECT}/roles", 501),
        ("POST", f"/v3/projects/{PROJECT}:setIamPolicy", 501),
        ("POST", f"/v3/projects/{PROJECT}:testIamPermissions", 501),
        ("GET", f"/v1/projects/{PROJECT}/roles/trunkline.documents", 401),
    ],
)
async def test_what_is_not_used_is_unimplemented_and_strangers_get_nothing(
    tmp_path: Path, verb: str, path: str, status: int
) -> None:
    async with (
        stand_in(tmp_path) as google,
        aiohttp.ClientSession() as http,
        http.request(verb, google.url + path) as answer,
    ):
        assert answer.status == status
