"""What the clients of Google Cloud's services have in common: retries, credentials, and one error out.

Imports no client library and opens nothing: functions fork after they were imported, and the phone edge pays
for every import.
"""

# google.auth.default and `retry` are annotated with types that pyright cannot resolve.
# pyright: reportUnknownMemberType=false

import asyncio
import functools
import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, Generic, Protocol, TypeVar, cast

import google.auth
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.api_core.retry import AsyncRetry, if_exception_type
from google.auth import environment_vars
from google.auth.credentials import Credentials
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.auth.transport import Request

from shared.errors import ConfigurationError, UnavailableError

TIMEOUT_SECONDS = 5.0
"""For one operation with all its retries: a caller is waiting for most of them."""
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
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)


_finding = threading.Lock()


def own_credentials() -> Credentials:
    """The application's own credentials, found once in a process for all clients.

    Blocks: a key file's key is checked for 60 ms, and the metadata server is asked over HTTP; as a rule it
    answers within milliseconds, at a bad moment within seconds. Raises what google.auth raises.
    """
    with _finding:
        return _found(os.environ.get(environment_vars.CREDENTIALS))


@functools.cache
def _found(_key_file: str | None) -> Credentials:
    return cast("Credentials", google.auth.default(default_scopes=_SCOPES)[0])


class CredentialsFoundLater(Credentials):
    """`own_credentials`, looked for with the first request.

    gRPC asks for a request's headers on a thread of its own, so the event loop does not wait.
    """

    def before_request(self, request: Request, method: str, url: str, headers: dict[str, str]) -> None:
        own_credentials().before_request(request, method, url, headers)

    def refresh(self, request: Request) -> None:
        own_credentials().refresh(request)


class _Client(Protocol):
    @property
    def transport(self) -> Any: ...


_AnyClient = TypeVar("_AnyClient", bound=_Client)


class Connection(Generic[_AnyClient]):
    """A service's client, made when it is first asked for."""

    def __init__(self, endpoint: str | None, client_class: Callable[[], Callable[..., _AnyClient]]) -> None:
        """`endpoint` is `host:port`; None is Google's own. `client_class` may import what it returns."""
        self._options = ClientOptions(api_endpoint=endpoint)
        self._client_class = client_class
        self._client: _AnyClient | None = None
        self._connecting = asyncio.Lock()

    async def client(self) -> _AnyClient:
        """Raises `TimeoutError`, and what google.auth raises."""
        async with self._connecting:
            if self._client is None:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    client_class, credentials = await asyncio.to_thread(self._load)
                self._client = client_class(credentials=credentials, client_options=self._options)
            return self._client

    def _load(self) -> tuple[Callable[..., _AnyClient], Credentials]:
        """What blocks: importing the library, and finding out who we are."""
        return self._client_class(), own_credentials()

    async def aclose(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            await client.transport.close()


@contextmanager
def typed_errors(subject: str) -> Generator[None]:
    """Turns every failure of Google's into one of ours; `subject` says what was asked, never a secret."""
    try:
        yield
    except DefaultCredentialsError as error:
        raise ConfigurationError(f"{subject}: {error}") from error
    except (exceptions.GoogleAPICallError, exceptions.RetryError, GoogleAuthError, TimeoutError) as error:
        raise UnavailableError(f"{subject}: {error}") from error
