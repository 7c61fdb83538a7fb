"""Signing in with the laptop's issuer, and how its keys are fetched and kept."""

import asyncio
import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import aiohttp
import psutil
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from local import commands
from local.cloud import Running
from local.environment import Ports
from local.identity.seeding import seed_members
from local.identity.server import AUDIENCE, Identity
from shared.errors import ConfigurationError, ForbiddenError, UnauthenticatedError, UnavailableError
from shared.gateways.signing_keys import (
    MIN_REFETCH_SECONDS,
    RETRY_AFTER_SECONDS,
    STALE_IF_ERROR_SECONDS,
    SigningKeys,
)
from shared.models.member import Member, Role
from shared.services.id_tokens import bearer_token
from shared.services.identity import IdentityService, user_id_for
from shared.services.members import MemberService
from tests.fakes import FakeDatabase

pytestmark = pytest.mark.contract

EMAIL = "olga@harbor.example"
DASHBOARD = "http://127.0.0.1:3000/signed-in"


@pytest.fixture
async def issuer(tmp_path: Path) -> AsyncGenerator[Identity]:
    async with Identity(tmp_path, redirect_uris=[DASHBOARD]) as started:
        yield started


async def test_signing_in_on_the_page_gives_a_token_that_we_accept(issuer: Identity) -> None:
    issuer.users.put(EMAIL)
    verifier = "v" * 43
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": AUDIENCE,
        "redirect_uri": DASHBOARD,
        "scope": "openid email",
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    async with aiohttp.ClientSession() as http:
        async with http.get(f"{issuer.url}/.well-known/openid-configuration") as answer:
            configuration = await answer.json()
        page = configuration["authorization_endpoint"]
        async with http.get(page, params=asked) as answer:
            assert EMAIL in await answer.text()
        async with http.post(page, params=asked, data={"email": EMAIL}, allow_redirects=False) as answer:
            back = parse_qs(urlsplit(answer.headers["Location"]).query)
        form = {
            "grant_type": "authorization_code",
            "code": back["code"][0],
            "redirect_uri": DASHBOARD,
            "client_id": AUDIENCE,
            "code_verifier": verifier,
        }
        async with http.post(configuration["token_endpoint"], data=form) as answer:
            token = (await answer.json())["id_token"]
        async with http.post(configuration["token_endpoint"], data=form) as again:
            assert again.status == 400

    user = await IdentityService([issuer.url], AUDIENCE).verify(token)

    assert back["state"] == ["s"]
    assert user.email == EMAIL


async def test_the_page_sends_nobody_to_an_address_that_is_not_registered(issuer: Identity) -> None:
    asked = {"response_type": "code", "scope": "openid", "redirect_uri": "https://evil.example"}
    async with aiohttp.ClientSession() as http, http.get(f"{issuer.url}/authorize", params=asked) as answer:
        assert answer.status == 400


async def test_people_and_key_survive_a_restart(tmp_path: Path) -> None:
    async with Identity(tmp_path) as first:
        token = first.token(EMAIL)
        port = first.port
    async with Identity(tmp_path, port) as second:
        user = await IdentityService([second.url], AUDIENCE).verify(token)

    assert user.subject == second.users.put(EMAIL).subject


async def test_seeded_members_can_sign_in(issuer: Identity) -> None:
    database = FakeDatabase()
    await seed_members(database, issuer.url, {"harbor": {EMAIL: Role.OWNER}})  # pyright: ignore[reportArgumentType]
    user = await IdentityService([issuer.url], AUDIENCE).verify(issuer.token(EMAIL))

    member = await MemberService(database).require(user, "harbor", Role.OWNER)  # pyright: ignore[reportArgumentType]

    assert member.email == EMAIL


async def test_a_token_is_printed_for_a_known_e_mail_and_a_mistyped_one_is_told_the_known_ones(
    issuer: Identity, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The mistyped one became somebody new, with a token that opens nothing."""
    issuer.users.put(EMAIL)
    ports = Ports.choose().model_copy(update={"identity": issuer.port})
    running = Running(ports=ports, pids={os.getpid(): psutil.Process().create_time()})
    (tmp_path / "running.json").write_text(running.model_dump_json())

    assert await commands.token(EMAIL, tmp_path) == 0
    printed = capsys.readouterr().out.strip()
    assert (await IdentityService([issuer.url], AUDIENCE).verify(printed)).email == EMAIL
    with pytest.raises(ConfigurationError, match=f"^email: expected one of {EMAIL}, found 'olga@harbour'$"):
        await commands.token("olga@harbour", tmp_path)
    assert [user.email for user in issuer.users.all()] == [EMAIL]


async def test_an_address_that_nobody_verified_is_not_taken(issuer: Identity) -> None:
    token = issuer.token(EMAIL, claims={"email_verified": False})

    assert (await IdentityService([issuer.url], AUDIENCE).verify(token)).email is None


async def test_a_subject_is_another_person_at_another_issuer() -> None:
    assert user_id_for("https://a.example", "1") != user_id_for("https://b.example", "1")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic abc", "abc"])
def test_a_header_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(UnauthenticatedError):
        bearer_token(header)


class KeyServer:
    """Counts how often it is asked for its issuer's keys."""

    def __init__(self, issuer: Identity) -> None:
        self.asked = 0
        self.status = 200
        self.headers = {"Cache-Control": "public, max-age=100"}
        self.keys = issuer._key.jwks()

    async def answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        return web.json_response(self.keys, status=self.status, headers=self.headers)


@pytest.fixture
async def key_server(issuer: Identity) -> AsyncGenerator[tuple[KeyServer, str]]:
    server = KeyServer(issuer)
    app = web.Application()
    app.add_routes([web.get("/keys", server.answer)])
    async with TestServer(app) as running:
        yield server, str(running.make_url("/keys"))


async def test_keys_are_kept_as_long_as_their_header_says(
    key_server: tuple[KeyServer, str],
) -> None:
    server, url = key_server
    seconds = 0.0
    keys = SigningKeys(url, clock=lambda: seconds)

    found = await asyncio.gather(*(keys.find("laptop-1") for _ in range(20)))
    seconds = 99
    await keys.find("laptop-1")
    assert server.asked == 1
    seconds = 101
    await keys.find("laptop-1")

    assert all(found)
    assert server.asked == 2


async def test_an_unknown_key_is_looked_for_but_not_by_everybody_who_makes_one_up(
    key_server: tuple[KeyServer, str],
) -> None:
    server, url = key_server
    seconds = 0.0
    keys = SigningKeys(url, clock=lambda: seconds)

    assert [await keys.find(f"made-up-{n}") for n in range(50)] == [None] * 50
    assert server.asked == 1
    seconds = MIN_REFETCH_SECONDS
    await keys.find("made-up")
    assert server.asked == 2


async def test_without_keys_nobody_is_let_in_or_sent_away_for_good(
    key_server: tuple[KeyServer, str],
) -> None:
    server, url = key_server
    server.status = 500

    with pytest.raises(UnavailableError):
        await SigningKeys(url).find("x")


async def test_while_the_keys_server_fails_known_keys_are_good_for_an_hour_and_nobody_waits_for_it(
    key_server: tuple[KeyServer, str],
) -> None:
    """A sign-in service that was down for a moment used to stop everybody, one time-out after the other."""
    server, url = key_server
    seconds = 0.0
    keys = SigningKeys(url, clock=lambda: seconds)
    await keys.find("laptop-1")
    server.status = 500

    seconds = 101
    assert all(await asyncio.gather(*(keys.find("laptop-1") for _ in range(20))))
    with pytest.raises(UnavailableError):  # perhaps a new key, which nobody could look at
        await keys.find("laptop-2")
    assert server.asked == 2
    seconds += RETRY_AFTER_SECONDS
    assert await keys.find("laptop-1")
    assert server.asked == 3
    seconds = 100 + STALE_IF_ERROR_SECONDS
    with pytest.raises(UnavailableError):
        await keys.find("laptop-1")
    server.status, seconds = 200, seconds + RETRY_AFTER_SECONDS
    assert await keys.find("laptop-1")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
async def test_a_role_may_do_what_lesser_roles_may(issuer: Identity, role: Role, needed: Role) -> None:
    user = await IdentityService([issuer.url], AUDIENCE).verify(issuer.token(EMAIL))
    member = Member(role=role).to_firestore()
    members = MemberService(FakeDatabase({f"tenants/harbor/members/{user.user_id}": member}))  # pyright: ignore[reportArgumentType]
    order = [Role.VIEWER, Role.EDITOR, Role.OWNER]

    if order.index(role) >= order.index(needed):
        assert (await members.require(user, "harbor", needed)).role is role
    else:
        with pytest.raises(ForbiddenError):
            await members.require(user, "harbor", needed)
    with pytest.raises(ForbiddenError):
        await members.require(user, "other", needed)
