"""Servers that are slow to start and that several modules share."""

import uuid
from collections.abc import AsyncGenerator, Generator
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from tests.contract import firestore_servers

if TYPE_CHECKING:
    from google.cloud.firestore import AsyncClient

    from tests.contract.tools_api_stack import Stack, TestTenant


@pytest.fixture(scope="session", params=["stand-in", "official"])
def firestore_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Generator[firestore_servers.Server]:
    if request.param == "official":
        with firestore_servers.official_emulator() as process:
            yield firestore_servers.Server(firestore_servers.address_of(process), contenders=2)
    else:
        with firestore_servers.stand_in(tmp_path_factory.mktemp("firestore")) as process:
            yield firestore_servers.Server(firestore_servers.address_of(process), contenders=20)


@pytest_asyncio.fixture
async def db(
    firestore_server: firestore_servers.Server, monkeypatch: pytest.MonkeyPatch
) -> "AsyncGenerator[AsyncClient]":
    from google.cloud.firestore import AsyncClient

    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_server.address)
    client = AsyncClient(project="contract")
    yield client
    client.close()


@pytest.fixture
def things(db: "AsyncClient") -> Any:
    """A collection that no other test uses."""
    return db.collection(f"things-{uuid.uuid4().hex}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> "AsyncGenerator[Stack]":
    """The API with what it talks to, for all tests of a module; a module may have another one."""
    from tests.contract.tools_api_stack import Stack

    async with Stack(tmp_path_factory.mktemp("tools-api")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def tenant(stack: "Stack") -> "TestTenant":
    return await stack.tenant()
