"""Each function answers, refuses who is not allowed, and can read what it needs.

The phone edge is asked the way Twilio asks: signed with the account's token for the public URL. That shows in
one request that the function runs, that both agree on token and URL, and that it may read Firestore.
"""

import asyncio

import aiohttp
from twilio.request_validator import RequestValidator  # pyright: ignore[reportMissingTypeStubs]

from operations.checks.finding import Finding, failed, ok
from operations.operator import Operator

TIMEOUT = aiohttp.ClientTimeout(total=15)
"""A cold start included."""

STATUS_PATH = "/api/v1/voice/twilio/status"
OF_NO_CALL = {
    "CallSid": "CA" + "0" * 32,
    "From": "+15005550006",
    "To": "+15005550006",
    "CallStatus": "completed",
}
"""A call that never was, to a number that nobody can own (Twilio's test numbers)."""


async def check_functions(operator: Operator) -> list[Finding]:
    urls = operator.deployment.urls
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        found = await asyncio.gather(
            _refuses(http, "incoming_call", urls.incoming_call + STATUS_PATH, 403),
            _signed(http, operator),
            _refuses(http, "oauth", urls.oauth + "/api/v1/tasks/reconcile-secrets", 401),
            _refuses(http, "tools_api", urls.tools_api + "/api/v1/tenants", 401, method="GET"),
        )
    return list(found)


async def _refuses(
    http: aiohttp.ClientSession, name: str, url: str, expected: int, *, method: str = "POST"
) -> Finding:
    """It is there, and does not serve strangers."""
    check = f"function {name}"
    form = OF_NO_CALL if method == "POST" else None
    try:
        async with http.request(method, url, data=form) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return failed(check, f"{url}: {type(error).__name__}", _start(name))
    if status == expected:
        return ok(check, "answers, and refuses strangers")
    if status in (200, 204):
        return failed(check, f"{url}: serves whoever asks ({status})", f"deploy {name} again: make deploy")
    return failed(check, f"{url}: {status} instead of {expected}", _start(name))


async def _signed(http: aiohttp.ClientSession, operator: Operator) -> Finding:
    check = "function incoming_call, signed"
    url = operator.deployment.urls.incoming_call + STATUS_PATH
    validator = RequestValidator((await operator.secret("TWILIO_AUTH_TOKEN")).get_secret_value())
    signature = str(validator.compute_signature(url, OF_NO_CALL))  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
    try:
        async with http.post(url, data=OF_NO_CALL, headers={"X-Twilio-Signature": signature}) as answer:
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return failed(check, f"{url}: {type(error).__name__}", _start("incoming_call"))
    match status:
        case 204:
            return ok(check, "takes what Twilio signs, and reads Firestore")
        case 403:
            fix = "PUBLIC_URL or TWILIO_AUTH_TOKEN of incoming_call is another one: make secrets, make deploy"
            return failed(check, "refuses what is signed with the account's token for this URL", fix)
        case 503:
            fix = "its service account needs the role trunkline.documents on the database: make deploy"
            return failed(check, "cannot read Firestore", fix)
        case _:
            return failed(check, f"{url}: {status} instead of 204", _start("incoming_call"))


def service_name(part: str) -> str:
    """Cloud Run's name of a function."""
    return f"trunkline-{part.replace('_', '-')}"


def _start(name: str) -> str:
    return f"look at its log (gcloud run services logs read {service_name(name)}), then: make deploy"
