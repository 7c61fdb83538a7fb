"""What Twilio posts, checked: its signature first, then the fields that we use.

https://www.twilio.com/docs/usage/webhooks/webhooks-security
https://www.twilio.com/docs/voice/twiml#request-parameters
"""

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import parse_qsl

from starlette.datastructures import ImmutableMultiDict
from starlette.requests import Request
from twilio.request_validator import RequestValidator  # pyright: ignore[reportMissingTypeStubs]

from functions.incoming_call.settings import EdgeSettings
from shared.errors import TrunklineError
from shared.gateways.twilio import auth_tokens
from shared.models.base import E164
from shared.models.call import Voicemail
from shared.models.session import session_id_for

MAX_BODY_BYTES = 64 * 1024

# Digits that spell UNKNOWN, ANONYMOUS, … on a phone's keys: how Twilio writes a withheld number.
# https://help.twilio.com/articles/223179988
_WITHHELD = frozenset({"+8656696", "+266696687", "+7378742833", "+2562533", "+86282452253"})

_CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")
_E164 = re.compile(E164)

Params = ImmutableMultiDict[str, str]


class RejectedRequestError(TrunklineError):
    """Not a request that Twilio would send; `status` is the HTTP status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message, sentence=message)
        self.status = status


async def read_params(request: Request, settings: EdgeSettings) -> Params:
    """The form fields of a request that carries Twilio's signature. Raises `RejectedRequestError`."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/x-www-form-urlencoded":
        raise RejectedRequestError(415, "expected application/x-www-form-urlencoded")
    body = await read_body(request)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=200)
    except ValueError:
        raise RejectedRequestError(400, "the body is not a form") from None
    params = Params(pairs)
    if not _is_signed(request, params, settings):
        raise RejectedRequestError(403, "the X-Twilio-Signature header is missing or wrong")
    return params


async def read_body(request: Request) -> bytes:
    """Raises `RejectedRequestError` before more than `MAX_BODY_BYTES` are held in memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise RejectedRequestError(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
    return bytes(body)


def _is_signed(request: Request, params: Params, settings: EdgeSettings) -> bool:
    signature = request.headers.get("x-twilio-signature", "")
    path: str = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
    query = f"?{request.url.query}" if request.url.query else ""
    # Twilio signs the URL it was given, which proxies on the way have rewritten: take the configured one.
    url = f"{settings.public_url}{path.partition('?')[0]}{query}"
    validators = (
        RequestValidator(token.get_secret_value()) for token in auth_tokens(settings.twilio_auth_token)
    )
    return any(validator.validate(url, params, signature) for validator in validators)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]


@dataclass(frozen=True)
class TwilioCall:
    """Which call a request is about."""

    call_sid: str
    caller: str | None
    """E.164; None when withheld, or when the caller has no number (SIP and browser clients)."""
    called: str
    """E.164; empty when Twilio tells of a recording, which names its call alone."""
    status: str
    """Of the caller's own leg: ringing, in-progress, completed, busy, no-answer, canceled, failed; empty in a
    recording's callback, for which nobody waits on the line."""

    @property
    def session_id(self) -> str:
        return session_id_for(self.call_sid)

    @property
    def caller_is_gone(self) -> bool:
        return self.status not in ("queued", "ringing", "in-progress")

    @classmethod
    def from_params(cls, params: Params) -> Self:
        """Raises `RejectedRequestError`."""
        caller = params.get("From", "")
        recorded = "RecordingSid" in params
        withheld = caller in _WITHHELD or not _E164.fullmatch(caller)
        return cls(
            call_sid=_required(params, "CallSid", _CALL_SID),
            caller=None if withheld else caller,
            called="" if recorded else _required(params, "To", _E164),
            status=params.get("CallStatus", "" if recorded else "ringing"),
        )


def voicemail_in(params: Params) -> Voicemail:
    """Raises `RejectedRequestError`."""
    try:
        return Voicemail(
            recording_sid=params["RecordingSid"],
            recording_url=params["RecordingUrl"],
            seconds=int(params.get("RecordingDuration", "0")),
        )
    except (KeyError, ValueError) as error:
        raise RejectedRequestError(400, f"not a recording: {error}") from None


def _required(params: Params, name: str, pattern: re.Pattern[str]) -> str:
    value = params.get(name)
    if value is None:
        raise RejectedRequestError(400, f"{name} is missing")
    if not pattern.fullmatch(value):
        raise RejectedRequestError(400, f"{name} is malformed")
    return value
