"""`oauth_states/{hash of the state}`: somebody is at a provider, about to say yes or no.

The id is a hash and the challenge is public, so the collection holds nothing that helps anybody: the state is
in the provider's address bar, the PKCE verifier in the cookie of the browser that asked.
"""

from shared.models.base import Document, DocumentId, Instant, Slug


class OAuthState(Document):
    provider: str
    tenant_id: DocumentId
    agent_id: DocumentId
    slug: Slug
    user_id: DocumentId
    challenge: str
    """S256 of the PKCE verifier. It binds the code to us and the callback to the browser that started."""
    account: str | None = None
    """The e-mail that must be chosen; None: any."""
    expires_at: Instant
    """Also the document's TTL, which deletes late: code checks the time."""
    used_at: Instant | None = None
