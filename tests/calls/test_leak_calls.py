"""No secret of a tenant is anywhere that a call leaves traces, whether its tools work or fail.

Whole calls on the laptop cloud at LOG_LEVEL=DEBUG, and what people and Twilio then read and do about them;
then a search for every stored secret and every token that was used: in Firestore, the logs of all parts, the
functions' answers, LiveKit's metadata and all that the model was sent. There are no traces to search: the
product writes none.
"""

import asyncio
import os
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from google.protobuf.json_format import MessageToJson
from livekit import api

from local import environment as env
from local.livekit.real import find_server
from local.play import CONTROL_TIMEOUT
from local.scenario import AgentStep, CallTool, Scenario
from shared.gateways.firestore import firestore_client
from shared.gateways.secret_manager import SecretGoneError, SecretManagerGateway
from tests.calls.all_answers import Answers
from tests.calls.laptop import Laptop, TestTenant, running_cloud, scenario
from tests.leaks import firestore_contents, leaks

pytestmark = [pytest.mark.calls, pytest.mark.timeout(240)]

POLL_SECONDS = 0.2

CANARY = "canary-key-that-somebody-typed-into-a-form"
SES = {
    "from_address": "desk@harbor.example",
    "region": "us-east-1",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": CANARY,
}


@asynccontextmanager
async def watched_rooms(laptop: Laptop) -> AsyncGenerator[list[str]]:
    """What LiveKit tells everybody in a room, collected while calls run."""
    seen: set[str] = set()
    texts: list[str] = []
    url = laptop.cloud.ports.url("livekit")

    async def watch() -> None:
        async with api.LiveKitAPI(url, env.LIVEKIT_KEY, env.LIVEKIT_SECRET) as livekit:
            while True:
                with suppress(api.TwirpError, aiohttp.ClientError, TimeoutError):
                    await look(livekit)
                await asyncio.sleep(POLL_SECONDS)

    async def look(livekit: api.LiveKitAPI) -> None:
        for room in (await livekit.room.list_rooms(api.ListRoomsRequest())).rooms:
            asked = api.ListParticipantsRequest(room=room.name)
            people = (await livekit.room.list_participants(asked)).participants
            dispatches = await livekit.agent_dispatch.list_dispatch(room.name)
            for message in (room, *people, *dispatches):
                text = MessageToJson(message)
                if text not in seen:
                    seen.add(text)
                    texts.append(text)

    watching = asyncio.create_task(watch())
    try:
        yield texts
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def revoke(laptop: Laptop, tenant: TestTenant) -> None:
    """As the account's owner does at Google."""
    account = next(iter(tenant.seed.calendars))
    body = {"email": account, "client_id": env.OAUTH_CLIENT_ID}
    await control(laptop, "google", "DELETE", "/_local/refresh-tokens", body)


async def control(laptop: Laptop, part: str, method: str, path: str, body: Any = None) -> Any:
    async with (
        aiohttp.ClientSession(laptop.cloud.ports.url(part), timeout=CONTROL_TIMEOUT) as http,
        http.request(method, path, json=body) as answer,
    ):
        answer.raise_for_status()
        return await answer.json() if answer.content_type == "application/json" else None


async def known_secrets(laptop: Laptop) -> dict[str, list[str]]:
    secrets = SecretManagerGateway(env.PROJECT, f"localhost:{laptop.cloud.ports.google_grpc}")
    stored: list[str] = []
    for secret_id in await secrets.list_secrets({}):
        with suppress(SecretGoneError):  # destroyed by its disconnection
            stored.append((await secrets.access_latest(secret_id))[1].get_secret_value())
    await secrets.aclose()
    database = sqlite3.connect(laptop.cloud.state / "google" / "google.sqlite")
    tokens = [
        row[0]
        for table in ("access_tokens", "refresh_tokens")
        for row in database.execute(f"SELECT token FROM {table}")
    ]
    database.close()
    return {
        "stored secret": stored,
        "token": tokens,
        "client secret": [env.OAUTH_CLIENT_SECRET],
        "LiveKit secret": [env.LIVEKIT_SECRET],
        "Twilio token": [env.TWILIO_AUTH_TOKEN],
        "SIP password": [env.SIP_PASSWORD],
    }


def _joined(one: dict[str, list[str]], other: dict[str, list[str]]) -> dict[str, list[str]]:
    return {kind: sorted({*one.get(kind, []), *other.get(kind, [])}) for kind in one | other}


def product_logs(state: Path) -> list[str]:
    parts = ("incoming_call", "worker", "oauth", "tools_api")
    return [
        line for part in parts for line in (state / "logs" / f"{part}.log").read_text("utf-8").splitlines()
    ]


def asking_in_vain() -> Scenario:
    """The calendar does not open, the agent is told what to say, and the call goes on to its goodbye."""
    booking, mailing = scenario("book-a-slot"), scenario("send-email")
    first = booking.turns[0]
    steps: list[AgentStep] = [
        step.model_copy(update={"expect": ["has to connect it again"]})
        for step in first.agent
        if isinstance(step, CallTool)
    ]
    steps.append(mailing.turns[-1].agent[0])
    asking = first.model_copy(update={"agent": steps[:1] + steps[-1:]})
    expect = mailing.expect.model_copy(update={"tools": [], "hears": []})
    return booking.model_copy(
        update={"turns": [asking, mailing.turns[-1]], "hangs_up": mailing.hangs_up, "expect": expect}
    )


async def test_calls_leave_no_secret_behind(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(os.environ, "LOG_LEVEL", "DEBUG")
    livekit = "embedded" if find_server() is None else "real"
    state = tmp_path_factory.mktemp("laptop")
    async with (
        running_cloud(state, livekit, console=True) as laptop,
        # A function may close a connection that has been idle in the moment in which it is used again.
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True), timeout=CONTROL_TIMEOUT
        ) as http,
    ):
        works, mails, fails = [await laptop.tenant() for _ in range(3)]
        secrets = await known_secrets(laptop)
        await revoke(laptop, fails)
        async with watched_rooms(laptop) as rooms:
            reports = await asyncio.gather(
                works.player.play(works.dialling(scenario("book-a-slot")), name="works"),
                mails.player.play(mails.dialling(scenario("send-email")), name="mails"),
                fails.player.play(fails.dialling(asking_in_vain()), name="fails"),
            )
        answers = Answers(laptop, http)
        for tenant in (works, mails, fails):
            await answers.twilio(tenant)
            token = await answers.owner_of(tenant)
            await answers.set_secret(tenant, token, "send_email", SES)
            await answers.read_all(tenant, token)
            secrets = _joined(secrets, await known_secrets(laptop) | {"ID token": [token]})
            await answers.connections(tenant, token)
            await answers.read_all(tenant, token)
        secrets = _joined(secrets, await known_secrets(laptop))
        documents = await firestore_contents(firestore_client(env.PROJECT))
        sent = await control(laptop, "gemini_control", "GET", "/_local/sent")
        places = {
            "Firestore": documents,
            "logs": product_logs(laptop.cloud.state),
            "LiveKit": rooms,
            "the model": [str(text) for text in sent],
            **answers.texts,
        }

    assert any('"tool.disconnected"' in document for document in documents), "the owner is told"
    assert all(places.values()), "there is something to search in each place"
    assert all(secrets.values()), "there is something of each kind to search for"
    assert any('"DEBUG"' in line for line in places["logs"])
    # Twilio dials LiveKit with it.
    assert any(env.SIP_PASSWORD in text for text in places["incoming_call"])
    places["incoming_call"] = [text.replace(env.SIP_PASSWORD, "") for text in places["incoming_call"]]
    assert any(CANARY in stored for stored in secrets["stored secret"])
    assert leaks(secrets, places) == []
    assert [report.failures for report in reports] == [[], [], []]
