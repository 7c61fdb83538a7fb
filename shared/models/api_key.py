"""`tenants/{t}/api_keys/{id}`: keys with which programs use the API. The key itself is stored nowhere."""

from enum import StrEnum

from pydantic import Field

from shared.models.base import Document, Instant


class Scope(StrEnum):
    """What a key may do. Members, invitations and keys are for people alone, whatever a key's scopes."""

    AGENTS_READ = "agents:read"
    AGENTS_WRITE = "agents:write"
    NUMBERS_READ = "numbers:read"
    NUMBERS_WRITE = "numbers:write"
    CALLS_READ = "calls:read"
    CALLS_WRITE = "calls:write"
    AUDIT_READ = "audit:read"


class ApiKey(Document):
    name: str = Field(max_length=80)
    scopes: list[Scope]
    secret_sha256: str
    """Of 256 random bits, which no list of words helps to guess: a slow hash would add nothing."""
    created_at: Instant
    created_by: str
    expires_at: Instant
    """Also the document's TTL; until it is really deleted, readers check it."""
