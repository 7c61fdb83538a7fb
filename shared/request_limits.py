"""How much and how often: the size of a request, and requests a minute."""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TrunklineError, UnauthenticatedError

REMEMBERED_SENDERS = 10_000

BURST_SECONDS = 6.0
"""A sender may use what accrues in so long at once: a page of the dashboard asks several things."""


class TooManyRequestsError(TrunklineError):
    """`retry_after` is in seconds."""

    sentence = "Too many requests. Try again in a moment."

    def __init__(self, retry_after: int) -> None:
        super().__init__("rate limit")
        self.retry_after = retry_after


class RateLimit:
    """A token bucket for each sender, in this instance's memory.

    It stops a runaway script at no round trip. It is no promise across instances: that is for the load
    balancer's rules.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._burst = max(10.0, self._per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, sender: str) -> None:
        """Raises `TooManyRequestsError`."""
        now = self._clock()
        tokens, since = self._buckets.pop(sender, (self._burst, now))
        tokens = min(self._burst, tokens + (now - since) * self._per_second)
        self._buckets[sender] = (max(0.0, tokens - 1), now)
        if len(self._buckets) > REMEMBERED_SENDERS:
            self._buckets.popitem(last=False)
        if tokens < 1:
            raise TooManyRequestsError(retry_after=int((1 - tokens) / self._per_second) + 1)

    @contextmanager
    def counting_refused(self, request: Request) -> Generator[None]:
        """Around finding out who sends it: a request that does not prove it counts for its address."""
        try:
            yield
        except UnauthenticatedError:
            self.take(address_of(request))
            raise


def address_of(request: Request) -> str:
    """The last address is the one that Google's front end saw; those before it are the sender's claim."""
    forwarded = request.headers.get("x-forwarded-for", "").rpartition(",")[2].strip()
    return forwarded or (request.client.host if request.client else "unknown")


class BodyLimit:
    """Answers with `refusal` before more than `max_bytes` of a body are held in memory."""

    def __init__(self, app: ASGIApp, max_bytes: int, refusal: ASGIApp) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = dict(scope["headers"]).get(b"content-length", b"0")
        if not length.isdigit() or int(length) > self._max_bytes:
            await self._refusal(scope, receive, send)
            return
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] != "http.request":
                return  # the sender is gone
            body += message.get("body", b"")
            if len(body) > self._max_bytes:
                await self._refusal(scope, receive, send)
                return
            if not message.get("more_body", False):
                break
        whole: Message | None = {"type": "http.request", "body": bytes(body), "more_body": False}

        async def replay() -> Message:
            nonlocal whole
            if whole is not None:
                message, whole = whole, None
                return message
            return await receive()

        await self._app(scope, replay, send)
