"""The gateway and the official client against the stand-in of Cloud Tasks, with a real HTTP target."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Self

import jwt
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from google.api_core import exceptions
from google.auth.transport.requests import Request
from google.cloud import tasks_v2 as ct
from google.oauth2 import id_token

from local.google.faults import Fault
from local.google.messages import duration
from local.google.server import GoogleStandIn
from shared.errors import UnavailableError
from shared.gateways import cloud_tasks
from shared.gateways.cloud_tasks import CloudTasksGateway
from tests.contract.google_stand_in import PROJECT, QUEUE, acting_as, stand_in, tasks_client
from tests.waiting import eventually

pytestmark = pytest.mark.contract

INVOKER = f"incoming-call@{PROJECT}.iam.gserviceaccount.com"


@dataclass
class Delivered:
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Target:
    """A web server that takes tasks; answers with each of `statuses` once, then with 200."""

    statuses: list[int] = field(default_factory=list)
    url: str = ""

    async def __aenter__(self) -> Self:
        self._received: asyncio.Queue[Delivered] = asyncio.Queue()
        app = web.Application()
        app.router.add_post("/tasks/watchdog", self._take)
        self._server = TestServer(app)
        await self._server.start_server()
        self.url = str(self._server.make_url("/tasks/watchdog"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    async def _take(self, request: web.Request) -> web.Response:
        await self._received.put(Delivered(dict(request.headers), await request.read(), time.time()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)

    async def next(self) -> Delivered:
        async with asyncio.timeout(10):
            return await self._received.get()

    def nothing_more(self) -> bool:
        return self._received.empty()


@pytest.fixture
async def google(tmp_path: Path) -> AsyncIterator[GoogleStandIn]:
    async with stand_in(tmp_path) as started:
        yield started


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    async with Target() as started:
        yield started


@pytest.fixture
async def gateway(google: GoogleStandIn, tmp_path: Path) -> AsyncIterator[CloudTasksGateway]:
    with acting_as("incoming-call", google, tmp_path) as env:
        gateway = CloudTasksGateway(QUEUE, INVOKER, env["CLOUD_TASKS_ENDPOINT"])
        yield gateway
        await gateway.aclose()


@pytest.fixture
async def client(google: GoogleStandIn, tmp_path: Path) -> AsyncIterator[ct.CloudTasksAsyncClient]:
    async with tasks_client(google, tmp_path) as client:
        yield client


async def _gone(client: ct.CloudTasksAsyncClient, queue: str = QUEUE) -> None:
    """Wait until the queue is empty: a task ends a moment after its target has answered."""

    async def is_empty() -> bool:
        return not [task async for task in await client.list_tasks(parent=queue)]

    await eventually(is_empty, f"{queue} is empty")


class TestGateway:
    async def test_a_task_arrives_as_json_with_a_token_for_the_urls_origin(
        self, gateway: CloudTasksGateway, target: Target, google: GoogleStandIn
    ) -> None:
        assert await gateway.enqueue(target.url, {"session_id": "call-ca1"}, name="watchdog-call-ca1")
        delivered = await target.next()

        assert delivered.body == b'{"session_id": "call-ca1"}'
        assert delivered.headers["Content-Type"] == "application/json"
        assert delivered.headers["X-CloudTasks-TaskName"] == "watchdog-call-ca1"
        assert delivered.headers["X-CloudTasks-QueueName"] == "calls"
        assert delivered.headers["X-CloudTasks-TaskRetryCount"] == "0"
        token = delivered.headers["Authorization"].removeprefix("Bearer ")
        # The official library checks signature, expiry and audience against the published certificates.
        claims = await asyncio.to_thread(
            id_token.verify_token,
            token,
            Request(),
            audience=target.url.removesuffix("/tasks/watchdog"),
            certs_url=f"{google.url}/oauth2/v1/certs",
        )
        assert claims["email"] == INVOKER
        assert claims["email_verified"] is True
        assert claims["iss"] == "https://accounts.google.com"

    async def test_the_same_name_is_delivered_once_even_after_it_ran(
        self, gateway: CloudTasksGateway, target: Target, client: ct.CloudTasksAsyncClient
    ) -> None:
        assert await gateway.enqueue(target.url, {}, name="once")
        await target.next()
        await _gone(client)
        assert not await gateway.enqueue(target.url, {}, name="once")
        await _gone(client)
        assert target.nothing_more()

    async def test_a_delayed_task_waits(self, gateway: CloudTasksGateway, target: Target) -> None:
        enqueued = time.time()
        await gateway.enqueue(target.url, {}, name="later", delay=timedelta(seconds=0.4))
        delivered = await target.next()
        assert delivered.at - enqueued >= 0.4

    async def test_a_short_outage_is_bridged_by_a_retry(
        self, gateway: CloudTasksGateway, google: GoogleStandIn, target: Target
    ) -> None:
        google.faults.plan(Fault(path="/google.cloud.tasks.v2", count=2, status=503))
        assert await gateway.enqueue(target.url, {}, name="retried")
        await target.next()

    async def test_a_missing_queue_is_unavailable(
        self, google: GoogleStandIn, tmp_path: Path, target: Target
    ) -> None:
        with acting_as("incoming-call", google, tmp_path) as env:
            gateway = CloudTasksGateway(f"{QUEUE}-2", INVOKER, env["CLOUD_TASKS_ENDPOINT"])
            with pytest.raises(UnavailableError, match="queue does not exist"):
                await gateway.enqueue(target.url, {}, name="lost")
            await gateway.aclose()

    async def test_a_part_without_permission_cannot_enqueue(
        self, google: GoogleStandIn, tmp_path: Path, target: Target
    ) -> None:
        with acting_as("worker", google, tmp_path) as env:
            gateway = CloudTasksGateway(QUEUE, INVOKER, env["CLOUD_TASKS_ENDPOINT"])
            with pytest.raises(UnavailableError, match=r"cloudtasks\.tasks\.create"):
                await gateway.enqueue(target.url, {}, name="refused")
            await gateway.aclose()

    async def test_nobody_listening_is_unavailable(
        self, google: GoogleStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cloud_tasks, "TIMEOUT_SECONDS", 0.3)
        monkeypatch.setattr(cloud_tasks, "RETRY", cloud_tasks.RETRY.with_timeout(0.3))
        with acting_as("incoming-call", google, tmp_path):
            gateway = CloudTasksGateway(QUEUE, INVOKER, "localhost:1")
            with pytest.raises(UnavailableError):
                await gateway.enqueue("http://127.0.0.1:1/", {}, name="lost")
            await gateway.aclose()


class TestStandIn:
    async def test_a_failing_target_is_tried_again_with_a_count(
        self, gateway: CloudTasksGateway, target: Target, client: ct.CloudTasksAsyncClient
    ) -> None:
        target.statuses = [500, 302, 404]
        await gateway.enqueue(target.url, {}, name="stubborn")
        counts = [(await target.next()).headers["X-CloudTasks-TaskRetryCount"] for _ in range(4)]
        assert counts == ["0", "1", "2", "3"]
        await _gone(client)

    async def test_the_last_allowed_attempt_ends_the_task(
        self, target: Target, client: ct.CloudTasksAsyncClient
    ) -> None:
        queue = ct.Queue(
            name=f"{QUEUE}-short",
            retry_config=ct.RetryConfig(max_attempts=2, min_backoff=duration(timedelta(milliseconds=1))),
        )
        await client.create_queue(parent=QUEUE.partition("/queues/")[0], queue=queue)
        target.statuses = [500] * 5
        task = ct.Task(http_request=ct.HttpRequest(url=target.url))
        await client.create_task(parent=queue.name, task=task)
        await target.next()
        await target.next()
        await _gone(client, queue.name)
        assert target.nothing_more()

    async def test_a_waiting_task_can_be_seen_run_and_deleted(
        self, gateway: CloudTasksGateway, target: Target, client: ct.CloudTasksAsyncClient
    ) -> None:
        for name in ("run", "delete"):
            await gateway.enqueue(target.url, {"for": name}, name=name, delay=timedelta(hours=1))
        name = f"{QUEUE}/tasks/run"
        assert not (await client.get_task(name=name)).http_request.body
        full = await client.get_task(request=ct.GetTaskRequest(name=name, response_view=ct.Task.View.FULL))
        assert full.http_request.body == b'{"for": "run"}'

        await client.delete_task(name=f"{QUEUE}/tasks/delete")
        await client.run_task(name=name)
        assert (await target.next()).body == b'{"for": "run"}'
        await _gone(client)
        with pytest.raises(exceptions.NotFound):
            await client.get_task(name=f"{QUEUE}/tasks/delete")

    async def test_a_waiting_task_survives_a_restart(self, tmp_path: Path, target: Target) -> None:
        async with stand_in(tmp_path) as google:
            with acting_as("incoming-call", google, tmp_path) as env:
                gateway = CloudTasksGateway(QUEUE, INVOKER, env["CLOUD_TASKS_ENDPOINT"])
                await gateway.enqueue(target.url, {"kept": True}, name="kept", delay=timedelta(hours=1))
                await gateway.aclose()
        assert target.nothing_more()
        async with stand_in(tmp_path, clock=lambda: time.time() + 3600):
            assert (await target.next()).body == b'{"kept": true}'

    @pytest.mark.parametrize(
        ("task", "complaint"),
        [
            (ct.Task(name="elsewhere/tasks/t", http_request=ct.HttpRequest(url="http://x/")), "task name"),
            (ct.Task(name=f"{QUEUE}/tasks/a b", http_request=ct.HttpRequest(url="http://x/")), "task name"),
            (ct.Task(http_request=ct.HttpRequest(url="ftp://x/")), "HttpRequest.url"),
            (ct.Task(http_request=ct.HttpRequest(url="http://x/", body=b"x" * 2**20)), "too large"),
        ],
    )
    async def test_a_malformed_task_is_refused(
        self, client: ct.CloudTasksAsyncClient, task: ct.Task, complaint: str
    ) -> None:
        with pytest.raises(exceptions.InvalidArgument, match=complaint):
            await client.create_task(parent=QUEUE, task=task)

    async def test_what_is_not_implemented_says_so_by_name(self, client: ct.CloudTasksAsyncClient) -> None:
        with pytest.raises(exceptions.MethodNotImplemented, match="PurgeQueue"):
            await client.purge_queue(name=QUEUE)

    async def test_the_published_key_set_verifies_tokens_too(
        self, gateway: CloudTasksGateway, target: Target, google: GoogleStandIn
    ) -> None:
        await gateway.enqueue(target.url, {}, name="jwks")
        token = (await target.next()).headers["Authorization"].removeprefix("Bearer ")
        keys = jwt.PyJWKClient(f"{google.url}/oauth2/v3/certs")
        key = await asyncio.to_thread(keys.get_signing_key_from_jwt, token)
        claims = jwt.decode(
            token, key, algorithms=["RS256"], audience=target.url.removesuffix("/tasks/watchdog")
        )
        assert claims["exp"] - claims["iat"] == 3600
