"""What livekit-server reads from its YAML file, as far as it matters here; the defaults are the real ones."""

from dataclasses import dataclass
from pathlib import Path

VERSION = "1.13.5"
"""The server whose behaviour is reproduced."""


@dataclass(frozen=True)
class Config:
    key: str
    secret: str
    port: int = 0
    """0: a free one."""
    webhook_urls: tuple[str, ...] = ()
    auto_create: bool = False
    """Whether joining makes a missing room. The platform creates its rooms itself, so this is off: else
    anyone with the trunk's password makes rooms by dialling a name."""
    target_load: float = 1.0
    """A job is offered only while some worker's load is below this. The real default is 0.7; the workers
    here admit by number of calls, so the server must not refuse earlier than they do."""
    empty_timeout: int = 300
    """Seconds until a room closes that nobody has joined."""
    departure_timeout: int = 20
    """Seconds until a room closes that everybody has left."""
    sip_file: Path | None = None
    """Where the embedded server keeps trunks and dispatch rules; None: in memory."""
    redis_port: int | None = None
    """Of a Redis on this machine, with which the real server has its SIP service; None: it has none."""
