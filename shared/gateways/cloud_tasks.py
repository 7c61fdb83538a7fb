"""Cloud Tasks: work for later, delivered over HTTP at least once, under a name that makes it unique."""

# The library annotates `retry` with a type that pyright cannot resolve.
# pyright: reportUnknownMemberType=false

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from shared.gateways.google_cloud import RETRY, TIMEOUT_SECONDS, Connection, typed_errors

if TYPE_CHECKING:
    from google.cloud import tasks_v2

DISPATCH_DEADLINE = timedelta(seconds=30)
"""How long a target may take before the attempt counts as failed."""


class CloudTasksGateway:
    """Opens its channel with the first call, since functions fork after they were imported.

    The client library is imported then, too: it brings in aiohttp and would cost the phone edge about
    a quarter of its cold start.
    """

    def __init__(self, queue: str, service_account: str, endpoint: str | None = None) -> None:
        """`queue` is `projects/P/locations/L/queues/Q`; `service_account` is the e-mail in the OIDC token.

        `endpoint` is `host:port`; None is Google's own.
        """
        self._queue = queue
        self._service_account = service_account
        self._connection = Connection(endpoint, _client_class)

    async def enqueue(
        self,
        url: str,
        body: Mapping[str, Any],
        *,
        name: str,
        delay: timedelta = timedelta(0),
        audience: str | None = None,
    ) -> bool:
        """Have `body` posted to `url` as JSON after `delay`, until it is answered with 2xx.

        `name` ([A-Za-z0-9_-], at most 500) says what the task is for: enqueueing it again, even an hour
        after it ran, does nothing and returns False. The OIDC token's audience is the URL's origin unless
        given. Raises `UnavailableError`.
        """
        with typed_errors(f"Cloud Tasks: {name}"):
            client = await self._connection.client()
            return await self._create(client, url, body, name, delay, audience or _origin(url))

    async def connect(self) -> None:
        """Do ahead of the first `enqueue` what it would have to wait for. Raises nothing: `enqueue` will."""
        try:
            await self._connection.client()
        except (GoogleAuthError, TimeoutError):
            return

    async def aclose(self) -> None:
        await self._connection.aclose()

    async def _create(
        self,
        client: "tasks_v2.CloudTasksAsyncClient",
        url: str,
        body: Mapping[str, Any],
        name: str,
        delay: timedelta,
        audience: str,
    ) -> bool:
        from google.cloud import tasks_v2

        deadline = Duration()
        deadline.FromTimedelta(DISPATCH_DEADLINE)
        task = tasks_v2.Task(
            name=f"{self._queue}/tasks/{name}",
            dispatch_deadline=deadline,
            http_request=tasks_v2.HttpRequest(
                url=url,
                http_method=tasks_v2.HttpMethod.POST,
                headers={"Content-Type": "application/json"},
                body=json.dumps(body).encode(),
                oidc_token=tasks_v2.OidcToken(service_account_email=self._service_account, audience=audience),
            ),
        )
        if delay > timedelta(0):
            due = Timestamp()
            due.FromDatetime(datetime.now(UTC) + delay)
            task.schedule_time = due
        try:
            await client.create_task(parent=self._queue, task=task, retry=RETRY, timeout=TIMEOUT_SECONDS)
        except exceptions.AlreadyExists:
            return False
        return True


def _client_class() -> "Callable[..., tasks_v2.CloudTasksAsyncClient]":
    from google.cloud import tasks_v2

    return tasks_v2.CloudTasksAsyncClient


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
