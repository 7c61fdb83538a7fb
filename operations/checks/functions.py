"""Each function answers, refuses who is not allowed, and can read what it needs.

The phone edge is asked the way Twilio asks: signed with the account's token for the public URL. That shows in
one request that the function runs, that both agree on token and URL, and that it may read Firestore.

What refuses may be another than the function: Cloud Run answers 403 for a service that is not public, the
load balancer and Cloud Armor answer 403 and 404. Google's refusals are pages, and the functions' are none.
"""

import asyncio
from dataclasses import dataclass

import aiohttp
from twilio.request_validator import RequestValidator  # pyright: ignore[reportMissingTypeStubs]

from operations.checks.finding import Finding, failed, ok
from operations.operator import Operator
from shared.gateways.twilio import auth_tokens

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


PAGE = "text/html"
"""What Google's front end, Cloud Run and Cloud Armor refuse with:
https://cloud.google.com/run/docs/troubleshooting"""


@dataclass(frozen=True)
class Answer:
    """Of the function itself."""

    status: int


async def check_functions(operator: Operator) -> list[Finding]:
    region, urls = operator.deployment.region, operator.deployment.urls
    token = auth_tokens(await operator.secret("TWILIO_AUTH_TOKEN"))[0].get_secret_value()
    async with aiohttp.ClientSession(timeout=TIMEOUT) as http:
        doors = Doors(http, region)
        found = await asyncio.gather(
            doors.refuses("incoming_call", urls.incoming_call + STATUS_PATH, 403),
            doors.takes_what_twilio_signs(urls.incoming_call + STATUS_PATH, token),
            doors.refuses("oauth", urls.oauth + "/api/v1/tasks/reconcile-secrets", 401),
            doors.refuses("tools_api", urls.tools_api + "/api/v1/tenants", 401, method="GET"),
        )
    return list(found)


@dataclass(frozen=True)
class Doors:
    """Of the functions, as whoever calls them finds them."""

    http: aiohttp.ClientSession
    region: str

    async def refuses(self, part: str, url: str, expected: int, *, method: str = "POST") -> Finding:
        """It is there, and does not serve strangers."""
        check = f"function {part}"
        answer = await self._asked(check, part, method, url)
        if isinstance(answer, Finding):
            return answer
        if answer.status == expected:
            return ok(check, "answers, and refuses strangers")
        if answer.status in (200, 204):
            detail = f"{url}: serves whoever asks ({answer.status})"
            return failed(check, detail, f"deploy {part} again: make deploy")
        return failed(check, f"{url}: {answer.status} instead of {expected}", _start(part))

    async def takes_what_twilio_signs(self, url: str, token: str) -> Finding:
        check, part = "function incoming_call, signed", "incoming_call"
        validator = RequestValidator(token)
        signature = str(validator.compute_signature(url, OF_NO_CALL))  # pyright: ignore[reportUnknownMemberType]
        answer = await self._asked(check, part, "POST", url, {"X-Twilio-Signature": signature})
        if isinstance(answer, Finding):
            return answer
        match answer.status:
            case 204:
                return ok(check, "takes what Twilio signs, and reads Firestore")
            case 403:
                fix = (
                    "its PUBLIC_URL is another one: make deploy; or its TWILIO_AUTH_TOKEN: make secrets, "
                    'then new instances, which read it (docs/deploy.md, "Afterwards")'
                )
                return failed(check, "refuses what is signed with the account's token for this URL", fix)
            case 503:
                fix = "its service account needs the role trunkline.documents on the database: make deploy"
                return failed(check, "cannot read Firestore", fix)
            case status:
                return failed(check, f"{url}: {status} instead of 204", _start(part))

    async def _asked(
        self, check: str, part: str, method: str, url: str, headers: dict[str, str] | None = None
    ) -> Answer | Finding:
        """The function's own answer; a finding when there is none."""
        form = OF_NO_CALL if method == "POST" else None
        try:
            async with self.http.request(method, url, data=form, headers=headers) as response:
                status, by_google = response.status, response.content_type == PAGE
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return failed(check, f"{url}: {type(error).__name__}", _start(part))
        if by_google and status in (401, 403):
            return failed(
                check, f"{url}: Google refuses with {status} before {part} is asked", self._open(part)
            )
        if by_google and status == 404:
            return failed(check, f"{url}: Google knows no such address", _reach(part))
        return Answer(status)

    def _open(self, part: str) -> str:
        name = service_name(part)
        return (
            f"everybody may call {name}, for Twilio and browsers have no Google account: make deploy. "
            "When the organisation restricts whom resources are shared with (iam.allowedPolicyMemberDomains) "
            "except this project, or: "
            f"gcloud run services update {name} --region={self.region} --no-invoker-iam-check"
        )


def service_name(part: str) -> str:
    """Cloud Run's name of a function."""
    return f"trunkline-{part.replace('_', '-')}"


def _start(name: str) -> str:
    return f"look at its log (gcloud run services logs read {service_name(name)}), then: make deploy"


def _reach(part: str) -> str:
    return (
        f"is this the address of {service_name(part)}? With own domains its run.app address answers 404, and "
        "only the load balancer's counts: terraform output -json deployment > deployment.json"
    )
