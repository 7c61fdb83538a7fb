"""`send_email` with the real boto3 against moto's server: what SES answers, and what the caller hears."""

import asyncio
import contextlib
import socket
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from local.free_port import free_port
from local.ses.server import SesStandIn
from shared.gateways.ses import SesGateway
from shared.tools.base.base_tool import ToolContext
from shared.tools.implementations.send_email import SendEmail, SendEmailConfig, SendEmailTool
from tests.processes import accepting
from tests.tools import caller_hears, tool_context
from tests.waiting import eventually

pytestmark = pytest.mark.contract

SENDER = "frontdesk@harbor-dental.example"


def context(key: str = "0" * 32, **config: Any) -> ToolContext[SendEmailConfig]:
    settings = {
        "from_address": SENDER,
        "region": "us-east-1",
        "access_key_id": "AKIALAPTOP",
        "secret_access_key": SecretStr("laptop-ses-secret"),
    }
    return tool_context(idempotency_key=key, config=SendEmailConfig.model_validate({**settings, **config}))


@pytest.fixture
async def ses(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[SesStandIn]:
    async with SesStandIn(verified=[SENDER]) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SES", server.url)
        yield server


async def sent(url: str) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as http, http.get(f"{url}/moto-api/data.json") as response:
        return (await response.json(content_type=None))["ses"]["Message"]


def mail(to: str = "sam@example.com") -> SendEmail:
    return SendEmail(to=to, subject="Your appointment", body="Tomorrow at two.\nSee you!")


async def test_an_email_arrives_as_it_was_written(ses: SesStandIn) -> None:
    result = await SendEmailTool().execute("send", mail(), context(subject_prefix="[Harbor]"))

    assert result == {"message": "The e-mail is sent.", "to": "sam@example.com"}
    [message] = await sent(ses.url)
    assert message["source"] == SENDER
    assert message["destinations"]["ToAddresses"] == ["sam@example.com"]
    assert message["subject"] == "[Harbor] Your appointment"
    assert message["body"] == "Tomorrow at two.\nSee you!"


async def test_a_repeated_attempt_sends_nothing_more_and_says_the_same(ses: SesStandIn) -> None:
    tool = SendEmailTool()

    first = await tool.execute("send", mail(), context())
    again = await tool.execute("send", mail(), context())
    await tool.execute("send", mail("ann@example.com"), context(key="1" * 32))

    assert again == first
    assert [message["destinations"]["ToAddresses"] for message in await sent(ses.url)] == [
        ["sam@example.com"],
        ["ann@example.com"],
    ]


async def test_an_unverified_sender_is_told_and_may_be_corrected_with_the_same_key(ses: SesStandIn) -> None:
    tool = SendEmailTool()

    with caller_hears("not verified with Amazon SES"):
        await tool.execute("send", mail(), context(from_address="else@harbor-dental.example"))

    assert await sent(ses.url) == []
    await tool.execute("send", mail(), context())
    assert len(await sent(ses.url)) == 1


async def test_only_allowed_recipients_get_mail(ses: SesStandIn) -> None:
    tool = SendEmailTool()
    allowed = ["example.com", "ann@other.example"]

    with caller_hears("may not send"):
        await tool.execute("send", mail("sam@evil-example.com"), context(allowed_recipients=allowed))
    with caller_hears("may not send"):
        await tool.execute("send", mail("bob@other.example"), context(allowed_recipients=allowed))
    await tool.execute("send", mail("Sam@Example.com"), context(allowed_recipients=allowed))
    await tool.execute("send", mail("ann@other.example"), context(key="1" * 32, allowed_recipients=allowed))

    assert len(await sent(ses.url)) == 2


async def test_nothing_listening_means_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL_SES", f"http://127.0.0.1:{closed.getsockname()[1]}")

        with caller_hears("does not answer"):
            await SendEmailTool(SesGateway(backoff_seconds=0)).execute("send", mail(), context())


@contextlib.contextmanager
def answering(status: int, body: str) -> Generator[tuple[str, list[bytes]]]:
    """A server on a thread of its own that answers every request so; status 0: never."""
    requests: list[bytes] = []
    release = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(self.rfile.read(int(self.headers["Content-Length"])))
            if status == 0:
                release.wait()
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name there
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", requests
    finally:
        release.set()
        server.shutdown()
        server.server_close()


def refusal(code: str) -> str:
    return (
        '<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>no</Message></Error><RequestId>1</RequestId></ErrorResponse>"
    )


@pytest.mark.parametrize(
    ("status", "code", "sentence", "attempts"),
    [
        (400, "Throttling", "too many", 2),
        (403, "InvalidClientTokenId", "renew its mail access key", 1),
        (403, "AccessDenied", "does not permit", 1),
        (400, "SomethingNew", "refused it", 1),
        (500, "InternalFailure", "cannot tell whether", 1),
    ],
)
async def test_each_refusal_becomes_a_sentence(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, sentence: str, attempts: int
) -> None:
    with answering(status, refusal(code)) as (url, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SES", url)

        with caller_hears(sentence):
            await SendEmailTool(SesGateway(backoff_seconds=0)).execute("send", mail(), context())

    assert len(requests) == attempts


async def test_a_missing_answer_is_never_followed_by_a_second_attempt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with answering(0, "") as (url, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SES", url)
        tool = SendEmailTool(SesGateway(read_timeout_seconds=0.2))

        with caller_hears("cannot tell whether"):
            await tool.execute("send", mail(), context())
        with caller_hears("cannot tell whether"):
            await tool.execute("send", mail(), context())
        await eventually(lambda: requests, "the attempt arrives")

    assert len(requests) == 1


async def test_an_attempt_that_ran_out_of_time_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(0, "") as (url, requests):
        monkeypatch.setenv("AWS_ENDPOINT_URL_SES", url)
        tool = SendEmailTool(SesGateway(read_timeout_seconds=0.5))

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await tool.execute("send", mail(), context())
        with caller_hears("cannot tell whether"):
            await tool.execute("send", mail(), context())

    assert len(requests) <= 1


@contextlib.asynccontextmanager
async def process(state: Path) -> AsyncGenerator[str]:
    """`python -m local.ses`, once its port accepts."""
    port = free_port()
    command = ["-m", "local.ses", "--port", str(port), "--state", str(state), "--verify", SENDER]
    running = await asyncio.create_subprocess_exec(sys.executable, *command)
    try:
        await accepting(running, port)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        assert await running.wait() == 0


async def test_the_laptops_ses_remembers_what_was_sent_before_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with process(tmp_path) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SES", url)
        await SendEmailTool().execute("send", mail(), context())

    async with process(tmp_path) as url:
        messages = await sent(url)

    assert [message["subject"] for message in messages] == ["Your appointment"]
