"""Twilio's REST API, through the official client: calls that are going on, the account's numbers, recordings.

The client library is imported with the first call: answering the phone does not need it.
"""

# The client library is not typed; nothing of it leaves this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.errors import ConfigurationError, UnavailableError
from shared.models.phone_number import NumberRouting

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession
    from twilio.rest import Client
    from twilio.rest.api.v2010.account.incoming_phone_number import IncomingPhoneNumberInstance
    from twilio.rest.api.v2010.account.recording import RecordingInstance

TIMEOUT_SECONDS = 4.0
"""For one request, and ahead of the first one for the library. There is no retry here: the task that asked
for it is delivered again."""

NOT_IN_PROGRESS = 21220
"""Twilio's code for a call that is over, or was not answered yet. https://www.twilio.com/docs/api/errors/21220"""

NOT_FOUND = 20404

REFUSED = (400, 404)

MAX_RECORDING_BYTES = 32 * 1024 * 1024
"""Half an hour of WAV as Twilio records; a voicemail has a few minutes at most."""
PLAYED_WITHIN_SECONDS = 120.0
PIECE_BYTES = 64 * 1024

MAX_NUMBERS = 1000
"""Of an account that are looked at: one page of Twilio's."""

MAX_MESSAGES = 500
"""Of an account that are looked at in one go, the newest."""


class RefusedError(UnavailableError):
    """Twilio has answered that it does not do this: something that was named is wrong, or gone."""


@dataclass(frozen=True)
class AccountNumber:
    sid: str
    number: str
    """E.164."""
    name: str
    routing: NumberRouting


@dataclass(frozen=True)
class AccountCall:
    """A call as Twilio remembers it."""

    caller: str
    """As in Twilio's requests: E.164, or what stands for a withheld number."""
    called: str
    status: str
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class AccountRecording:
    sid: str
    call_sid: str
    url: str
    """Of its sound, as Twilio's requests name it."""
    seconds: int
    is_ready: bool
    """Twilio has finished making it."""


class RecordedAudio:
    """An open answer of Twilio's; `length` in bytes, None: it does not say."""

    def __init__(self, http: "ClientSession", answer: "ClientResponse") -> None:
        self._http = http
        self._answer = answer
        self.length = answer.content_length

    async def read(self) -> AsyncGenerator[bytes]:
        """All of it, piece by piece, and closes it. Raises `UnavailableError` when it breaks off."""
        from aiohttp import ClientError

        read = 0
        try:
            async for piece in self._answer.content.iter_chunked(PIECE_BYTES):
                read += len(piece)
                if read > MAX_RECORDING_BYTES:
                    raise UnavailableError("Twilio: a recording has no end")
                yield piece
        except (ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"Twilio: a recording broke off: {type(error).__name__}") from error
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        self._answer.close()
        await self._http.close()


def auth_tokens(setting: SecretStr) -> list[SecretStr]:
    """The account's; two with a comma between them while it is replaced. The first is signed in with, and
    requests may be signed with either: Twilio goes over to the other at a moment of its own.

    Raises `ConfigurationError`. https://www.twilio.com/docs/iam/api/authtoken
    """
    tokens = [token.strip() for token in setting.get_secret_value().split(",")]
    found = [SecretStr(token) for token in tokens if token]  # anybody could sign with an empty one
    if not found:
        raise ConfigurationError("TWILIO_AUTH_TOKEN: holds no token")
    return found


class TwilioGateway:
    def __init__(self, account_sid: str, auth_token: SecretStr, api_url: str) -> None:
        """`auth_token` is the setting, see `auth_tokens`."""
        self._account_sid = account_sid
        self._auth_token = auth_tokens(auth_token)[0]
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
            await client.http_client.close()  # pyright: ignore[reportAttributeAccessIssue]

    async def list_numbers(self) -> list[AccountNumber]:
        """The account's numbers, at most `MAX_NUMBERS`. Raises `UnavailableError`."""
        async with self._calling("list numbers") as client:
            found = await client.incoming_phone_numbers.list_async(limit=MAX_NUMBERS, page_size=MAX_NUMBERS)
            return [_account_number(number) for number in found]

    async def find_number(self, number: str) -> AccountNumber | None:
        """`number` is E.164; None: the account does not own it. Raises `UnavailableError`."""
        async with self._calling("find a number") as client:
            found = await client.incoming_phone_numbers.list_async(phone_number=number, limit=1)
            return next((_account_number(each) for each in found if each.phone_number == number), None)

    async def configure_number(self, sid: str, routing: NumberRouting) -> None:
        """All of it in one request. Raises `RefusedError`, `UnavailableError`."""
        settings = routing.model_dump()
        # Setting one of the two deletes the other, so the other is not mentioned.
        if routing.trunk_sid:
            del settings["voice_application_sid"]
        elif routing.voice_application_sid:
            del settings["trunk_sid"]
        async with self._calling("configure a number") as client:
            await client.incoming_phone_numbers(sid).update_async(**settings)

    async def open_recording(self, recording_sid: str) -> "RecordedAudio | None":
        """The sound as WAV, to be read and closed; None: Twilio does not have it (any more).

        Not through the client library, which knows recordings' descriptions and not their sound. Raises
        `UnavailableError`.
        """
        import aiohttp

        authorization = aiohttp.encode_basic_auth(self._account_sid, self._auth_token.get_secret_value())
        timeout = aiohttp.ClientTimeout(
            total=PLAYED_WITHIN_SECONDS, connect=TIMEOUT_SECONDS, sock_read=TIMEOUT_SECONDS
        )
        http = aiohttp.ClientSession(headers={"Authorization": authorization}, timeout=timeout)
        audio = None
        try:
            answer = await http.get(f"{self._recording_url(recording_sid)}.wav")
            if answer.status == 404:
                return None
            if answer.status != 200:
                raise UnavailableError(f"Twilio: recording {recording_sid}: {answer.status}")
            if (answer.content_length or 0) > MAX_RECORDING_BYTES:
                raise UnavailableError(
                    f"Twilio: recording {recording_sid} has {answer.content_length} bytes",
                    sentence="This recording is too long to be played here.",
                    code="recording_too_long",
                )
            audio = RecordedAudio(http, answer)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"Twilio: recording {recording_sid}: {type(error).__name__}") from error
        finally:
            if audio is None:
                await http.close()
        return audio

    async def find_call(self, call_sid: str) -> AccountCall | None:
        """None: Twilio does not have it (any more). Raises `UnavailableError`."""
        async with self._calling("find a call", fine=(NOT_FOUND,)) as client:
            call = await client.calls(call_sid).fetch_async()
            assert call.date_created is not None
            return AccountCall(
                caller=call._from or "",  # pyright: ignore[reportPrivateUsage] - the library's name of it
                called=call.to or "",
                status=str(call.status),
                started_at=call.date_created,
                ended_at=call.end_time,
            )
        return None

    async def recordings_of(self, call_sid: str) -> list[AccountRecording]:
        """Also one that is still being made ready. Raises `UnavailableError`."""
        async with self._calling("list recordings") as client:
            found = await client.recordings.list_async(call_sid=call_sid)
            return [self._account_recording(each) for each in found]

    async def messages_since(self, since: datetime) -> list[AccountRecording]:
        """What callers were recorded saying, whoever's application asked for it, the newest first and at most
        `MAX_MESSAGES`. Raises `UnavailableError`."""
        async with self._calling("list messages") as client:
            found = await client.recordings.list_async(
                date_created_after=since, limit=MAX_MESSAGES, page_size=MAX_MESSAGES
            )
            # Twilio promises to heed the date's day alone.
            return [
                self._account_recording(each)
                for each in found
                if str(each.source) == "RecordVerb" and each.date_created and each.date_created >= since
            ]

    async def delete_recording(self, recording_sid: str) -> None:
        """For good; one that is gone already is fine. Raises `UnavailableError`."""
        async with self._calling("delete a recording", fine=(NOT_FOUND,)) as client:
            await client.recordings(recording_sid).delete_async()

    def _account_recording(self, recording: "RecordingInstance") -> AccountRecording:
        sid = str(recording.sid)
        return AccountRecording(
            sid=sid,
            call_sid=str(recording.call_sid),
            url=self._recording_url(sid),
            seconds=max(0, int(recording.duration or 0)),  # -1 while it is being made
            is_ready=str(recording.status) == "completed",
        )

    def _recording_url(self, recording_sid: str) -> str:
        return f"{self._api_url}/2010-04-01/Accounts/{self._account_sid}/Recordings/{recording_sid}"

    async def _update(self, call_sid: str, **changes: str) -> bool:
        async with self._calling("update call", fine=(NOT_IN_PROGRESS, NOT_FOUND)) as client:
            await client.calls(call_sid).update_async(**changes)
            return True
        return False

    @asynccontextmanager
    async def _calling(self, what: str, *, fine: tuple[int, ...] = ()) -> "AsyncGenerator[Client]":
        """One request. Twilio's codes that are `fine` end the block early, without an error."""
        from aiohttp import ClientError
        from twilio.base.exceptions import TwilioRestException

        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                client = await self._client()
            async with asyncio.timeout(TIMEOUT_SECONDS):
                yield client
        except TwilioRestException as error:
            if error.code not in fine:
                kind = RefusedError if error.status in REFUSED else UnavailableError
                raise kind(f"Twilio: {what}: {error.status} {error.code}") from error
        except (ClientError, TimeoutError, OSError) as error:
            raise UnavailableError(f"Twilio: {what}: {type(error).__name__}") from error

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
    import_module("twilio.rest.api")  # else making the client does it, on the event loop


def _account_number(number: "IncomingPhoneNumberInstance") -> AccountNumber:
    return AccountNumber(
        sid=str(number.sid),
        number=str(number.phone_number),
        name=number.friendly_name or "",
        routing=NumberRouting.model_validate(
            {name: told for name in NumberRouting.model_fields if (told := getattr(number, name))}
        ),
    )
