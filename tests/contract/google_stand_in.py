"""Starts Google's stand-in inside a test, and points the official clients at it."""

import functools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.api_core.client_options import ClientOptions
from google.cloud.tasks_v2 import CloudTasksAsyncClient

from local.google.environment import environment
from local.google.identity import Identity
from local.google.server import GoogleStandIn, Options
from local.tls import Certificates, ensure_certificates

PROJECT = "trunkline-test"
QUEUE = f"projects/{PROJECT}/locations/europe-west1/queues/calls"


@functools.cache
def _shared_folder() -> Path:
    """Made once per run: keys take a while to make, and gRPC reads its trusted roots only once."""
    folder = Path(tempfile.mkdtemp(prefix="trunkline-google-"))
    ensure_certificates(folder / "tls")
    Identity(folder / "keys", PROJECT, "http://127.0.0.1:0/token")
    return folder


def certificates() -> Certificates:
    return ensure_certificates(_shared_folder() / "tls")


def stand_in(state: Path, **options: Any) -> GoogleStandIn:
    """Not started yet. A second one with the same `state` finds what the first one left."""
    tls = certificates()
    if not (state / "keys").exists():
        shutil.copytree(_shared_folder() / "keys", state / "keys")
    defaults = Options(state=state, tls_cert=tls.cert, tls_key=tls.key, project=PROJECT, queues=[QUEUE])
    return GoogleStandIn(replace(defaults, **options))


@contextmanager
def acting_as(part: str, google: GoogleStandIn, state: Path) -> Iterator[dict[str, str]]:
    """The process's environment is that of `part`."""
    variables = environment(
        part,
        state=state,
        bundle=certificates().bundle,
        port=google.port,
        grpc_port=google.grpc_port,
        project=PROJECT,
    )
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        yield variables


@asynccontextmanager
async def tasks_client(google: GoogleStandIn, state: Path) -> AsyncIterator[CloudTasksAsyncClient]:
    """Google's client for queues, of somebody who may do all with them."""
    with acting_as("owner", google, state):
        client = CloudTasksAsyncClient(
            client_options=ClientOptions(api_endpoint=f"localhost:{google.grpc_port}")
        )
        try:
            yield client
        finally:
            await client.transport.close()
