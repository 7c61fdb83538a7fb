"""A LiveKit-compatible server for loopback: signalling, WebRTC audio and data, agents, Twirp and webhooks.

It behaves as livekit-server 1.13 where this project looks at it (`tests/contract/test_livekit*.py` run the
same cases against both) and names what it does not implement. Audio only; one process, nothing persisted,
as with the real server without Redis.
"""

from local.livekit.embedded.config import Config
from local.livekit.embedded.server import EmbeddedServer

__all__ = ["Config", "EmbeddedServer"]
