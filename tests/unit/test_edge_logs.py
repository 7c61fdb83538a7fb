"""What the phone edge logs can be found by call and by tenant."""

import json
import logging
from io import StringIO
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request
from twilio.request_validator import RequestValidator

from functions.incoming_call.twilio_routes import twilio_routes
from functions.incoming_call.twiml import DIAL_RESULT_PATH
from shared.telemetry import JsonFormatter
from tests.unit.edge_world import CALL, CALLER, ENV, NUMBER, SESSION, World

pytestmark = pytest.mark.unit


def dial_result() -> Request:
    form = {"CallSid": CALL.call_sid, "From": CALLER, "To": NUMBER, "CallStatus": "in-progress"}
    url = f"{ENV['PUBLIC_URL'].rstrip('/')}{DIAL_RESULT_PATH}?tenant=harbor"
    signature = RequestValidator(ENV["TWILIO_AUTH_TOKEN"]).compute_signature(url, form)
    headers = [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"x-twilio-signature", signature.encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": DIAL_RESULT_PATH, "headers": headers}

    async def receive() -> Any:
        return {"type": "http.request", "body": urlencode(form).encode()}

    return Request({**scope, "query_string": b"tenant=harbor"}, receive)


async def test_a_line_about_a_call_names_it_and_its_tenant() -> None:
    world, written = World(), StringIO()
    world.database.fails = True
    [route] = [route for route in twilio_routes(world.edge) if route.path == DIAL_RESULT_PATH]
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    logging.getLogger("functions").addHandler(handler)
    try:
        answer = await route.endpoint(dial_result())
    finally:
        logging.getLogger("functions").removeHandler(handler)

    assert answer.status_code == 200
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert "the call cannot be read" in [line["message"] for line in lines]
    assert {(line.get("tenant_id"), line["session_id"]) for line in lines} == {("harbor", SESSION)}
