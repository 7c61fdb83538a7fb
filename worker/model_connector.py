"""Connecting to Gemini Live within the time that a caller bears: tried again where that may help."""

import asyncio
import contextlib
import logging
import random
import ssl
from collections.abc import AsyncGenerator
from typing import Protocol

from google.genai import errors, types
from google.genai.live import AsyncLive, AsyncSession
from websockets.exceptions import InvalidStatus

from worker.model_line import ModelLine

log = logging.getLogger(__name__)

CONNECT_ATTEMPTS = 5
CONNECT_TIMEOUT = 3.0
"""Seconds for one attempt, from the TCP connection to the end of Gemini's setup."""
CONNECT_PAUSE = 0.15
"""Seconds before the second attempt; each pause after that is twice as long."""
CONNECT_BUDGET = 4.0
"""Seconds for all attempts: a caller hears nothing meanwhile."""

_TRANSIENT_CODES = frozenset({1001, 1006, 1011, 1012, 1013, 1014, 429, 500, 502, 503, 504})


class Resumption(Protocol):
    """What `PhoneSession` offers here."""

    def forget_resumption(self) -> bool: ...

    def connection_up(self) -> None: ...


def http_options(tls: ssl.SSLContext) -> types.HttpOptions:
    """The client makes three TLS contexts of its own, 58 ms each, unless each transport is given one."""
    return types.HttpOptions(client_args={"verify": tls}, async_client_args={"verify": tls, "ssl": tls})


class RetryingLive:
    """Stands in for the client's `live`: connecting is tried again where that may help."""

    def __init__(self, live: AsyncLive, session: Resumption) -> None:
        self._live = live
        self._session = session

    @contextlib.asynccontextmanager
    async def connect(self, *, model: str, config: types.LiveConnectConfig) -> AsyncGenerator[AsyncSession]:
        async with contextlib.AsyncExitStack() as stack:
            yield await self._connect(stack, model, config)

    async def _connect(
        self, stack: contextlib.AsyncExitStack, model: str, config: types.LiveConnectConfig
    ) -> AsyncSession:
        deadline = asyncio.get_running_loop().time() + CONNECT_BUDGET
        for attempt in range(CONNECT_ATTEMPTS):
            try:
                async with asyncio.timeout(CONNECT_TIMEOUT), asyncio.timeout_at(deadline):
                    session = await stack.enter_async_context(self._live.connect(model=model, config=config))
            except Exception as error:
                pause = CONNECT_PAUSE * 2**attempt * random.uniform(0.8, 1.2)  # noqa: S311 - not a secret
                last = attempt == CONNECT_ATTEMPTS - 1
                if last or asyncio.get_running_loop().time() + pause > deadline:
                    raise
                if not _transient(error):
                    # A session that cannot be resumed is refused like a wrong setup is.
                    if not self._session.forget_resumption():
                        raise
                    config.session_resumption = types.SessionResumptionConfig()
                log.warning("Gemini did not connect (%s), trying again", _short(error))
                await asyncio.sleep(pause)
            else:
                self._session.connection_up()
                return ModelLine(session)
        raise AssertionError("the last attempt returns or raises")


def _transient(error: BaseException) -> bool:
    """Whether connecting again may help."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code in _TRANSIENT_CODES
    if isinstance(error, errors.APIError):
        return error.code in _TRANSIENT_CODES
    return isinstance(error, (OSError, TimeoutError))


def _short(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:200]
