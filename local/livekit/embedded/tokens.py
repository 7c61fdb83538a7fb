"""Access tokens: JWTs signed with the API secret that say who may do what.

https://docs.livekit.io/frontends/authentication/tokens/
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt
from google.protobuf.json_format import ParseDict
from livekit.protocol import models as m
from livekit.protocol import room as rm

_LEEWAY_SECONDS = 60
_AGENT_TOKEN_SECONDS = 3600

_KINDS = {
    "standard": m.ParticipantInfo.STANDARD,
    "ingress": m.ParticipantInfo.INGRESS,
    "egress": m.ParticipantInfo.EGRESS,
    "sip": m.ParticipantInfo.SIP,
    "agent": m.ParticipantInfo.AGENT,
    "connector": m.ParticipantInfo.CONNECTOR,
}


class InvalidTokenError(Exception):
    """The token is missing, malformed, expired or not ours; the message never contains the token."""


@dataclass(frozen=True)
class Grants:
    identity: str
    name: str
    kind: m.ParticipantInfo.Kind
    metadata: str
    attributes: dict[str, str]
    video: Mapping[str, Any]
    sip: Mapping[str, Any]
    room_config: rm.RoomConfiguration | None = field(default=None)

    @property
    def room(self) -> str:
        return str(self.video.get("room", ""))

    def allows(self, grant: str) -> bool:
        return bool(self.video.get(grant, False))

    def administers(self, room: str) -> bool:
        return self.allows("roomAdmin") and self.room == room

    @property
    def dependent(self) -> bool:
        """Agents and recorders neither keep a room open nor count towards its limit."""
        return self.kind in (m.ParticipantInfo.AGENT, m.ParticipantInfo.EGRESS) or self.allows("agent")

    def permission(self) -> m.ParticipantPermission:
        """What a token does not mention about publishing and subscribing is allowed."""
        return m.ParticipantPermission(
            can_subscribe=bool(self.video.get("canSubscribe", True)),
            can_publish=bool(self.video.get("canPublish", True)),
            can_publish_data=bool(self.video.get("canPublishData", True)),
            can_update_metadata=self.allows("canUpdateOwnMetadata"),
            hidden=self.allows("hidden"),
            agent=self.allows("agent"),
        )


def read_token(token: str, key: str, secret: str) -> Grants:
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            issuer=key,
            leeway=_LEEWAY_SECONDS,
            options={"verify_aud": False, "require": ["exp"]},
        )
    except jwt.InvalidTokenError as error:
        raise InvalidTokenError(f"invalid token: {error}") from None
    config = claims.get("roomConfig")
    return Grants(
        identity=claims.get("sub", ""),
        name=claims.get("name", ""),
        kind=_KINDS.get(claims.get("kind", ""), m.ParticipantInfo.STANDARD),
        metadata=claims.get("metadata", ""),
        attributes=dict(claims.get("attributes") or {}),
        video=claims.get("video") or {},
        sip=claims.get("sip") or {},
        room_config=ParseDict(config, rm.RoomConfiguration(), ignore_unknown_fields=True) if config else None,
    )


def agent_token(
    key: str,
    secret: str,
    *,
    room: str,
    identity: str,
    name: str,
    metadata: str,
    attributes: Mapping[str, str],
    permission: m.ParticipantPermission,
) -> str:
    """The token with which an agent that accepted a job joins its room."""
    now = int(time.time())
    claims = {
        "iss": key,
        "sub": identity,
        "name": name,
        "kind": "agent",
        "metadata": metadata,
        "attributes": dict(attributes),
        "nbf": now,
        "exp": now + _AGENT_TOKEN_SECONDS,
        "video": {
            "roomJoin": True,
            "agent": True,
            "room": room,
            "canSubscribe": permission.can_subscribe,
            "canPublish": permission.can_publish,
            "canPublishData": permission.can_publish_data,
            "canUpdateOwnMetadata": permission.can_update_metadata,
            "hidden": permission.hidden,
        },
    }
    return jwt.encode(claims, secret, algorithm="HS256")
