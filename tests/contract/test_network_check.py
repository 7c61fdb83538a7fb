"""`trunkline doctor` looks at every host name that people and programs come to, and at its certificate."""

import asyncio
import ssl
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from local.tls import ensure_certificates
from operations.checks import network
from operations.checks.finding import Finding
from operations.checks.network import check_network
from operations.deployment import Deployment
from operations.operator import Operator

pytestmark = pytest.mark.contract

HERE = "http://127.0.0.1:1"
DAY = 86400


async def looked_at(urls: dict[str, str], host: str) -> list[Finding]:
    """`host` has LiveKit and its SIP service."""
    deployment = Deployment.model_validate(
        {
            "project_id": "example-project",
            "urls": urls,
            "tasks_queue": "projects/example-project/locations/europe-west1/queues/calls",
            "livekit_url": f"wss://{host}",
            "sip_host": host,
        }
    )
    async with Operator.open(deployment, {}) as operator:
        return await check_network(operator)


@pytest.mark.parametrize(
    ("days", "authority", "said"),
    [
        (0, "ours", "valid for 364 days"),
        (350, "ours", "valid for 14 days"),
        (351, "ours", "the certificate ends in 13 days"),
        (0, "nobody's", "SSLCertVerificationError"),
    ],
)
async def test_a_certificate_that_ends_soon_or_that_nobody_vouches_for_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, authority: str, said: str
) -> None:
    files = ensure_certificates(tmp_path)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    if authority == "ours":
        monkeypatch.setenv("SSL_CERT_FILE", str(files.bundle))
    now = time.time() + days * DAY
    monkeypatch.setattr(network, "time", SimpleNamespace(time=lambda: now))
    # As if it were elsewhere: this machine's own addresses are not looked at.
    monkeypatch.setattr(
        network, "ipaddress", SimpleNamespace(ip_address=lambda _: SimpleNamespace(is_loopback=False))
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert, files.key)
    async with await asyncio.start_server(
        lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context
    ) as server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        parts = ("incoming_call", "oauth", "tools_api", "dashboard")
        found = await looked_at(dict.fromkeys(parts, f"https://{host}"), host)
    certificates = {each.check: each for each in found if each.check.startswith("tls ")}
    assert set(certificates) == {f"tls {part}" for part in (*parts, "livekit", "sip")}
    assert {each.status for each in certificates.values()} == {"ok" if said.startswith("valid") else "failed"}
    assert all(said in each.detail for each in certificates.values())


@pytest.mark.parametrize("part", ["incoming_call", "oauth", "tools_api", "dashboard"])
async def test_an_address_whose_name_does_not_resolve_is_found(part: str) -> None:
    urls = dict.fromkeys(("incoming_call", "oauth", "tools_api", "dashboard"), HERE)
    found = await looked_at(urls | {part: "https://nobody.invalid"}, "127.0.0.1:1")
    [finding] = [each for each in found if each.status == "failed"]
    assert finding.check == f"dns {part}"
    assert "make a DNS record for nobody.invalid" in finding.fix
