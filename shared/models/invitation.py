"""`tenants/{t}/invitations/{id}`: an offer of membership to whoever owns an e-mail address."""

from shared.models.base import Document, Instant
from shared.models.member import Role


class Invitation(Document):
    email: str
    """In lower case; only an account with this verified address can accept."""
    role: Role
    secret_sha256: str
    created_at: Instant
    created_by: str
    expires_at: Instant
    """Also the document's TTL."""
