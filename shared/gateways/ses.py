"""Amazon SES (v1 API) through boto3: https://docs.aws.amazon.com/ses/latest/APIReference/API_SendEmail.html

SES has no idempotency token. So one attempt is made, unless the failure proves that nothing was sent.
boto3 reads `AWS_ENDPOINT_URL_SES` and `AWS_CA_BUNDLE` itself. It is synchronous: clients live on threads
of our own.

boto3 is imported with the first e-mail: the API and the connection function know this tool, too, and are
deployed without it. The worker imports it before there is a call (worker/warm_up.py).
"""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import SecretStr

from shared.errors import TrunklineError

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError
    from mypy_boto3_ses import SESClient

CONNECT_TIMEOUT_SECONDS = 2.0
READ_TIMEOUT_SECONDS = 6.0
ATTEMPTS = 2
BACKOFF_SECONDS = 0.5  # before the second attempt, which follows only what was certainly not sent
TRY_AGAIN = frozenset({"Throttling", "ThrottlingException", "TooManyRequestsException"})
THREADS = 8


@dataclass(frozen=True)
class SesAccount:
    region: str
    access_key_id: str
    secret_access_key: SecretStr


@dataclass(frozen=True)
class Email:
    """A plain-text message to one person. Not shown in logs: it holds what the caller said."""

    sender: str
    to: str = field(repr=False)
    subject: str = field(repr=False)
    body: str = field(repr=False)
    reply_to: str | None = None


class EmailRefusedError(TrunklineError):
    """SES refused the message; nothing was sent. `ses_code` is Amazon's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"SES answered {code}")
        self.ses_code = code
        self.explanation = message
        """Amazon's words; may contain addresses, so not for logs."""


class EmailNotSentError(TrunklineError):
    """SES was not reached; nothing was sent."""


class EmailUncertainError(TrunklineError):
    """The message was handed over and no answer came: it may have been sent."""


class SesGateway:
    """One for a process."""

    def __init__(
        self,
        *,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        backoff_seconds: float = BACKOFF_SECONDS,
    ) -> None:
        self._read_timeout = read_timeout_seconds
        self._backoff = backoff_seconds
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="ses")
        self._making_client = threading.Lock()

    async def send(self, account: SesAccount, email: Email) -> str:
        """The message's id. Raises `EmailRefusedError`, `EmailNotSentError`, `EmailUncertainError`."""
        loop = asyncio.get_running_loop()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return await loop.run_in_executor(self._threads, self._send, account, email)
            except EmailRefusedError as error:
                if error.ses_code not in TRY_AGAIN or attempt == ATTEMPTS:
                    raise
            except EmailNotSentError:
                if attempt == ATTEMPTS:
                    raise
            await asyncio.sleep(self._backoff)
        raise AssertionError("unreachable")

    def _send(self, account: SesAccount, email: Email) -> str:
        """On a thread. Clients are cheap (2 ms); one per message keeps tenants' keys apart."""
        from botocore import exceptions

        never_connected = (
            exceptions.EndpointConnectionError,
            exceptions.ConnectTimeoutError,
            exceptions.ProxyConnectionError,
            exceptions.SSLError,
        )
        client = self._client(account)
        try:
            answer = client.send_email(
                Source=email.sender,
                Destination={"ToAddresses": [email.to]},
                Message={
                    "Subject": {"Data": email.subject, "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": email.body, "Charset": "UTF-8"}},
                },
                ReplyToAddresses=[email.reply_to] if email.reply_to else [],
            )
        except exceptions.ClientError as error:
            raise _classify(error) from error
        except never_connected as error:
            raise EmailNotSentError(f"SES was not reached: {type(error).__name__}") from error
        except exceptions.BotoCoreError as error:
            raise EmailUncertainError(f"SES did not answer: {type(error).__name__}") from error
        finally:
            client.close()
        return answer["MessageId"]

    def _client(self, account: SesAccount) -> "SESClient":
        from botocore.config import Config

        config = Config(
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            read_timeout=self._read_timeout,
            retries={"total_max_attempts": 1},
        )
        with self._making_client:  # a session's loader is not safe to use from two threads
            return self._session.client(  # pyright: ignore[reportUnknownMemberType]
                "ses",
                region_name=account.region,
                aws_access_key_id=account.access_key_id,
                aws_secret_access_key=account.secret_access_key.get_secret_value(),
                config=config,
            )

    @cached_property
    def _session(self) -> "boto3.Session":
        import boto3

        return boto3.Session()


def _classify(error: "ClientError") -> TrunklineError:
    details = error.response.get("Error", {})
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    code = details.get("Code", "Unknown")
    if status >= 500:  # it may have failed after the message was accepted
        return EmailUncertainError(f"SES answered {status} {code}")
    return EmailRefusedError(code, details.get("Message", ""))
