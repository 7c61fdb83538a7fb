"""LiveKit signs its webhooks with one API key until it is told to sign with another.

While the key was replaced they were refused, since the edge knew one alone: dead agents were not noticed.
"""

import hashlib
import time
from base64 import b64encode

import jwt
import pytest
from google.protobuf.json_format import MessageToJson
from livekit.api import TokenVerifier

from functions.incoming_call.edge import Edge
from functions.incoming_call.platform_routes import livekit_event
from functions.incoming_call.settings import EdgeSettings
from shared.errors import UnauthenticatedError
from shared.gateways.livekit_tokens import browser_token
from tests.unit.edge_world import ENV, World, event

pytestmark = pytest.mark.unit

NEW, OLD = "n" * 32, "o" * 32
BODY = MessageToJson(event("room_started")).encode()


def edge(secret: str) -> Edge:
    world = World()
    settings = EdgeSettings.from_env(ENV | {"LIVEKIT_API_KEY": "APInew", "LIVEKIT_API_SECRET": secret})
    return Edge(settings, world.edge.database, world.edge.livekit, world.edge.tasks, world.edge.twilio)


def signed(key: str, secret: str) -> str:
    digest = b64encode(hashlib.sha256(BODY).digest()).decode()
    claims = {"iss": key, "exp": int(time.time()) + 60, "sha256": digest}
    return "Bearer " + jwt.encode(claims, secret, algorithm="HS256")


@pytest.mark.parametrize(("key", "secret"), [("APInew", NEW), ("APIold", OLD)])
def test_while_the_key_is_replaced_webhooks_are_signed_with_either(key: str, secret: str) -> None:
    assert livekit_event(edge(f"{NEW},APIold:{OLD}"), BODY, signed(key, secret)).event == "room_started"


@pytest.mark.parametrize(
    ("key", "secret", "known"),
    [
        ("APIold", OLD, NEW),  # it is not named any more
        ("APIold", NEW, f"{NEW},APIold:{OLD}"),  # each with its own
        ("APInew", OLD, f"{NEW},APIold:{OLD}"),
        ("APIother", NEW, f"{NEW},APIold:{OLD}"),
    ],
)
def test_nobody_else_is_taken_for_livekit(key: str, secret: str, known: str) -> None:
    with pytest.raises(UnauthenticatedError):
        livekit_event(edge(known), BODY, signed(key, secret))


@pytest.mark.parametrize("secret", [NEW, f"{NEW},APIold:{OLD}"])
def test_we_sign_with_the_new_key(secret: str) -> None:
    token = browser_token(edge(secret).settings, "call-web-1", "tester")
    assert TokenVerifier("APInew", NEW).verify(token).identity == "tester"


@pytest.mark.parametrize("half", [":", "APIold:", ":" + OLD])
def test_a_key_without_a_secret_signs_nothing(half: str) -> None:
    assert list(edge(f"{NEW},{half}").settings.livekit_secrets) == ["APInew"]


def test_a_secret_with_a_comma_in_it_is_one_secret() -> None:
    secret = "a-secret-that,somebody-made-up-for-a-server-of-their-own"
    settings = edge(secret).settings
    assert settings.livekit_secret.get_secret_value() == secret
