"""What the phone edge needs to know, from the environment."""

from pydantic import Field, SecretStr

from shared.models.base import PhoneNumber
from shared.settings import BaseUrl, GoogleCloudSettings, LiveKitSettings, LogLevel


class EdgeSettings(GoogleCloudSettings, LiveKitSettings):
    public_url: BaseUrl
    """What Twilio, LiveKit and Cloud Tasks call; Twilio signs it, tasks carry it as their audience."""
    twilio_account_sid: str
    twilio_auth_token: SecretStr
    """Or two, while it is replaced: see `auth_tokens` of the Twilio gateway."""
    twilio_api_url: BaseUrl = "https://api.twilio.com"
    sip_host: str
    """`host` or `host:port` of LiveKit's SIP service."""
    sip_username: str
    sip_password: SecretStr
    tasks_queue: str = Field(pattern=r"^projects/[^/]+/locations/[^/]+/queues/[^/]+$")
    tasks_service_account: str
    """The e-mail address in the tokens of Cloud Tasks."""
    cloud_tasks_endpoint: str | None = None
    """`host:port`; None is Google's own."""
    oidc_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    fallback_number: PhoneNumber | None = None
    """Where callers go when not even the agent's own fallback can be read; None: they hear the message."""
    fallback_message: str = "We cannot take your call right now. Please try again in a few minutes. Goodbye."
    log_level: LogLevel = "INFO"
