"""Requests made up from the API's own description: no 5xx, and every answer fits what is described.

A fixed number of them here, against the API in this process. `make api-fuzz` sends more, and to the running
stack: the laptop cloud's processes, functions-framework and the worker among them (API_STACK=running).
"""

import asyncio
import contextlib
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
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import FlakyStrategyDefinition, Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance, unsupported_method

from local.cloud import laptop_cloud
from local.commands import seed_cloud
from local.environment import PROJECT
from local.identity.seeding import seed_members
from local.inputs import load_yaml
from local.seed import DEMO, Seed
from shared.models.member import Role
from tests.calls.laptop import restored_environment
from tests.contract.google_stand_in import certificates
from tests.contract.tools_api_stack import NUMBERS, Stack

pytestmark = [pytest.mark.contract, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

EXAMPLES = int(os.environ.get("API_EXAMPLES", "3"))

LEFT_OUT = [
    # What JSON Schema cannot say (a time zone that exists, hours that do not overlap) is a 422 as well.
    positive_data_acceptance,
    # Who may do what has tests of its own.
    ignored_auth,
    # A path like /agents/x is a 405 for POST, but a 404 for /numbers/x, which is no number.
    unsupported_method,
]

SETTINGS = settings(
    max_examples=EXAMPLES,
    derandomize="API_EXAMPLES" not in os.environ,
    deadline=None,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=[*HealthCheck.__members__.values()],
)


@dataclass
class Served:
    """The stack on a thread of its own: schemathesis blocks."""

    url: str
    token: str
    tenant_id: str
    agent_id: str
    numbers: list[str]


@asynccontextmanager
async def in_this_process(state: Path) -> AsyncGenerator[Served]:
    async with Stack(state) as stack:
        tenant = await stack.tenant(max_concurrent_calls=1_000_000)
        yield Served(stack.url, tenant.tokens[Role.OWNER], tenant.id, await tenant.agent(), NUMBERS)


@asynccontextmanager
async def as_processes(state: Path) -> AsyncGenerator[Served]:
    """The laptop cloud as `make up` starts it, but that nobody is told to ask less often."""
    with restored_environment():
        os.environ["REQUESTS_PER_MINUTE"] = "1000000"
        tls = certificates().cert.parent
        async with laptop_cloud(state, embedded_livekit=True, tls=tls, console=True) as cloud:
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
            yield Served(url, token, tenant_id, next(iter(tenant.agents)), list(tenant.numbers))


STACKS = {"in process": in_this_process, "running": as_processes}
STACK = STACKS[os.environ.get("API_STACK", "in process")]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    ready, found = threading.Event(), list[Served]()
    state = tmp_path_factory.mktemp("tools-api")
    done = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve(state: Path) -> None:
        async with STACK(state) as running:
            found.append(running)
            ready.set()
            await done.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve(state)), daemon=True)
    thread.start()
    assert ready.wait(300)
    yield found[0]
    loop.call_soon_threadsafe(done.set)
    thread.join(30)


@pytest.fixture(scope="module")
def schema(served: Served) -> schemathesis.BaseSchema:
    """With a tenant, an agent and a number that exist, where nothing else would get past a 403 or 404."""
    document = requests.get(f"{served.url}/api/v1/openapi.json", timeout=10).json()
    given: dict[str, Any] = {
        "tenant_id": {"const": served.tenant_id, "type": "string"},
        "slug": {"enum": ["end_call", "send_email", "google_calendar", "none"], "type": "string"},
        "number": {"enum": [*served.numbers, "+14155559999", "110"], "type": "string"},
        "voice": {"enum": ["Kore", "Puck", "none"], "type": "string"},
        "wait": {"const": 0, "type": "integer"},
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            del operation["security"]  # every request is an owner's
            for parameter in operation.get("parameters", []):
                parameter["schema"] = given.get(parameter["name"], parameter["schema"])
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=served.url)
    # Parameters that no route knows are no mistake.
    schema.config.generation.allow_extra_parameters = False
    return schema


def headers(served: Served) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.token}"}


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
            response = case.call(headers=headers(served), timeout=10)
            case.validate_response(response, excluded_checks=LEFT_OUT)

        try:
            ask()
        except Unsatisfiable:
            continue  # an operation without parameters and body has no wrong request
    assert tried >= 41 * (1 if mode is GenerationMode.POSITIVE else 0)


def test_what_one_operation_makes_others_work_with(served: Served, schema: schemathesis.BaseSchema) -> None:
    statuses: list[int] = []
    # Kept rather than raised: what is stored differs when Hypothesis repeats the same steps.
    failures: list[str] = []

    class Workflow(schema.as_state_machine()):
        def get_call_kwargs(self, case: Case) -> dict[str, Any]:
            return {"headers": headers(served), "timeout": 10}

        def validate_response(self, response: Any, case: Case, *args: Any, **kwargs: Any) -> None:
            statuses.append(response.status_code)
            try:
                case.validate_response(response, excluded_checks=LEFT_OUT)
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
