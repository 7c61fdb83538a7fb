"""`phone_numbers/{e164}`: which agent answers a number. A number belongs to exactly one agent."""

from typing import Literal

from shared.models.base import Document, DocumentId


class PhoneNumberDocument(Document):
    tenant_id: DocumentId
    agent_id: DocumentId
    provider: Literal["twilio"] = "twilio"
