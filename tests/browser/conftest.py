"""One laptop cloud, one browser and one build of the dashboard for all tests here."""

import subprocess
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright, expect

from local.cloud import Cloud, laptop_cloud
from local.commands import seed_cloud
from local.identity.seeding import seed_members
from local.seed import DEMO, Seed
from shared.input_files import load_yaml
from tests.browser.chromium import launch
from tests.browser.visitor import Visitor
from tests.calls.laptop import restored_environment
from tests.contract.google_stand_in import certificates

ROOT = Path(__file__).parents[2]

expect.set_options(timeout=20_000)  # milliseconds; five seconds are little for a machine that is busy

Visit = Callable[..., Awaitable[Visitor]]


@pytest.fixture(scope="session")
def built_dashboard() -> None:
    """Built from the sources as they are; nothing happens when it is."""
    done = subprocess.run(
        ["make", "dashboard"], cwd=ROOT, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cloud(built_dashboard: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Cloud]:
    """With everything that people set agents up with, and the demo's tenant."""
    seed = load_yaml(DEMO, Seed)
    members = {tenant_id: tenant.members for tenant_id, tenant in seed.tenants.items()}
    with restored_environment():
        state = tmp_path_factory.mktemp("console")
        tls = certificates().cert.parent
        async with laptop_cloud(state, embedded_livekit=True, tls=tls, console=True) as running:
            await seed_cloud(running, seed)
            await seed_members(running.database, running.ports.url("identity"), members)
            yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await launch(playwright)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def visit(cloud: Cloud, chromium: Browser) -> AsyncGenerator[Visit]:
    """`await visit("viewer")` is signed in by the first page that they open; `await visit(None)` by none.

    Further arguments are those of Playwright's `new_context`, such as `viewport`.
    """
    visitors: list[Visitor] = []

    async def come(role: str | None = "owner", **options: Any) -> Visitor:
        settings: dict[str, Any] = {"locale": "en-US", "timezone_id": "America/Los_Angeles"}
        context = await chromium.new_context(**(settings | options))
        visitor = Visitor(cloud, context, await context.new_page())
        visitors.append(visitor)
        if role is not None:
            await visitor.is_known_as(role)
        return visitor

    yield come
    for visitor in visitors:
        await visitor.context.close()
    assert [text for visitor in visitors for text in visitor.unexpected_complaints()] == []
