"""Who we are is asked of a metadata server that may take its time: the event loop does not wait for it."""

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import google.auth
import grpc
import pytest
from google.api_core.grpc_helpers_async import create_channel
from google.oauth2.credentials import Credentials

from local.tls import ensure_certificates
from shared.gateways.firestore import firestore_client
from shared.gateways.google_cloud import CredentialsFoundLater
from tests.contract.google_stand_in import certificates

pytestmark = pytest.mark.contract

LOOKING_TAKES = 0.6


class Handler(grpc.GenericRpcHandler):
    """Answers any request with the token that came with it."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        headers = dict(handler_call_details.invocation_metadata)

        async def answer(request: bytes, context: Any) -> bytes:
            return str(headers["authorization"]).encode()

        return grpc.unary_unary_rpc_method_handler(answer)


class Look:
    """google.auth.default on a slow day."""

    def __init__(self) -> None:
        self.threads: list[threading.Thread] = []

    def __call__(self, *_: Any, **__: Any) -> tuple[Credentials, str]:
        self.threads.append(threading.current_thread())
        time.sleep(LOOKING_TAKES)
        return Credentials(token="ours"), "project"


@pytest.fixture
def look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Look:
    look = Look()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "never looked for before"))
    monkeypatch.setattr(google.auth, "default", look)
    return look


async def longest_wait() -> float:
    """Of the event loop's, until this is cancelled."""
    longest, before = 0.0, time.monotonic()
    try:
        while True:
            await asyncio.sleep(0.01)
            longest, before = max(longest, time.monotonic() - before), time.monotonic()
    except asyncio.CancelledError:
        return longest


async def test_the_loop_runs_on_while_credentials_are_looked_for(tmp_path: Path, look: Look) -> None:
    files = ensure_certificates(tmp_path)
    key, cert = files.key.read_bytes(), files.cert.read_bytes()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Handler()])
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, cert)]))
    await server.start()
    waiting = asyncio.create_task(longest_wait())
    channel = create_channel(
        f"localhost:{port}",
        credentials=CredentialsFoundLater(),
        ssl_credentials=grpc.ssl_channel_credentials(files.bundle.read_bytes()),
    )
    try:
        ask = channel.unary_unary("/service/method")
        answers = await asyncio.wait_for(asyncio.gather(*(ask(b"") for _ in range(3))), 10)
    finally:
        waiting.cancel()
        await channel.close()
        await server.stop(None)
    assert answers == [b"Bearer ours"] * 3
    assert len(look.threads) == 1
    assert look.threads[0] is not threading.main_thread()
    assert await waiting < LOOKING_TAKES / 2


async def test_firestores_client_is_made_without_looking_for_credentials(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    # gRPC reads its roots once in a process, and other tests' stand-ins are to be trusted later.
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(certificates().bundle))
    client = firestore_client("project")
    assert client.document("a/b")._client._firestore_api is not None
    assert look.threads == []
