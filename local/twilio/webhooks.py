"""How Twilio asks an application what to do: signed HTTP requests, and callbacks in the background.

With Twilio's defaults a connection that could not be made is tried once more. An answer of 5xx, or none in
time, is not: the number's fallback URL is asked next, and what a callback told is lost.

https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides (`rc`, `rp`, `ct`, `tt`)
https://www.twilio.com/docs/usage/security#validating-requests
"""

import asyncio
import logging
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import urlencode, urlsplit

import aiohttp
from pydantic import BaseModel, ConfigDict, Field
from twilio.request_validator import RequestValidator
from yarl import URL

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 15.0
"""For a request with its retry."""
CONNECT_SECONDS = 5.0
ATTEMPTS = 2
RETRY_DELAY_SECONDS = 0.1
REORDER_HOLD_SECONDS = 1.0

RETRIEVAL_FAILURE = 11200
CONNECTION_FAILURE = 11205
INVALID_URL = 11100

Params = dict[str, str]


class WebhookError(Exception):
    """The application did not give a usable answer, retries included."""

    def __init__(self, code: int, url: str, message: str) -> None:
        super().__init__(f"{code} {url}: {message}")
        self.code = code
        self.url = url


class NotConnectedError(WebhookError):
    """Nobody was asked: what alone is tried again."""


@dataclass(frozen=True)
class Target:
    url: str
    method: Literal["GET", "POST"] = "POST"


@dataclass(frozen=True)
class Answer:
    body: str
    content_type: str


class Delivery(BaseModel):
    """How badly the network behaves: every request twice, late, callbacks out of order."""

    model_config = ConfigDict(extra="forbid")

    twice: bool = False
    delay_seconds: float = Field(default=0, ge=0, le=60)
    """Before each callback; answers to TwiML requests are waited for and are not delayed."""
    reorder: bool = False
    """Every other callback of a call is held back until the one after it was delivered."""


class Webhooks:
    def __init__(self, auth_token: str, timeout: float = TIMEOUT_SECONDS) -> None:
        self._sign = RequestValidator(auth_token)
        self.timeout = timeout
        """Seconds for a request with its retry."""
        self._background: set[asyncio.Task[None]] = set()
        self._held: dict[str, asyncio.Event] = {}
        self.delivery = Delivery()

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(
            # A connection that the application closes while it is idle would look like a failure of it.
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            headers={"User-Agent": "TwilioProxy/1.1", "Accept": "*/*"},
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._http.close()

    async def ask(self, target: Target, params: Params) -> Answer:
        """The application's answer to `params`. Raises `WebhookError`."""
        token = str(uuid.uuid4())
        if self.delivery.twice:
            self._in_background(self._ignoring_failure(target, params, token))
        return await self._attempts(target, params, token)

    def tell(self, target: Target, params: Params, order: str) -> None:
        """A callback whose answer nobody reads, delivered in the background; `order` names its call."""
        self._in_background(self._callback(target, params, order))

    async def fetch(self, url: str) -> bytes:
        """A file that TwiML names (`<Play>`)."""
        try:
            async with self._http.get(url, timeout=self._client_timeout()) as response:
                if response.status >= 400:
                    raise WebhookError(RETRIEVAL_FAILURE, url, f"HTTP {response.status}")
                return await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise WebhookError(CONNECTION_FAILURE, url, repr(error)) from error

    async def _callback(self, target: Target, params: Params, order: str) -> None:
        held = self._held.pop(order, None)  # the callback before this one, if it lets this one go first
        if held is None and self.delivery.reorder:
            await self._hold(order)
        await asyncio.sleep(self.delivery.delay_seconds)
        token = str(uuid.uuid4())
        for _ in range(2 if self.delivery.twice else 1):
            try:
                await self._attempts(target, params, token)
            except WebhookError as error:
                log.warning("callback lost: %s", error)
        if held is not None:
            held.set()

    async def _hold(self, order: str) -> None:
        overtaken = self._held[order] = asyncio.Event()
        try:
            await asyncio.wait_for(overtaken.wait(), REORDER_HOLD_SECONDS)
        except TimeoutError:  # it was the call's last callback
            self._held.pop(order, None)

    async def _ignoring_failure(self, target: Target, params: Params, token: str) -> None:
        try:
            await self._attempts(target, params, token)
        except WebhookError as error:
            log.info("second delivery: %s", error)

    async def _attempts(self, target: Target, params: Params, token: str) -> Answer:
        try:
            async with asyncio.timeout(self.timeout):
                for _ in range(ATTEMPTS - 1):
                    try:
                        return await self._request(target, params, token)
                    except NotConnectedError:
                        await asyncio.sleep(RETRY_DELAY_SECONDS)
                return await self._request(target, params, token)
        except TimeoutError as error:
            message = f"no answer within {self.timeout:g} s"
            raise WebhookError(CONNECTION_FAILURE, target.url, message) from error

    async def _request(self, target: Target, params: Params, token: str) -> Answer:
        if urlsplit(target.url).scheme not in ("http", "https"):
            raise WebhookError(INVALID_URL, target.url, "not an absolute HTTP URL")
        url, body = target.url, params
        if target.method == "GET":
            url = f"{url}{'&' if '?' in url else '?'}{urlencode(params)}"
            body = {}
        headers = {
            "X-Twilio-Signature": self._sign.compute_signature(url, body),
            "I-Twilio-Idempotency-Token": token,
        }
        data = urlencode(body).encode() if target.method == "POST" else None
        if data is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        try:
            async with self._http.request(
                target.method,
                URL(url, encoded=True),
                data=data,
                headers=headers,
                allow_redirects=False,
                timeout=self._client_timeout(),
            ) as response:
                answer = Answer(await response.text(errors="replace"), response.content_type)
                status = response.status
        except (aiohttp.InvalidURL, ValueError):
            raise WebhookError(INVALID_URL, target.url, "not a URL") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise NotConnectedError(CONNECTION_FAILURE, target.url, repr(error)) from error
        except (aiohttp.ClientError, OSError) as error:
            raise WebhookError(CONNECTION_FAILURE, target.url, repr(error)) from error
        if status >= 300:
            raise WebhookError(RETRIEVAL_FAILURE, target.url, f"HTTP {status}")
        return answer

    def _client_timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.timeout, sock_connect=CONNECT_SECONDS)

    def _in_background(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)
