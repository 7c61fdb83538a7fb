"""How much and how often: the size of a request, and requests a minute."""

import time
from collections import OrderedDict
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Self

from pydantic import Field
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.errors import TrunklineError, UnauthenticatedError
from shared.settings import Settings

REMEMBERED_SENDERS = 10_000

BURST_SECONDS = 6.0
"""A sender may use what accrues in so long at once: a page of the dashboard asks several things."""


class RequestLimitSettings(Settings):
    requests_per_minute: int = Field(default=600, ge=1)
    """Of one sender (a member, a key, or an address that proves nothing) on one instance."""
    proxies_in_front: int = Field(default=0, ge=0, le=5)
    """How many write their own address into X-Forwarded-For, behind the sender's: 1 for a load balancer."""


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

    def __init__(
        self, per_minute: int, *, proxies_in_front: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._proxies_in_front = proxies_in_front
        self._per_second = per_minute / 60
        self._burst = max(10.0, self._per_second * BURST_SECONDS)
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    @classmethod
    def of(cls, settings: RequestLimitSettings) -> Self:
        return cls(settings.requests_per_minute, proxies_in_front=settings.proxies_in_front)

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
            self.take_for_address(request)
            raise

    def take_for_address(self, request: Request) -> None:
        """For who has not proved who it is. Raises `TooManyRequestsError`."""
        self.take(address_of(request, self._proxies_in_front))


def address_of(request: Request, proxies_in_front: int = 0) -> str:
    """Google's front end writes the address that it sees behind what the sender claims, and a load balancer
    then writes its own: "CLAIMED, SENDER, BALANCER".

    https://docs.cloud.google.com/load-balancing/docs/https#x-forwarded-for_header
    """
    # Several lines of one header are one list (RFC 9110, section 5.3); the first may be the sender's own.
    written = [each.strip() for each in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
    seen = written[max(0, len(written) - 1 - proxies_in_front)]
    return seen or (request.client.host if request.client else "unknown")


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
