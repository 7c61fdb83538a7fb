"""One laptop cloud a LiveKit server for all whole calls: each has a tenant of its own."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.calls.laptop import LIVEKIT_SERVERS, Laptop, running_cloud


@pytest_asyncio.fixture(scope="package", loop_scope="package", params=LIVEKIT_SERVERS)
async def laptop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Laptop]:
    async with running_cloud(tmp_path_factory.mktemp("laptop"), request.param) as laptop:
        yield laptop
