"""Twilio's REST API: changing a call that is going on, through the official client.

The client library is imported with the first call: answering the phone does not need it.
"""

# The client library is not typed; nothing of it leaves this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.errors import UnavailableError

if TYPE_CHECKING:
    from twilio.rest import Client

TIMEOUT_SECONDS = 4.0
"""For one request. There is no retry here: the task that asked for it is delivered again."""

NOT_IN_PROGRESS = 21220
"""Twilio's code for a call that is over, or was not answered yet. https://www.twilio.com/docs/api/errors/21220"""

NOT_FOUND = 20404


class TwilioGateway:
    def __init__(self, account_sid: str, auth_token: SecretStr, api_url: str) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._api_url = api_url
        self._connected: Client | None = None

    async def redirect_call(self, call_sid: str, url: str) -> bool:
        """Have the call go on with the TwiML at `url`, fetched by POST.

        False: the call is over, or still ringing. Raises `UnavailableError`.
        """
        return await self._update(call_sid, url=url, method="POST")

    async def hang_up(self, call_sid: str) -> bool:
        """False: the call was over already. Raises `UnavailableError`."""
        return await self._update(call_sid, status="completed")

    async def aclose(self) -> None:
        if self._connected is not None:
            client, self._connected = self._connected, None
            await client.http_client.close()  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]

    async def _update(self, call_sid: str, **changes: str) -> bool:
        from aiohttp import ClientError
        from twilio.base.exceptions import TwilioRestException

        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                client = await self._client()
                await client.calls(call_sid).update_async(**changes)  # pyright: ignore[reportArgumentType]
        except TwilioRestException as error:
            if error.code in (NOT_IN_PROGRESS, NOT_FOUND):
                return False
            raise UnavailableError(f"Twilio: update call: {error.status} {error.code}") from error
        except (ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"Twilio: update call: {type(error).__name__}") from error
        return True

    async def _client(self) -> "Client":
        if self._connected is None:
            await asyncio.to_thread(_import_client)
            from twilio.http.async_http_client import AsyncTwilioHttpClient
            from twilio.rest import Client

            if self._connected is None:  # nobody else made it during the import
                client = Client(
                    self._account_sid,
                    self._auth_token.get_secret_value(),
                    http_client=AsyncTwilioHttpClient(),
                )
                client.api.base_url = self._api_url
                self._connected = client
        return self._connected


def _import_client() -> None:
    """Blocks for a while, so a thread does it."""
    import_module("twilio.http.async_http_client")
    import_module("twilio.rest")
