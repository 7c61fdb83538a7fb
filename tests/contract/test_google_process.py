"""The stand-in as a process: its command line, and what it leaves behind when it is told to stop."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from local.free_port import free_port
from local.google.identity import PARTS
from tests.contract.google_stand_in import certificates
from tests.processes import accepting

pytestmark = pytest.mark.contract


async def _start(state: Path, port: int, grpc_port: int, *more: str) -> asyncio.subprocess.Process:
    tls = certificates()
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "local.google", "--port", str(port), "--grpc-port", str(grpc_port), "--state", str(state)),
        *("--tls-cert", str(tls.cert), "--tls-key", str(tls.key), "--project", "p", *more),
        stderr=asyncio.subprocess.PIPE,
    )


async def test_it_is_ready_when_grpc_listens_and_stops_when_it_is_told_to(tmp_path: Path) -> None:
    port, grpc_port = free_port(), free_port()
    process = await _start(tmp_path / "state", port, grpc_port, "--oauth-client-id", "mine")
    try:
        await accepting(process, grpc_port)
        url = f"http://127.0.0.1:{port}"
        for part in PARTS:
            key = json.loads((tmp_path / "state" / "keys" / f"{part}.json").read_text())
            assert key["client_email"] == f"{part}@p.iam.gserviceaccount.com"
            assert key["token_uri"] == f"{url}/token"
        async with aiohttp.ClientSession(url, raise_for_status=True) as session:
            await session.post("/_local/accounts", json={"email": "a@example.com"})
            body = {"email": "a@example.com", "scopes": ["openid"], "client_id": "mine"}
            granted = await (await session.post("/_local/refresh-tokens", json=body)).json()
            assert granted["refresh_token"]
    finally:
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            _, log = await process.communicate()
    assert process.returncode == 0
    assert b"Traceback" not in log


async def test_a_mistake_in_the_policy_ends_it_with_one_line(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("grants: nothing")
    process = await _start(tmp_path / "state", 0, 0, "--policy", str(policy))
    async with asyncio.timeout(30):
        _, log = await process.communicate()
    assert process.returncode == 2
    assert log.decode().splitlines()[-1].startswith(f"{policy}: grants: ")
