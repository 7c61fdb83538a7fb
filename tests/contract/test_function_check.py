"""Doctor tells the functions' own refusals from Google's, which come before any function is asked."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from twilio.request_validator import RequestValidator

from operations.checks.finding import Finding
from operations.checks.functions import STATUS_PATH, check_functions
from operations.deployment import Deployment
from operations.operator import Operator

pytestmark = pytest.mark.contract

TOKEN = "token"
GOOGLES_PAGE = (
    "<html><head><title>403 Forbidden</title></head><body><h1>Error: Forbidden</h1>"
    "<h2>Your client does not have permission to get URL <code>/</code> from this server.</h2></body></html>"
)
"""As Cloud Run sends it, with the content type text/html; charset=UTF-8."""

Handler = Callable[[web.Request], Awaitable[web.Response]]


def page(status: int) -> Handler:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(status=status, text=GOOGLES_PAGE, content_type="text/html")

    return handle


async def function(request: web.Request) -> web.Response:
    """Like the three of ours, as far as strangers meet them."""
    if request.path != STATUS_PATH:
        return web.json_response({"title": "Please sign in."}, status=401)
    form = dict(await request.post())
    validator = RequestValidator(TOKEN)
    signed = bool(validator.validate(str(request.url), form, request.headers.get("X-Twilio-Signature", "")))
    return web.Response(status=204 if signed else 403, text="" if signed else "the signature is wrong")


@asynccontextmanager
async def answered_by(handler: Handler) -> AsyncGenerator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


async def found(handler: Handler, token: str = TOKEN) -> dict[str, Finding]:
    async with answered_by(handler) as url:
        deployment = Deployment.model_validate(
            {
                "project_id": "example-project",
                "region": "europe-west1",
                "urls": {"incoming_call": url, "oauth": url, "tools_api": url},
                "tasks_queue": "projects/example-project/locations/europe-west1/queues/calls",
                "livekit_url": "wss://livekit.example.com",
                "sip_host": "sip.example.com",
            }
        )
        async with Operator.open(deployment, {"TWILIO_AUTH_TOKEN": token}) as operator:
            return {each.check: each for each in await check_functions(operator)}


async def test_functions_that_refuse_strangers_themselves_are_well() -> None:
    assert {each.status for each in (await found(function)).values()} == {"ok"}


async def test_a_function_that_is_not_public_is_told_from_one_that_refuses() -> None:
    findings = await found(page(403))
    assert len(findings) == 4
    for each in findings.values():
        assert each.status == "failed"
        assert "Google refuses with 403 before" in each.detail
    fix = findings["function incoming_call"].fix
    assert "everybody may call trunkline-incoming-call" in fix
    assert "update trunkline-incoming-call --region=europe-west1 --no-invoker-iam-check" in fix


async def test_an_address_that_google_does_not_serve_is_one_to_correct() -> None:
    findings = await found(page(404))
    assert "Google knows no such address" in findings["function tools_api"].detail
    assert "terraform output -json deployment" in findings["function tools_api"].fix


async def test_another_token_than_the_functions_is_the_functions_own_refusal() -> None:
    findings = await found(function, token="another")
    assert findings["function incoming_call"].status == "ok"
    fix = findings["function incoming_call, signed"].fix
    assert "make secrets, then new instances" in fix  # those that run have read the former value


async def test_a_function_that_serves_strangers_is_found() -> None:
    async def open_to_all(_: web.Request) -> web.Response:
        return web.Response(status=204)

    findings = await found(open_to_all)
    assert "serves whoever asks (204)" in findings["function oauth"].detail
