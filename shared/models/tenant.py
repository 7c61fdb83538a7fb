"""`tenants/{t}`: what a customer of the platform may use."""

from pydantic import Field

from shared.models.base import Document, PhoneNumber


class Tenant(Document):
    name: str
    max_concurrent_calls: int = Field(default=10, ge=0)
    fallback_number: PhoneNumber | None = None
    """Where calls go when an agent names no fallback of its own."""
    retention_days: int = Field(default=30, ge=1)
    """How long calls, transcripts and recordings are kept."""
