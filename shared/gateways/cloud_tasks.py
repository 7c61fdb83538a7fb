"""Cloud Tasks: work for later, delivered over HTTP at least once, under a name that makes it unique."""

# The library annotates `retry` and google.auth.default with types that pyright cannot resolve.
# pyright: reportUnknownMemberType=false

import asyncio
import importlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import google.auth
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.api_core.retry import AsyncRetry, if_exception_type
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from shared.errors import ConfigurationError, UnavailableError

if TYPE_CHECKING:
    from google.cloud import tasks_v2

TIMEOUT_SECONDS = 5.0
"""For one operation with all its retries."""
RETRY = AsyncRetry(
    predicate=if_exception_type(
        exceptions.ServiceUnavailable,
        exceptions.ResourceExhausted,
        exceptions.InternalServerError,
        exceptions.Aborted,
    ),
    initial=0.1,
    maximum=1.0,
    multiplier=2.0,
    timeout=TIMEOUT_SECONDS,
)
DISPATCH_DEADLINE = timedelta(seconds=30)
"""How long a target may take before the attempt counts as failed."""
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


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
        self._endpoint = endpoint
        self._client: tasks_v2.CloudTasksAsyncClient | None = None
        self._connecting = asyncio.Lock()

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
        try:
            client = await self._connect()
            return await self._create(client, url, body, name, delay, audience or _origin(url))
        except DefaultCredentialsError as error:
            raise ConfigurationError(f"Cloud Tasks: {error}") from error
        except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError, TimeoutError) as error:
            raise UnavailableError(f"Cloud Tasks: {name}: {error}") from error

    async def connect(self) -> None:
        """Do ahead of the first `enqueue` what it would have to wait for. Raises nothing: `enqueue` will."""
        try:
            await self._connect()
        except (GoogleAuthError, TimeoutError):
            return

    async def aclose(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.transport.close()

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

    async def _connect(self) -> "tasks_v2.CloudTasksAsyncClient":
        async with self._connecting:
            if self._client is None:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    credentials = await asyncio.to_thread(_load)
                from google.cloud import tasks_v2

                self._client = tasks_v2.CloudTasksAsyncClient(
                    credentials=credentials, client_options=ClientOptions(api_endpoint=self._endpoint)
                )
            return self._client


def _load() -> Credentials:
    """What blocks: importing the library, and asking the metadata server who we are."""
    importlib.import_module("google.cloud.tasks_v2")
    return cast("Credentials", google.auth.default(default_scopes=_SCOPES)[0])


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
