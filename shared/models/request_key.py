"""`tenants/{t}/request_keys/{hash}`: which `Idempotency-Key`s were used, and what came of them."""

from shared.models.base import Document, Instant


class UsedRequestKey(Document):
    fingerprint: str
    """Of the request's body: the same key with another body is a client's mistake."""
    resource_id: str
    expires_at: Instant
    """Also the document's TTL."""
