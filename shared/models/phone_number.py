"""`phone_numbers/{e164}`: which agent answers a number. A number belongs to exactly one agent."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from shared.models.base import Document, DocumentId


class NumberRouting(BaseModel):
    """Where the provider sends a number's calls; empty: nowhere.

    A trunk, or an application, comes before the voice URLs; a number has at most one of the two.
    https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    voice_url: str = ""
    voice_method: str = "POST"
    voice_fallback_url: str = ""
    voice_fallback_method: str = "POST"
    status_callback: str = ""
    status_callback_method: str = "POST"
    voice_application_sid: str = ""
    trunk_sid: str = ""


class PhoneNumberDocument(Document):
    tenant_id: DocumentId
    agent_id: DocumentId
    provider: Literal["twilio"] = "twilio"
    former: NumberRouting | None = None
    """What the provider had before the number was attached, to be restored."""
    attached_at: datetime | None = None
    """Since when the tenant holds it; None: since before that was noted."""
