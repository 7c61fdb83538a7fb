"""Whose requests are taken for Twilio's."""

from typing import Any
from urllib.parse import urlencode

import pytest
from pydantic import SecretStr
from starlette.requests import Request
from twilio.request_validator import RequestValidator

from functions.incoming_call.settings import EdgeSettings
from functions.incoming_call.twilio_requests import RejectedRequestError, read_params
from shared.errors import ConfigurationError
from shared.gateways.twilio import auth_tokens
from tests.unit.edge_world import ENV

pytestmark = pytest.mark.unit

PATH = "/api/v1/voice/twilio/status"
FORM = {"CallSid": "CA" + "0" * 32}


def signed_with(token: str) -> Request:
    signature = RequestValidator(token).compute_signature(ENV["PUBLIC_URL"].rstrip("/") + PATH, FORM)
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-twilio-signature", signature.encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": PATH, "headers": headers, "query_string": b""}

    async def receive() -> Any:
        return {"type": "http.request", "body": urlencode(FORM).encode()}

    return Request(scope, receive)


def settings(token: str) -> EdgeSettings:
    return EdgeSettings.from_env(ENV | {"TWILIO_AUTH_TOKEN": token})


@pytest.mark.parametrize("token", ["new", "old"])
async def test_while_the_token_is_replaced_requests_are_signed_with_either(token: str) -> None:
    """Twilio goes over to the new one at a moment of its own: calls came in that were refused."""
    assert (await read_params(signed_with(token), settings("new, old")))["CallSid"] == FORM["CallSid"]


@pytest.mark.parametrize(("token", "known"), [("old", "new"), ("", "new,"), ("new,old", "new,old")])
async def test_nobody_else_is_taken_for_twilio(token: str, known: str) -> None:
    with pytest.raises(RejectedRequestError) as refused:
        await read_params(signed_with(token), settings(known))
    assert refused.value.status == 403


def test_the_first_token_is_signed_in_with_and_there_has_to_be_one() -> None:
    assert [token.get_secret_value() for token in auth_tokens(SecretStr("new, old"))] == ["new", "old"]
    with pytest.raises(ConfigurationError, match="TWILIO_AUTH_TOKEN"):
        auth_tokens(SecretStr(" , "))
