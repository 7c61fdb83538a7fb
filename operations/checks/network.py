"""Names resolve, and certificates are valid for a while."""

import asyncio
import ipaddress
import socket
import ssl
import time
from contextlib import suppress
from urllib.parse import urlsplit

from operations.checks.finding import Finding, failed, ok, skipped
from operations.operator import Operator

TIMEOUT_SECONDS = 5.0
FEW_DAYS = 14
SIP_TLS_PORT = 5061


async def check_network(operator: Operator) -> list[Finding]:
    deployment = operator.deployment
    addresses = {
        "incoming_call": deployment.urls.incoming_call,
        "oauth": deployment.urls.oauth,
        "tools_api": deployment.urls.tools_api,
        **({"dashboard": deployment.urls.dashboard} if deployment.urls.dashboard else {}),
        "livekit": deployment.livekit_url,
        "sip": f"sips://{deployment.sip_host}",
    }
    found = await asyncio.gather(*(_check(name, address) for name, address in addresses.items()))
    return [finding for findings in found for finding in findings]


async def _check(name: str, address: str) -> list[Finding]:
    parts = urlsplit(address)
    host, encrypted = parts.hostname or "", parts.scheme in ("https", "wss", "sips")
    port = parts.port or (SIP_TLS_PORT if parts.scheme == "sips" else 443)
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, TimeoutError) as error:
        fix = (
            f"make a DNS record for {host} (terraform output dns), or correct the address in terraform.tfvars"
        )
        return [failed(f"dns {name}", f"{host} does not resolve: {error}", fix)]
    ip = str(found[0][4][0])
    findings = [ok(f"dns {name}", f"{host} is {ip}")]
    if ipaddress.ip_address(ip).is_loopback:
        return [*findings, skipped(f"tls {name}", "on this machine itself")]
    if not encrypted:
        fix = f"use an encrypted address instead of {parts.scheme}://"
        return [*findings, failed(f"tls {name}", f"{address} is not encrypted", fix)]
    return [*findings, await _certificate(name, host, port)]


async def _certificate(name: str, host: str, port: int) -> Finding:
    check = f"tls {name}"
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    except (OSError, TimeoutError) as error:
        fix = f"look at the certificate and the listener of {host}:{port}"
        return failed(check, f"{host}:{port}: {type(error).__name__}: {error}", fix)
    certificate = writer.get_extra_info("peercert")
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    days = int((ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) // 86400)
    if days < FEW_DAYS:
        return failed(check, f"the certificate ends in {days} days", f"renew the certificate of {host}")
    return ok(check, f"valid for {days} days")
