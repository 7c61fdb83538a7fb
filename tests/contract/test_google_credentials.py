"""Who we are is asked of a metadata server that may take its time: the event loop does not wait for it."""

import asyncio
import threading
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

WAIT_SECONDS = 5.0


class Handler(grpc.GenericRpcHandler):
    """Answers any request with the token that came with it."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        headers = dict(handler_call_details.invocation_metadata)

        async def answer(request: bytes, context: Any) -> bytes:
            return str(headers["authorization"]).encode()

        return grpc.unary_unary_rpc_method_handler(answer)


class Look:
    """google.auth.default, which takes until the event loop has run, and tells whether it did."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.threads: list[threading.Thread] = []
        self.loop_ran: bool | None = None
        self._loop = loop

    def __call__(self, *_: Any, **__: Any) -> tuple[Credentials, str]:
        self.threads.append(threading.current_thread())
        ran = threading.Event()
        self._loop.call_soon_threadsafe(ran.set)
        self.loop_ran = ran.wait(WAIT_SECONDS)
        return Credentials(token="ours"), "project"


@pytest.fixture
async def look(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Look:
    look = Look(asyncio.get_running_loop())
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "never looked for before"))
    monkeypatch.setattr(google.auth, "default", look)
    return look


async def test_the_loop_runs_on_while_credentials_are_looked_for(tmp_path: Path, look: Look) -> None:
    files = ensure_certificates(tmp_path)
    key, cert = files.key.read_bytes(), files.cert.read_bytes()
    server = grpc.aio.server()
    server.add_generic_rpc_handlers([Handler()])
    port = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([(key, cert)]))
    await server.start()
    channel = create_channel(
        f"localhost:{port}",
        credentials=CredentialsFoundLater(),
        ssl_credentials=grpc.ssl_channel_credentials(files.bundle.read_bytes()),
    )
    try:
        ask = channel.unary_unary("/service/method")
        answers = await asyncio.wait_for(asyncio.gather(*(ask(b"") for _ in range(3))), 3 * WAIT_SECONDS)
    finally:
        await channel.close()
        await server.stop(None)
    assert answers == [b"Bearer ours"] * 3
    assert len(look.threads) == 1
    assert look.threads[0] is not threading.main_thread()
    assert look.loop_ran


async def test_firestores_client_is_made_without_looking_for_credentials(
    look: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FIRESTORE_EMULATOR_HOST", raising=False)
    # gRPC reads its roots once in a process, and other tests' stand-ins are to be trusted later.
    monkeypatch.setenv("GRPC_DEFAULT_SSL_ROOTS_FILE_PATH", str(certificates().bundle))
    client = firestore_client("project")
    assert client.document("a/b")._client._firestore_api is not None
    assert look.threads == []
