"""Cloud Tasks' tokens are checked with keys that are fetched as seldom as their headers allow."""

import time
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local.google.identity import Identity
from shared.errors import UnauthenticatedError, UnavailableError
from shared.gateways.signing_keys import MIN_REFETCH_SECONDS, SigningKeys
from shared.services.id_tokens import GOOGLE_ISSUERS, IdTokenVerifier

pytestmark = pytest.mark.contract

AUDIENCE = "https://voice.example.com"


class Certificates:
    """An endpoint like Google's, which counts how often it is asked."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.fetches = 0
        self.fails = False

    async def serve(self, _: web.Request) -> web.Response:
        self.fetches += 1
        if self.fails:
            return web.Response(status=500)
        headers = {"Cache-Control": "public, max-age=600, must-revalidate"}
        return web.json_response(self.identity.certificates(), headers=headers)


class Verifier(IdTokenVerifier):
    def __init__(self, url: str) -> None:
        self.now = 1000.0
        super().__init__(SigningKeys(url, clock=lambda: self.now), GOOGLE_ISSUERS, AUDIENCE)


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(Identity(tmp_path, "project", "http://127.0.0.1/token"))


@pytest.fixture
async def verifier(certificates: Certificates) -> AsyncGenerator[Verifier]:
    application = web.Application()
    application.router.add_get("/certs", certificates.serve)
    async with TestServer(application) as server:
        yield Verifier(str(server.make_url("/certs")))


def token(identity: Identity) -> str:
    now = int(time.time())
    claims = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "iat": now, "exp": now + 60}
    return identity.sign(claims | {"sub": "1"})


async def test_keys_are_kept_as_long_as_their_header_says(
    certificates: Certificates, verifier: Verifier
) -> None:
    for elapsed, fetches in [(0, 1), (599, 1), (601, 2)]:
        verifier.now = 1000.0 + elapsed
        await verifier.verify(token(certificates.identity))
        assert certificates.fetches == fetches


async def test_an_unknown_key_is_looked_for_but_not_with_every_request(
    certificates: Certificates, verifier: Verifier, tmp_path: Path
) -> None:
    await verifier.verify(token(certificates.identity))
    rotated = Identity(tmp_path / "rotated", "project", "http://127.0.0.1/token")
    for _ in range(3):
        with pytest.raises(UnauthenticatedError):
            await verifier.verify(token(rotated))
    assert certificates.fetches == 1
    certificates.identity = rotated
    verifier.now += MIN_REFETCH_SECONDS
    await verifier.verify(token(rotated))
    assert certificates.fetches == 2


async def test_without_keys_the_task_is_asked_to_come_back(
    certificates: Certificates, verifier: Verifier
) -> None:
    certificates.fails = True
    with pytest.raises(UnavailableError):
        await verifier.verify(token(certificates.identity))
