"""Who people are on the laptop: an OpenID Connect issuer, in the place of Google Identity Platform."""

from local.identity.server import Identity

__all__ = ["Identity"]
