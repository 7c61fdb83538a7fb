"""`phone_numbers/{e164}`: which agent answers a number. A number belongs to exactly one agent."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.models.base import Document, DocumentId


class FormerWebhooks(BaseModel):
    """What the provider called before the number was attached, to be restored."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    voice_url: str = ""
    voice_fallback_url: str = ""
    status_callback: str = ""


class PhoneNumberDocument(Document):
    tenant_id: DocumentId
    agent_id: DocumentId
    provider: Literal["twilio"] = "twilio"
    former: FormerWebhooks | None = None
    attached_at: datetime | None = None
    """Since when the tenant holds it; None: since before that was noted."""
