"""The Twilio stand-in as one thing to start and stop."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from local.phone.sip_bridge import SipSettings
from local.twilio.control import Control
from local.twilio.exchange import Exchange
from local.twilio.rest import RestApi
from local.twilio.store import Number, Store
from local.twilio.webhooks import TIMEOUT_SECONDS, Webhooks

_SHUTDOWN_SECONDS = 2.0


class TwilioStandIn:
    """One account with its numbers. `port` 0 takes a free port, which `port` and `url` then tell.

    Without `sip`, `<Dial><Sip>` fails; everything else works.
    """

    def __init__(
        self,
        state: Path,
        *,
        port: int = 0,
        account_sid: str,
        auth_token: str,
        numbers: Sequence[Number] = (),
        sip: SipSettings | None = None,
        webhook_timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self.port = port
        self._state = state
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._numbers = numbers
        self._sip = sip
        self._webhook_timeout = webhook_timeout

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        store = Store(self._state)
        for number in self._numbers:
            store.put_number(number)
        async with AsyncExitStack() as stack:
            stack.callback(store.close)
            webhooks = await stack.enter_async_context(Webhooks(self._auth_token, self._webhook_timeout))
            self.exchange = Exchange(store, webhooks, self._account_sid, self.url, self._sip)
            app = web.Application()
            app.add_routes(RestApi(self.exchange, self._auth_token).routes())
            app.add_routes(Control(self.exchange).routes())
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await stack.enter_async_context(self.exchange)
            site = web.TCPSite(runner, "127.0.0.1", self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            self.exchange.url = self.url
            self._running = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._running.aclose()
