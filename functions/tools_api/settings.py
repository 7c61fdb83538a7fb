"""What the API needs to know, from the environment."""

from pydantic import Field, SecretStr

from shared.request_limits import RequestLimitSettings
from shared.services.identity import IdentitySettings
from shared.settings import BaseUrl, LiveKitSettings, LogLevel, Origins, SecretManagerSettings


class ApiSettings(SecretManagerSettings, LiveKitSettings, IdentitySettings, RequestLimitSettings):
    dashboard_origins: Origins = ""
    """Origins that browsers may call from, with commas between them; none: only programs can use the API."""
    incoming_call_url: BaseUrl
    """Base URL of the phone edge, which attached numbers call."""
    oauth_url: BaseUrl
    """Base URL of the connection function, which revokes and deletes what we may not read."""
    tasks_queue: str = Field(pattern=r"^projects/[^/]+/locations/[^/]+/queues/[^/]+$")
    tasks_service_account: str
    """The e-mail in the tasks' tokens: the one that the connection function expects."""
    cloud_tasks_endpoint: str | None = None
    """`host:port`; None is Google's own."""
    twilio_account_sid: str
    twilio_auth_token: SecretStr
    twilio_api_url: BaseUrl = "https://api.twilio.com"
    gemini_api_key: SecretStr | None = None
    """For samples of voices; None: there are none."""
    google_gemini_base_url: BaseUrl = "https://generativelanguage.googleapis.com"
    gemini_speech_model: str = Field(default="gemini-3.8-flash-lite-tts", pattern=r"^[a-z0-9.-]+$")
    max_body_bytes: int = Field(default=256 * 1024, ge=1024)
    log_level: LogLevel = "INFO"

    @property
    def origins(self) -> list[str]:
        return self.dashboard_origins.split(",") if self.dashboard_origins else []
