"""The phone side is as `trunkline telephony sync` would make it, and LiveKit makes no rooms for strangers."""

import secrets
import time

import aiohttp
import jwt

from operations.checks.finding import Finding, failed, ok
from operations.operator import Operator
from operations.report import PlannedChange, Problem
from operations.telephony import LiveKitSide, TwilioSide
from shared.errors import UnavailableError
from shared.repositories.agents import PhoneNumberRepository

SYNC = "trunkline telephony sync --apply"
TIMEOUT = aiohttp.ClientTimeout(total=10)


async def check_livekit_sip(operator: Operator) -> list[Finding]:
    try:
        changes, problems = await (await LiveKitSide.of(operator)).sync(apply=False)
    except UnavailableError as error:
        fix = "look at LIVEKIT_URL, key and secret; a server of your own needs Redis and livekit-sip"
        return [failed("livekit trunk and rule", str(error), fix)]
    return _told("livekit trunk and rule", "as they must be", changes, problems)


async def check_numbers(operator: Operator) -> list[Finding]:
    try:
        side = await TwilioSide.of(operator)
        changes, problems = await side.sync(apply=False)
    except UnavailableError as error:
        fix = "look at TWILIO_ACCOUNT_SID and the secret twilio-auth-token"
        return [failed("twilio numbers", str(error), fix)]
    return _told("twilio numbers", f"{len(side.numbers)} lead here", changes, problems)


async def check_fallback_number(operator: Operator) -> list[Finding]:
    """It is called while Firestore fails, when nobody can see that it leads back here."""
    check, number = "fallback number", operator.deployment.fallback_number
    if number is None:
        return [ok(check, "none: callers whose agent cannot be read hear the message")]
    if await PhoneNumberRepository(operator.database).find(number) is None:
        return [ok(check, f"{number} is not answered by this platform")]
    fix = "set fallback.number (Terraform) to one where people answer, or leave it out: make deploy"
    return [failed(check, f"{number} is answered by this platform: callers would go round in circles", fix)]


async def check_room_creation(operator: Operator) -> list[Finding]:
    """A token for a room that nobody made must not get in."""
    check, settings = "livekit room creation", await operator.livekit_settings()
    now = int(time.time())
    claims = {
        "iss": settings.livekit_api_key,
        "sub": "trunkline-doctor",
        "nbf": now - 5,
        "exp": now + 60,
        "video": {"room": f"doctor-{secrets.token_hex(8)}", "roomJoin": True},
    }
    token = jwt.encode(claims, settings.livekit_secret.get_secret_value(), algorithm="HS256")
    url = settings.livekit_url.replace("ws", "http", 1) + "/rtc/validate"
    try:
        async with (
            aiohttp.ClientSession(timeout=TIMEOUT) as http,
            http.get(url, params={"access_token": token}) as answer,
        ):
            status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return [failed(check, f"{url}: {type(error).__name__}", "look at LIVEKIT_URL")]
    match status:
        case 404:
            return [ok(check, "only by the platform")]
        case 200:
            fix = "room: { auto_create: false } in LiveKit's configuration"
            return [failed(check, "whoever knows the trunk's password makes rooms", fix)]
        case _:
            return [failed(check, f"{url}: {status}", "look at the secret livekit-api-secret")]


def _told(check: str, well: str, changes: list[PlannedChange], problems: list[Problem]) -> list[Finding]:
    found = [failed(f"{check}: {change.subject}", _differs(change), SYNC) for change in changes] + [
        failed(f"{check}: {each.subject}", each.finding, each.fix) for each in problems
    ]
    return found or [ok(check, well)]


def _differs(change: PlannedChange) -> str:
    if change.action == "create":
        return "is not there"
    return "differs: " + ", ".join(f"{name} is {each.before!r}" for name, each in change.fields.items())
