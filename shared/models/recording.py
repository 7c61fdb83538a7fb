"""`tenants/{t}/recordings/{recording_sid}`: what Twilio keeps for us, so that it does not keep it longer."""

from shared.models.base import Document, DocumentId, Instant


class StoredRecording(Document):
    """Has no TTL: it has to outlive its call, whose document may be gone before the recording is."""

    session_id: DocumentId
    delete_after: Instant
    """When the call itself expires."""
