"""A laptop cloud for tests, and calls through it: the production path over real protocols."""

import os
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from local.cloud import Cloud, laptop_cloud
from local.commands import seed_cloud
from local.livekit.real import find_server
from local.play import Player
from local.scenario import Scenario
from local.seed import DEMO, Seed
from shared.gateways.firestore import Database
from shared.input_files import load_yaml
from tests.contract.google_stand_in import certificates

SCENARIOS = Path(__file__).parents[2] / "local" / "scenarios"

LIVEKIT_SERVERS = [
    "embedded",
    pytest.param(
        "real",
        marks=pytest.mark.skipif(
            find_server() is None, reason="livekit-server is not here; get it with: make livekit-server"
        ),
    ),
]


def scenario(name: str) -> Scenario:
    return load_yaml(SCENARIOS / f"{name}.yaml", Scenario)


@contextmanager
def restored_environment() -> Generator[None]:
    """Commands of the laptop cloud point this process at it; later tests must not notice."""
    before = dict(os.environ)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@asynccontextmanager
async def running_cloud(
    state: Path, livekit: str = "embedded", *, console: bool = False
) -> AsyncGenerator["Laptop"]:
    """`console` as `laptop_cloud` has it."""
    with restored_environment():
        tls = certificates().cert.parent
        embedded = livekit == "embedded"
        async with laptop_cloud(state, embedded_livekit=embedded, tls=tls, console=console) as cloud:
            yield Laptop(cloud)


class Laptop:
    """Each call of a test gets a copy of the demo's tenant, so that calls may run side by side."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.demo = load_yaml(DEMO, Seed)
        self._copies = 0

    @property
    def database(self) -> Database:
        return self.cloud.database

    async def tenant(self, **changes: object) -> "TestTenant":
        """`changes` go to the tenant; those that start with `agent_` go to its agent."""
        self._copies += 1
        seed = self.demo.copy_for(self._copies)
        ((tenant_id, tenant),) = seed.tenants.items()
        ((agent_id, agent),) = tenant.agents.items()
        of_agent = {k.removeprefix("agent_"): v for k, v in changes.items() if k.startswith("agent_")}
        of_tenant = {k: v for k, v in changes.items() if not k.startswith("agent_")}
        agent = agent.model_copy(update=of_agent)
        tenant = tenant.model_copy(update={**of_tenant, "agents": {agent_id: agent}})
        seed = seed.model_copy(update={"tenants": {tenant_id: tenant}})
        await seed_cloud(self.cloud, seed)
        return TestTenant(self, seed, tenant_id, agent_id)


class TestTenant:
    __test__ = False

    def __init__(self, laptop: Laptop, seed: Seed, tenant_id: str, agent_id: str) -> None:
        self.laptop = laptop
        self.seed = seed
        self.tenant_id = tenant_id
        self.agent_id = agent_id
        self.number = next(iter(seed.tenants[tenant_id].numbers))
        self.player = Player(laptop.cloud, seed, laptop.cloud.state / "calls")

    def dialling(self, scenario: Scenario) -> Scenario:
        return scenario.model_copy(update={"dials": self.number})
