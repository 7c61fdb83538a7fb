"""Requests made up from the API's own description: no 5xx, and every answer fits what is described.

They go over HTTP to the functions as functions-framework serves them, with Firestore and all else that those
ask as processes of their own: the laptop cloud, without what only calls need. A fixed number of them here;
`make api-fuzz` sends more, and to the whole laptop cloud, worker included (API_STACK=whole).
"""

import asyncio
import contextlib
import itertools
import os
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import positive_data_acceptance

from local.cloud import Cloud, laptop_cloud
from local.commands import seed_cloud
from local.environment import PROJECT, Ports
from local.identity.seeding import seed_members
from local.parts import call_parts, console_parts
from local.seed import DEMO, Seed
from local.supervisor import Supervisor
from shared.gateways.firestore import Database
from shared.input_files import load_yaml
from shared.models.base import utc_now
from shared.models.call import Call, CallState, Outcome
from shared.models.member import Role
from shared.repositories.calls import CallRepository
from tests.calls.laptop import restored_environment
from tests.contract.google_stand_in import certificates

pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))

BEYOND_A_SCHEMA = {
    "cursor": "one that this list gave out",
    "after": "one that this call gave out",
    "Idempotency-Key": "one that came with the same request before",
    "time_zone": "one that exists",
    "hours": "spans that close after they open and do not overlap",
    "at": "between 1970 and 2200",
    "since": "between 1970 and 2200",
    "until": "between 1970 and 2200",
    "first": "between 1970 and 2200",
    "last": "between 1970 and 2200, and at most 31 days after the first",
    "config": "what the tool's own schema in the catalogue says",
}
"""What JSON Schema has no words for: a value of the described form may be refused (422) for this alone."""

REFUSALS = ["403", "404", "409", "412"]
"""Of requests that are as described: what they are about is not there, or is not as the sender thought."""

SPARED = ("agent_id", "call_id", "user_id")
"""What others work with is not what is deleted, and no agent is woken for each test call: workflows make
what they do that to."""

LONGEST_URL = 32 * 1024
"""A longer one is refused before it gets to the function: by Google's front end there, by the server here."""

TIMEOUT = 10
"""Seconds."""

SETTINGS = settings(
    max_examples=EXAMPLES,
    derandomize="API_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.filter_too_much,
        HealthCheck.large_base_example,
    ],
)


ASKED = {"firestore", "google", "gemini", "livekit", "twilio", "identity", "oauth", "tools_api"}
"""Parts of the laptop cloud: without the worker, the phone edge and the pages."""


@dataclass
class Served:
    """The stack on a thread of its own: schemathesis blocks."""

    url: str
    token: str
    tenant_id: str
    agent_id: str
    call_id: str
    numbers: list[str]

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def get(self, path: str) -> Any:
        return requests.get(f"{self.url}/api/v1{path}", headers=self.headers, timeout=10).json()


@asynccontextmanager
async def only_the_functions(state: Path) -> AsyncGenerator[Cloud]:
    """As `laptop_cloud`, with the processes that requests to the API get to."""
    ports = Ports.choose(None)
    cloud = Cloud(state, ports, certificates().cert.parent)
    where = (ports, state, cloud.certificates)
    parts = [*call_parts(*where, embedded_livekit=True, sip=False, worker=None), *console_parts(*where)]
    async with Supervisor([part for part in parts if part.name in ASKED], state / "logs"):
        yield cloud


@asynccontextmanager
async def whole_laptop_cloud(state: Path) -> AsyncGenerator[Cloud]:
    """As `make up` starts it."""
    tls = certificates().cert.parent
    async with laptop_cloud(state, embedded_livekit=True, tls=tls, console=True) as cloud:
        yield cloud


STACKS = {"functions": only_the_functions, "whole": whole_laptop_cloud}
STACK = STACKS[os.environ.get("API_STACK", "functions")]


@asynccontextmanager
async def serving(state: Path) -> AsyncGenerator[Served]:
    """The stack with the demo's tenant in it, and nobody is told to ask less often."""
    with restored_environment():
        os.environ["REQUESTS_PER_MINUTE"] = "1000000"
        async with STACK(state) as cloud:
            seed = load_yaml(DEMO, Seed)
            await seed_cloud(cloud, seed)
            ((tenant_id, tenant),) = seed.tenants.items()
            issuer = cloud.ports.url("identity")
            await seed_members(cloud.database, issuer, {tenant_id: tenant.members})
            owner = next(email for email, role in tenant.members.items() if role is Role.OWNER)
            wanted = {"email": owner, "audience": PROJECT, "expires_in": 24 * 3600}
            async with (
                aiohttp.ClientSession(issuer) as http,
                http.post("/_local/tokens", json=wanted) as answer,
            ):
                token = (await answer.json())["id_token"]
            url = cloud.ports.url("tools_api")
            agent_id = next(iter(tenant.agents))
            call_id = await call_of(cloud.database, tenant_id, agent_id)
            yield Served(url, token, tenant_id, agent_id, call_id, list(tenant.numbers))


async def call_of(database: Database, tenant_id: str, agent_id: str) -> str:
    """One that is over; returns its id."""
    call = Call(
        session_id="ca-made-up",
        agent_id=agent_id,
        call_sid="CA1",
        state=CallState.ENDED,
        outcome=Outcome.CALLER_HUNG_UP,
        caller=None,
        called="+14155550199",
        started_at=utc_now(),
    )
    await CallRepository(database).create(tenant_id, call, [])
    return call.session_id


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    ready, found, failed = threading.Event(), list[Served](), list[Exception]()
    state = tmp_path_factory.mktemp("tools-api")
    done = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve(state: Path) -> None:
        async with serving(state) as running:
            found.append(running)
            ready.set()
            await done.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve(state))
        except Exception as error:  # noqa: BLE001 - the other thread raises it
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(300)
    for error in failed:
        raise error
    yield found[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(60)
    assert not thread.is_alive(), "its end would put this process's environment back in the middle of a test"


@pytest.fixture(scope="module")
def schema(served: Served) -> schemathesis.BaseSchema:
    """With a tenant, an agent and so on that exist, where nothing else would get past a 403 or 404."""
    document = served.get("/openapi.json")
    members = served.get(f"/tenants/{served.tenant_id}/members")["items"]
    viewer = next(member["id"] for member in members if member["role"] == "viewer")
    given: dict[str, Any] = {
        "tenant_id": {"const": served.tenant_id, "type": "string"},
        "agent_id": {"enum": [served.agent_id, "none"], "type": "string"},
        "call_id": {"enum": [served.call_id, "none"], "type": "string"},
        "user_id": {"enum": [viewer, "none"], "type": "string"},
        "If-Match": {"enum": ["*", '"another"'], "type": "string"},
        "slug": {"enum": ["end_call", "send_email", "google_calendar", "none"], "type": "string"},
        "number": {"enum": [*served.numbers, "+14155559999"], "type": "string"},
        "voice": {"enum": ["Kore", "Puck", "none"], "type": "string"},
        "wait": {"const": 0, "type": "integer"},
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            spared = SPARED if method == "delete" or path.endswith("/test-calls") else ()
            kept = {name for name in spared if f"{{{name}}}" in path.split("/")[-2:]} | {"agent_id in query"}
            for parameter in operation.get("parameters", []):
                name = parameter["name"]
                if not {name, f"{name} in {parameter['in']}"} & kept:
                    parameter["schema"] = given.get(name, parameter["schema"])
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=served.url)
    checks = schema.config.checks
    checks.positive_data_acceptance.expected_statuses = ["2xx", *REFUSALS]
    checks.negative_data_rejection.expected_statuses = ["403", "404", "405", "412", "422", "428"]
    checks.missing_required_header.expected_statuses = ["422", "428"]
    # Every request is an owner's; the check of what is protected takes that away, or puts rubbish there.
    schema.config.generation.with_security_parameters = False
    # Parameters that no route knows are no mistake.
    schema.config.generation.allow_extra_parameters = False
    return schema


def gets_there(case: Case) -> bool:
    sent: dict[str, Any] = case.as_transport_kwargs()
    url = requests.Request(sent["method"], sent["url"], params=sent["params"]).prepare().url
    return len(url or "") <= LONGEST_URL


def check(case: Case, response: Any, served: Served) -> None:
    """Raises `FailureGroup` when the answer is not as described."""
    if response.status_code == 404 and response.content == b"Not Found":
        assert "%0A" in response.request.url  # see docs/surprises.md
        return
    errors = response.json()["errors"] if response.status_code == 422 else []
    beyond = bool(errors) and {each["field"].partition(".")[0] for each in errors} <= BEYOND_A_SCHEMA.keys()
    case.validate_response(
        response,
        headers=served.headers,
        excluded_checks=[positive_data_acceptance] if beyond else [],
        transport_kwargs={"timeout": TIMEOUT},
    )


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_each_operation_answers_as_described(
    served: Served, schema: schemathesis.BaseSchema, mode: GenerationMode
) -> None:
    tried = 0
    results: Any = schema.get_all_operations()
    for result in results:
        operation = result.ok()

        @SETTINGS
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Case) -> None:
            nonlocal tried
            tried += 1
            assume(gets_there(case))
            check(case, case.call(headers=served.headers, timeout=TIMEOUT), served)

        try:
            ask()
        except Unsatisfiable:
            continue  # an operation without parameters and body has no wrong request
    assert tried >= 41 * (1 if mode is GenerationMode.POSITIVE else 0)


@pytest.mark.timeout(900)
def test_the_limits_of_what_is_described_are_kept(served: Served, schema: schemathesis.BaseSchema) -> None:
    """Every parameter and field at its limits and beyond, each header left out, methods that a path has not.

    All that there are from thirty examples on; with fewer, one in so many.
    """
    failures, tried = list[str](), 0
    results: Any = schema.get_all_operations()
    for result in results:
        cases = schema.iter_coverage_cases(
            result.ok(), generation_modes=list(GenerationMode), generation_config=schema.config.generation
        )
        for case in itertools.islice(cases, 0, None, max(1, 30 // EXAMPLES)):
            tried += 1
            if not gets_there(case):
                continue
            try:
                check(case, case.call(headers=served.headers, timeout=TIMEOUT), served)
            except FailureGroup as group:
                failures.extend(f"{case.method} {case.path}: {failure}" for failure in group.exceptions)
    assert not failures, "\n".join(failures)
    assert tried >= 41


def test_what_one_operation_makes_others_work_with(served: Served, schema: schemathesis.BaseSchema) -> None:
    statuses: list[int] = []
    # Kept rather than raised: what is stored differs when Hypothesis repeats the same steps.
    failures: list[str] = []

    class Workflow(schema.as_state_machine()):
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {"headers": served.headers, "timeout": TIMEOUT}

        def validate_response(self, response: Any, case: Case, *args: Any, **kwargs: Any) -> None:
            statuses.append(response.status_code)
            try:
                check(case, response, served)
            except FailureGroup as group:
                failures.extend(f"{case.method} {case.path}: {failure}" for failure in group.exceptions)

    steps = settings(SETTINGS, max_examples=EXAMPLES * 3, stateful_step_count=8)
    for _ in range(EXAMPLES):
        # Hypothesis wants the same steps to give the same answers; here ids are new each time.
        with contextlib.suppress(FlakyStrategyDefinition):
            Workflow.run(settings=steps)
        if len(statuses) >= EXAMPLES * 20:
            break
    assert not failures, "\n".join(failures)
    assert len(statuses) >= EXAMPLES * 20
    assert any(status < 300 for status in statuses)
