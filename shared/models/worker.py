"""`workers/{id}`: when a worker last showed that its machine is alive. Written while it serves calls."""

from shared.models.base import Document, Instant


class WorkerHeartbeat(Document):
    at: Instant
    expires_at: Instant
    """TTL."""
