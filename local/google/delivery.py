"""Carries out Cloud Tasks: sends each due task's HTTP request until a 2xx answer or the last attempt."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import aiohttp
from google.cloud import tasks_v2 as ct
from google.rpc import code_pb2, status_pb2

from local.google.cloud_tasks import CloudTasks
from local.google.identity import Identity
from local.google.messages import seconds, span, timestamp

_log = logging.getLogger(__name__)

_MAX_CONCURRENT = 100
_TOKEN_LIFETIME = timedelta(hours=1)
_OWN_HEADERS = ("x-cloudtasks-", "x-google-", "host", "content-length", "user-agent")


class Delivery:
    """Delivers at least once: a task whose attempt was cut off by a restart is sent again."""

    def __init__(self, identity: Identity, clock: Callable[[], float]) -> None:
        self._identity = identity
        self._clock = clock
        self._wake = asyncio.Event()
        self._attempts: dict[str, asyncio.Task[None]] = {}

    def wake(self) -> None:
        self._wake.set()

    async def run(self, tasks: CloudTasks) -> None:
        """Until cancelled."""
        async with aiohttp.ClientSession() as session:
            try:
                while True:
                    self._wake.clear()
                    self._start_due(tasks, session)
                    await self._until_due(tasks.next_due())
            finally:
                for attempt in self._attempts.values():
                    attempt.cancel()
                await asyncio.gather(*self._attempts.values(), return_exceptions=True)

    def _start_due(self, tasks: CloudTasks, session: aiohttp.ClientSession) -> None:
        for task in tasks.due():
            if len(self._attempts) >= _MAX_CONCURRENT:
                return  # the end of an attempt wakes the loop
            if task.name not in self._attempts:
                attempt = asyncio.create_task(self._attempt(tasks, session, task), name=task.name)
                self._attempts[task.name] = attempt
                attempt.add_done_callback(self._attempt_ended)

    async def _until_due(self, due: float | None) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - self._clock())):
                await self._wake.wait()

    def _attempt_ended(self, attempt: asyncio.Task[None]) -> None:
        del self._attempts[attempt.get_name()]
        self._wake.set()
        if not attempt.cancelled() and (error := attempt.exception()):
            _log.error("delivering %s failed", attempt.get_name(), exc_info=error)

    async def _attempt(self, tasks: CloudTasks, session: aiohttp.ClientSession, task: ct.Task) -> None:
        headers = self._headers(task)
        attempt = ct.Attempt(schedule_time=task.schedule_time, dispatch_time=timestamp(self._clock()))
        task.dispatch_count += 1
        status = await self._send(session, task, headers)
        attempt.response_time = timestamp(self._clock())
        attempt.response_status = _rpc_status(status)
        task.last_attempt = attempt
        if task.dispatch_count == 1:
            task.first_attempt = ct.Attempt(dispatch_time=attempt.dispatch_time)
        if status is not None:
            task.response_count += 1
        if status is not None and 200 <= status < 300:
            tasks.end(task.name)
            return
        retries = tasks.queue(task.name.partition("/tasks/")[0]).retry_config
        if exhausted(task, retries, self._clock()):
            _log.warning("giving up on %s after %d attempts", task.name, task.dispatch_count)
            tasks.end(task.name)
            return
        pause = backoff(task.dispatch_count, retries)
        task.schedule_time = timestamp(self._clock() + pause.total_seconds())
        tasks.save(task)

    async def _send(
        self, session: aiohttp.ClientSession, task: ct.Task, headers: dict[str, str]
    ) -> int | None:
        request = task.http_request
        verb = request.http_method.name if request.http_method else "POST"
        try:
            async with session.request(
                verb,
                request.url,
                data=request.body or None,
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=span(task.dispatch_deadline).total_seconds()),
            ) as response:
                await response.read()
                status = response.status
        except (aiohttp.ClientError, TimeoutError) as error:
            _log.warning("%s: %s %s: %r", task.name, verb, request.url, error)
            return None
        _log.info("%s: %s %s: %d", task.name, verb, request.url, status)
        return status

    def _headers(self, task: ct.Task) -> dict[str, str]:
        request = task.http_request
        headers = {
            name: value
            for name, value in request.headers.items()
            if not name.lower().startswith(_OWN_HEADERS)
        }
        if request.body and "content-type" not in {name.lower() for name in headers}:
            headers["Content-Type"] = "application/octet-stream"
        queue, _, task_id = task.name.partition("/tasks/")
        headers |= {
            "User-Agent": "Google-Cloud-Tasks",
            "X-CloudTasks-QueueName": queue.rpartition("/")[2],
            "X-CloudTasks-TaskName": task_id,
            "X-CloudTasks-TaskRetryCount": str(task.dispatch_count),
            "X-CloudTasks-TaskExecutionCount": str(task.response_count),
            "X-CloudTasks-TaskETA": f"{seconds(task.schedule_time):.6f}",
        }
        if email := request.oidc_token.service_account_email:
            headers["Authorization"] = f"Bearer {self._token(email, request)}"
        return headers

    def _token(self, email: str, request: ct.HttpRequest) -> str:
        now = int(self._clock())
        subject = str(int.from_bytes(email.encode()[:8], "big"))
        return self._identity.sign(
            {
                "aud": request.oidc_token.audience or request.url,
                "azp": subject,
                "email": email,
                "email_verified": True,
                "exp": now + int(_TOKEN_LIFETIME.total_seconds()),
                "iat": now,
                "sub": subject,
            }
        )


def backoff(attempts: int, retries: ct.RetryConfig) -> timedelta:
    """Pause after so many attempts: doubles `max_doublings` times, then grows linearly, up to the maximum.

    See https://cloud.google.com/tasks/docs/reference/rpc/google.cloud.tasks.v2#retryconfig.
    """
    doublings = min(attempts - 1, retries.max_doublings)
    shortest = span(retries.min_backoff)
    pause = shortest * 2**doublings + shortest * 2**retries.max_doublings * (attempts - 1 - doublings)
    return min(pause, span(retries.max_backoff))


def exhausted(task: ct.Task, retries: ct.RetryConfig, now: float) -> bool:
    """With both limits set, both must be reached; -1 attempts means no limit."""
    too_many = 0 < retries.max_attempts <= task.dispatch_count
    if "max_retry_duration" not in retries:
        return too_many
    too_long = (
        now - seconds(task.first_attempt.dispatch_time) >= span(retries.max_retry_duration).total_seconds()
    )
    return too_long and (too_many or retries.max_attempts < 0)


def _rpc_status(status: int | None) -> status_pb2.Status:
    if status is None:
        return status_pb2.Status(code=code_pb2.UNAVAILABLE, message="UNAVAILABLE(14): no answer")
    if 200 <= status < 300:
        return status_pb2.Status(code=code_pb2.OK)
    return status_pb2.Status(code=code_pb2.UNKNOWN, message=f"UNKNOWN(2): HTTP status code {status}")
