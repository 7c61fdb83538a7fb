"""Access tokens for browsers that join a room. https://docs.livekit.io/home/get-started/authentication/"""

import time
from collections.abc import Callable
from datetime import timedelta

import jwt

from shared.settings import LiveKitSettings

LIFETIME = timedelta(minutes=5)
"""To join within; who is in the room stays beyond it."""


def browser_token(
    settings: LiveKitSettings, room: str, identity: str, clock: Callable[[], float] = time.time
) -> str:
    """Lets `identity` into this room, to hear and to speak with the microphone; nothing else."""
    now = int(clock())
    claims = {
        "iss": settings.livekit_api_key,
        "sub": identity,
        "nbf": now - 5,
        "exp": now + int(LIFETIME.total_seconds()),
        "video": {
            "room": room,
            "roomJoin": True,
            "canPublish": True,
            "canPublishSources": ["microphone"],
            "canSubscribe": True,
            "canPublishData": False,
            "canUpdateOwnMetadata": False,
        },
    }
    return jwt.encode(claims, settings.livekit_secret.get_secret_value(), algorithm="HS256")
