"""The API: latency and round trips by route, lists of ten against long ones.

    python -m bench.tools_api [--requests N] [--agents N] [--calls N]

The function runs as functions-framework serves it; what it talks to are the laptop's stand-ins in this
process, so a round trip costs here what the stand-in takes, not what a region's network does: count them.
"""

import argparse
import asyncio
import itertools
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import report
from bench.api_cold_start import api_process, running
from bench.round_trips import RoundTrips
from functions.tools_api.api import Api
from functions.tools_api.settings import ApiSettings
from shared.gateways.cloud_tasks import CloudTasksGateway
from shared.gateways.firestore import Database, Fields, Put, firestore_client
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.secret_manager import SecretManagerGateway
from shared.gateways.twilio import TwilioGateway
from shared.models.agent import Agent
from shared.models.base import utc_now
from shared.models.call import Call, CallState, Outcome
from tests.contract.google_stand_in import PROJECT
from tests.contract.tools_api_stack import NUMBERS, Client, Stack, TenantClient, TestTenant

WRITES_AT_ONCE = 100
ALLOWED_RATIO = 1.5
"""A page of a long list may take so many times as long as one of a short list; more is not constant."""

SES = {
    "from_address": "a@example.com",
    "region": "us-east-1",
    "access_key_id": "AKIA",
    "secret_access_key": "s",
}
NEW_AGENT = {"name": "A", "instructions": "B"}


@dataclass
class Route:
    """`path` gets the agent's and the call's id, and a number that is another one each time."""

    name: str
    method: str
    path: str
    body: Any = None

    async def ask(self, client: Client, ids: dict[str, str], number: int) -> None:
        path = self.path.format(**ids, n=number)
        answer = await client(
            self.method, path, self.body, If_Match="*", Idempotency_Key=f"{self.name}-{number}"
        )
        assert answer.status < 300, f"{self.name}: {answer}"


ROUTES = [
    Route("agents: list of 10", "GET", "/agents?limit=10"),
    Route("agents: one", "GET", "/agents/{agent}"),
    Route("agents: create", "POST", "/agents", NEW_AGENT),
    Route("agents: change", "PATCH", "/agents/{agent}", {"greeting": "Hello."}),
    Route("agents: preview", "GET", "/agents/{agent}/preview"),
    Route("tools: an agent's", "GET", "/agents/{agent}/tools"),
    Route("tools: configure, with a secret", "PATCH", "/agents/{agent}/tools/send_email", {"config": SES}),
    Route("numbers: list of 10", "GET", "/numbers?limit=10"),
    Route("numbers: one", "GET", f"/numbers/{NUMBERS[0]}"),
    Route("calls: list of 10", "GET", "/calls?limit=10"),
    Route("calls: one", "GET", "/calls/{call}"),
    Route("calls: events", "GET", "/calls/{call}/events"),
    Route("calls: usage of 31 days", "GET", "/usage?first=2026-10-01&last=2026-10-31"),
    Route("calls: start a test call", "POST", "/agents/{agent}/test-calls"),
    Route("members: list", "GET", "/members"),
    Route("audit: list of 50", "GET", "/audit"),
]


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tools_api", description=__doc__)
    parser.add_argument("--requests", type=int, default=50, help="of each route")
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--calls", type=int, default=100_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        async with Stack(Path(folder)) as stack:
            tenant = await stack.tenant(max_concurrent_calls=1_000_000)
            ids = {"agent": await tenant.agent(), "call": await add_calls(stack, tenant, 10)}
            async with running(api_process(stack, Path(folder) / "log")) as origin:
                served = TenantClient(stack.session, tenant.owner.token, f"/tenants/{tenant.id}")
                served.origin = origin
                rows = [
                    await measured(stack, route, tenant, served, ids, options.requests) for route in ROUTES
                ]
                report.table(
                    "The API, warm, ms",
                    ["route", "median", "p95", "round trips in turn"],
                    [(name, row["median"], row["p95"], trips) for name, row, trips in rows],
                )
                lists = await short_and_long(stack, origin, options)
    report.table(
        f"A page of 10: {options.agents} agents and {options.calls} calls against 10",
        ["list", "of 10", "of all", "ratio"],
        [(name, few["median"], many["median"], f"{ratio:.2f}") for name, few, many, ratio in lists],
    )
    report.write_json(
        "tools_api",
        {
            "warm_ms": {name: {**row, "round_trips": trips} for name, row, trips in rows},
            "lists_ms": {
                name: {"few": few, "many": many, "ratio": ratio} for name, few, many, ratio in lists
            },
            "agents": options.agents,
            "calls": options.calls,
        },
    )
    return 0 if all(ratio <= ALLOWED_RATIO for *_, ratio in lists) else 1


async def measured(
    stack: Stack, route: Route, tenant: TestTenant, served: TenantClient, ids: dict[str, str], requests: int
) -> tuple[str, dict[str, float], int]:
    times: list[float] = []
    for number in range(-3, requests):
        started = time.perf_counter()
        await route.ask(served, ids, number)
        if number >= 0:
            times.append((time.perf_counter() - started) * 1000)
    return route.name, report.summary(times), await round_trips(stack, route, tenant, ids)


async def round_trips(stack: Stack, route: Route, tenant: TestTenant, ids: dict[str, str]) -> int:
    """Of one request to the application in this process, signing in included."""
    trips = RoundTrips()
    settings = ApiSettings.from_env(stack.variables)
    usual = stack.app.state.api
    stack.app.state.api = api = Api(
        settings,
        trips.watch(Database(firestore_client(PROJECT))),
        trips.watch(SecretManagerGateway(PROJECT, settings.secret_manager_endpoint)),
        trips.watch(LiveKitGateway(settings)),
        trips.watch(
            TwilioGateway(settings.twilio_account_sid, settings.twilio_auth_token, settings.twilio_api_url)
        ),
        trips.watch(
            CloudTasksGateway(
                settings.tasks_queue, settings.tasks_service_account, settings.cloud_tasks_endpoint
            )
        ),
    )
    try:
        await route.ask(tenant.owner, ids, 1_000_000)
        return trips.sequential
    finally:
        stack.app.state.api = usual
        await api.aclose()


async def short_and_long(
    stack: Stack, origin: str, options: argparse.Namespace
) -> list[tuple[str, dict[str, float], dict[str, float], float]]:
    """The same full page in a tenant with little more than one and in one with very many, in turn."""
    few, many = await stack.tenant(), await stack.tenant()
    for tenant, agents, calls in ((few, 10, 20), (many, options.agents, options.calls)):
        await add_agents(stack, tenant, agents)
        await add_calls(stack, tenant, calls)
    pages = {
        "agents": "/agents?limit=10",
        "calls": "/calls?limit=10",
        "calls of one agent": "/calls?agent_id=a1&limit=10",
    }
    found: list[tuple[str, dict[str, float], dict[str, float], float]] = []
    for name, path in pages.items():
        times: dict[str, list[float]] = {few.id: [], many.id: []}
        for number, tenant in itertools.product(range(-3, options.requests), (few, many)):
            client = TenantClient(stack.session, tenant.viewer.token, f"/tenants/{tenant.id}")
            client.origin = origin
            started = time.perf_counter()
            await client("GET", path, expect=200)
            if number >= 0:
                times[tenant.id].append((time.perf_counter() - started) * 1000)
        short, long = report.summary(times[few.id]), report.summary(times[many.id])
        found.append((name, short, long, round(long["median"] / short["median"], 2)))
    return found


async def add_agents(stack: Stack, tenant: TestTenant, count: int) -> None:
    fields = [Agent(name=f"Agent {n:05}", instructions="Be helpful.").to_firestore() for n in range(count)]
    await write(stack, f"tenants/{tenant.id}/agents", "a", fields)


async def add_calls(stack: Stack, tenant: TestTenant, count: int) -> str:
    """One a minute, of two agents in turn; returns the id of one."""
    now = utc_now()

    def fields(number: int) -> Fields:
        return Call(
            session_id=f"ca{number}",
            agent_id=f"a{number % 2}",
            call_sid=f"CA{number}",
            state=CallState.ENDED,
            outcome=Outcome.CALLER_HUNG_UP,
            caller="+14155550123",
            called=NUMBERS[0],
            started_at=now - timedelta(minutes=number),
            usage={"agent_seconds": 60.0},
        ).to_firestore()

    await write(stack, f"tenants/{tenant.id}/calls", "ca", [fields(number) for number in range(count)])
    return "ca0"


async def write(stack: Stack, collection: str, prefix: str, documents: list[Fields]) -> None:
    for start in range(0, len(documents), WRITES_AT_ONCE):
        batch = documents[start : start + WRITES_AT_ONCE]
        await stack.database.commit(
            Put(f"{collection}/{prefix}{start + number}", fields) for number, fields in enumerate(batch)
        )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
