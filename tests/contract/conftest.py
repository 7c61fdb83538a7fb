"""Servers that are slow to start and that several modules share."""

from collections.abc import Generator

import pytest

from tests.contract import firestore_servers


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
