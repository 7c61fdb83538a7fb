"""Both examples as they would stand in the cloud: what must hold in every deployment's whole state."""

import json
from typing import Any

import pytest

from functions.incoming_call.settings import EdgeSettings
from functions.oauth.settings import ConnectSettings
from functions.tools_api.settings import ApiSettings
from local.google.iam import DEFAULT_POLICY, DOCUMENTS, READERS
from shared.services.secret_names import PREFIX
from shared.settings import Settings
from tests.infra.terraform import SOURCE, Terraform, resources
from worker.settings import WorkerSettings

pytestmark = [pytest.mark.infra, pytest.mark.timeout(600)]

EXAMPLES = sorted(folder.name for folder in (SOURCE / "examples").iterdir())
SETTINGS: dict[str, type[Settings]] = {
    "incoming_call": EdgeSettings,
    "oauth": ConnectSettings,
    "tools_api": ApiSettings,
}
State = dict[str, Any]


@pytest.fixture(scope="module")
def terraform(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    terraform = Terraform.on_copy(tmp_path_factory.mktemp("deployment"))
    terraform.initialise()
    return terraform


@pytest.fixture(scope="module", params=EXAMPLES)
def state(terraform: Terraform, request: pytest.FixtureRequest) -> State:
    folder = f"examples/{request.param}"
    files = [f"-var-file={folder}/terraform.tfvars", f"-var-file={folder}/releases.auto.tfvars.json"]
    return terraform.state("-test-directory=tests/examples", *files)


def of_type(state: State, *types: str) -> list[dict[str, Any]]:
    return [resource["values"] for resource in resources(state) if resource["type"] in types]


def test_the_configuration_is_valid(terraform: Terraform) -> None:
    done = terraform.run("validate", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_deployment_holds_what_its_tests_say(terraform: Terraform) -> None:
    done = terraform.run("test", "-no-color")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 failed" in done.stdout


def test_each_part_can_read_its_settings(state: State) -> None:
    """Names, formats and completeness of what the cloud will set, judged by the code that reads it."""
    for function in of_type(state, "google_cloudfunctions2_function"):
        part = function["build_config"][0]["entry_point"]
        service = function["service_config"][0]
        secrets = {one["key"]: "from-secret-manager" for one in service["secret_environment_variables"]}
        settings = SETTINGS[part]
        settings.from_env(service["environment_variables"] | secrets)
        known = {name.upper() for name in settings.model_fields}
        unknown = (service["environment_variables"].keys() | secrets.keys()) - known
        assert not unknown, f"{part} does not read {unknown}"
    for pool in of_type(state, "google_cloud_run_v2_worker_pool"):
        environment = {env["name"]: env["value"] or "from-secret-manager" for env in _container(pool)["env"]}
        WorkerSettings.from_env(environment)


def test_functions_know_whether_a_load_balancer_writes_into_the_senders_addresses(state: State) -> None:
    """Else all who do not sign in would count as one sender: the load balancer."""
    expected = "1" if of_type(state, "google_compute_backend_service") else None
    counting = [
        function["service_config"][0]["environment_variables"].get("PROXIES_IN_FRONT")
        for function in of_type(state, "google_cloudfunctions2_function")
        if function["build_config"][0]["entry_point"] != "incoming_call"
    ]
    assert counting == [expected] * 2


def test_releases_differ_by_the_name_that_they_register_under(state: State) -> None:
    pools = of_type(state, "google_cloud_run_v2_worker_pool")
    names = [env["value"] for pool in pools for env in _container(pool)["env"] if env["name"] == "AGENT_NAME"]
    assert len(set(names)) == len(pools)
    (edge,) = (
        function["service_config"][0]["environment_variables"]
        for function in of_type(state, "google_cloudfunctions2_function")
        if function["build_config"][0]["entry_point"] == "incoming_call"
    )
    assert edge["AGENT_NAME"] in names


def _container(pool: dict[str, Any]) -> dict[str, Any]:
    (container,) = pool["template"][0]["containers"]
    return container


def test_the_phone_edge_is_always_warm(state: State) -> None:
    for function in of_type(state, "google_cloudfunctions2_function"):
        if function["build_config"][0]["entry_point"] == "incoming_call":
            assert function["service_config"][0]["min_instance_count"] >= 1
            assert function["service_config"][0]["max_instance_request_concurrency"] > 1


def test_only_these_are_public(state: State) -> None:
    """Twilio, LiveKit and browsers have no account at Google: what they call checks them itself.

    Nothing else is open, and with a load balancer there is no other way in.
    """
    public = {
        (grant.get("name") or grant.get("bucket"), grant["role"])
        for resource in resources(state)
        if (grant := resource["values"]).get("member") in ("allUsers", "allAuthenticatedUsers")
        or {"allUsers", "allAuthenticatedUsers"} & set(grant.get("members") or [])
    }
    functions = {"trunkline-incoming-call", "trunkline-oauth", "trunkline-tools-api"}
    expected = {(name, "roles/run.invoker") for name in functions}
    balanced = bool(of_type(state, "google_compute_backend_service"))
    if balanced:
        expected.add(("example-voice-prod-dashboard", "roles/storage.legacyObjectReader"))
    assert public == expected
    ingress = {
        f["service_config"][0]["ingress_settings"] for f in of_type(state, "google_cloudfunctions2_function")
    }
    assert ingress == {"ALLOW_INTERNAL_AND_GCLB" if balanced else "ALLOW_ALL"}


def test_roles_are_small(state: State) -> None:
    for resource in resources(state):
        role = resource["values"].get("role", "")
        assert role not in ("roles/owner", "roles/editor", "roles/viewer"), resource["address"]
        assert not role.endswith(".admin"), resource["address"]
        for permission in resource["values"].get("permissions") or []:
            assert "*" not in permission, resource["address"]


def test_every_account_is_one_of_ours(state: State) -> None:
    """Nothing runs as Google's default accounts, and nothing signs in with a key."""
    ours = {f"{account['account_id']}@" for account in of_type(state, "google_service_account")}
    for resource in resources(state):
        member = str(resource["values"].get("member", ""))
        if member.startswith("serviceAccount:"):
            assert member.removeprefix("serviceAccount:").partition("@")[0] + "@" in ours, resource["address"]
    assert not of_type(state, "google_service_account_key")


def test_parts_may_do_with_tenants_secrets_what_the_laptop_allows(state: State) -> None:
    """`local/google/iam.py` is enforced in every test; Terraform grants the same, and only by the prefix."""
    permissions: dict[str, set[str]] = {}
    roles = {r["name"]: r["permissions"] for r in of_type(state, "google_project_iam_custom_role")}
    for grant in of_type(state, "google_project_iam_member"):
        asked = {p for p in roles.get(grant["role"], []) if p.startswith("secretmanager.")}
        if not asked:
            continue
        part = grant["member"].partition(":trunkline-")[2].partition("@")[0]
        permissions.setdefault(part, set()).update(asked)
        condition = "".join(one["expression"] for one in grant["condition"] or [])
        on_project = {"secretmanager.secrets.create", "secretmanager.secrets.list"}
        assert asked <= on_project or f'/secrets/{PREFIX}")' in condition, grant["role"]
    for part in ("incoming-call", "oauth", "tools-api", "worker"):
        expected = {p for p in DEFAULT_POLICY[part] if p.startswith("secretmanager.")}
        assert permissions.get(part, set()) == expected, part


def test_parts_may_do_with_documents_what_the_laptop_tells(state: State) -> None:
    roles = {r["name"]: set(r["permissions"]) for r in of_type(state, "google_project_iam_custom_role")}
    holders = {
        grant["member"].partition(":trunkline-")[2].partition("@")[0]
        for grant in of_type(state, "google_project_iam_member")
        if roles.get(grant["role"]) == DOCUMENTS
    }
    assert holders == {part for part, granted in DEFAULT_POLICY.items() if granted >= DOCUMENTS}


def test_a_secret_of_the_deployment_is_read_by_the_parts_that_the_laptop_tells(state: State) -> None:
    readers: dict[str, set[str]] = {}
    for grant in of_type(state, "google_secret_manager_secret_iam_member"):
        part = grant["member"].partition(":trunkline-")[2].partition("@")[0]
        readers.setdefault(grant["secret_id"], set()).add(part)
    assert readers
    assert readers == {secret: READERS[secret] for secret in readers}


def test_voices_can_be_sampled(state: State) -> None:
    """Without the key the dashboard's samples answer 404."""
    (service,) = (
        function["service_config"][0]
        for function in of_type(state, "google_cloudfunctions2_function")
        if function["build_config"][0]["entry_point"] == "tools_api"
    )
    mounted = {one["key"]: one["secret"] for one in service["secret_environment_variables"]}
    assert mounted.get("GEMINI_API_KEY") == "gemini-api-key"


def test_who_adds_tasks_to_a_queue_and_as_whom_they_sign_in(state: State) -> None:
    enqueuers = {
        (g["name"], g["member"].partition("@")[0])
        for g in of_type(state, "google_cloud_tasks_queue_iam_member")
    }
    assert enqueuers == {
        ("calls", "serviceAccount:trunkline-incoming-call"),
        ("removals", "serviceAccount:trunkline-tools-api"),
    }
    acting = {
        (g["member"].partition("@")[0], g["service_account_id"].rpartition("/")[2].partition("@")[0])
        for g in of_type(state, "google_service_account_iam_member")
    }
    # A stolen phone edge cannot speak to oauth as the one who may have secrets forgotten.
    assert acting == {
        ("serviceAccount:trunkline-incoming-call", "trunkline-tasks"),
        ("serviceAccount:trunkline-tools-api", "trunkline-scheduler"),
    }


def test_no_value_of_a_secret_is_in_the_state(state: State) -> None:
    assert not of_type(
        state, "google_secret_manager_secret_version", "google_identity_platform_default_supported_idp_config"
    )
    for secret in of_type(state, "google_secret_manager_secret"):
        assert not secret["secret_id"].startswith(PREFIX), "the reconciler would destroy it"
    secret_settings = {
        "LIVEKIT_API_SECRET",
        "SIP_PASSWORD",
        "TWILIO_AUTH_TOKEN",
        "GEMINI_API_KEY",
        "GOOGLE_OAUTH_CLIENT_SECRET",
        "OAUTH2_CLIENT_SECRET",
    }
    for function in of_type(state, "google_cloudfunctions2_function"):
        assert not secret_settings & function["service_config"][0]["environment_variables"].keys()
    for pool in of_type(state, "google_cloud_run_v2_worker_pool"):
        plain = {env["name"] for env in _container(pool)["env"] if env["value"] is not None}
        assert not secret_settings & plain


def test_nothing_that_holds_data_can_be_deleted_by_a_slip(state: State) -> None:
    (database,) = of_type(state, "google_firestore_database")
    assert database["delete_protection_state"] == "DELETE_PROTECTION_ENABLED"
    assert database["point_in_time_recovery_enablement"] == "POINT_IN_TIME_RECOVERY_ENABLED"
    assert all(secret["deletion_protection"] for secret in of_type(state, "google_secret_manager_secret"))
    buckets = {bucket["name"]: bucket for bucket in of_type(state, "google_storage_bucket")}
    assert not any(
        bucket["force_destroy"] for name, bucket in buckets.items() if not name.endswith("-sources")
    )
    assert any(pool["deletion_protection"] for pool in of_type(state, "google_cloud_run_v2_worker_pool"))


def test_everything_that_can_have_labels_has_them(state: State) -> None:
    for resource in resources(state):
        for field in ("labels", "user_labels"):
            if field in resource["values"] and resource["type"] != "google_monitoring_notification_channel":
                labels = resource["values"][field] or {}
                assert labels.get("app") == "trunkline", resource["address"]


def test_scheduled_jobs_call_what_exists(state: State) -> None:
    functions = SOURCE.parents[1] / "functions"
    routes = (functions / "oauth" / "task_routes.py", functions / "incoming_call" / "platform_routes.py")
    targets = "".join(file.read_text(encoding="utf-8") for file in routes)
    url_maps = of_type(state, "google_compute_url_map")
    rules = [rule for one in url_maps for matcher in one["path_matcher"] for rule in matcher["path_rule"]]
    balanced = {path for rule in rules for path in rule["paths"]}
    for job in of_type(state, "google_cloud_scheduler_job"):
        target = job["http_target"][0]
        path = "/api/v1/tasks/" + target["uri"].partition("/api/v1/tasks/")[2]
        assert f'"{path}"' in targets
        assert not balanced or path in balanced, "the load balancer would send it to the API"
        assert target["uri"].startswith(target["oidc_token"][0]["audience"] + "/")


def test_scheduled_work_has_as_long_as_the_scheduler_waits_for_it(state: State) -> None:
    """A function that is ended earlier would begin anew each time, and never get to the end."""
    functions = of_type(state, "google_cloudfunctions2_function")
    shortest = min(function["service_config"][0]["timeout_seconds"] for function in functions)
    for job in of_type(state, "google_cloud_scheduler_job"):
        assert float(job["attempt_deadline"].removesuffix("s")) <= shortest, job["name"]


def test_every_scheduled_job_that_fails_is_noticed(state: State) -> None:
    (failures,) = (m for m in of_type(state, "google_logging_metric") if m["name"].endswith("/failed_jobs"))
    for job in of_type(state, "google_cloud_scheduler_job"):
        assert f'"{job["name"]}"' in failures["filter"]


def test_dashboards_are_json_that_names_existing_metrics(state: State) -> None:
    (board,) = of_type(state, "google_monitoring_dashboard")
    metrics = {
        f"logging.googleapis.com/user/{metric['name']}" for metric in of_type(state, "google_logging_metric")
    }
    tiles = json.loads(board["dashboard_json"])["mosaicLayout"]["tiles"]
    for tile in tiles:
        for data in tile["widget"]["xyChart"]["dataSets"]:
            query = data["timeSeriesQuery"]["timeSeriesFilter"]["filter"]
            metric = query.partition('metric.type="')[2].partition('"')[0]
            assert metric in metrics or metric.startswith("run.googleapis.com/")


def test_the_dashboard_may_run_its_own_scripts_and_call_our_services_alone(state: State) -> None:
    buckets = of_type(state, "google_compute_backend_bucket")
    if not buckets:
        pytest.skip("this example hosts no dashboard")
    headers = dict(header.split(": ", 1) for header in buckets[0]["custom_response_headers"])
    assert headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["script-src"] == "'self' 'sha256-Zmlyc3Q=' 'sha256-c2Vjb25k'"
    assert policy["connect-src"].split() == [
        "'self'",
        "https://api.example.com",
        "wss://livekit.example.com",
        "https://livekit.example.com",
        "https://identitytoolkit.googleapis.com",
        "https://securetoken.googleapis.com",
    ]
