"""What the connection function needs to know, from the environment."""

from pydantic import Field

from shared.request_limits import RequestLimitSettings
from shared.services.identity import IdentitySettings
from shared.services.oauth_providers import OAuthClientSettings
from shared.settings import LogLevel, Origin, SecretManagerSettings


class ConnectSettings(SecretManagerSettings, OAuthClientSettings, IdentitySettings, RequestLimitSettings):
    public_url: Origin
    """Where browsers and Cloud Scheduler reach this function. It has to be the dashboard's site (the same
    registrable domain), or browsers will not keep the cookie that binds a consent to the one who asked."""
    dashboard_origin: Origin
    """The only page that may ask, and that is told how it ended."""
    tasks_service_account: str
    """The e-mail in the tokens of Cloud Scheduler and Cloud Tasks, which call `/api/v1/tasks/…`."""
    oidc_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    max_body_bytes: int = Field(default=16 * 1024, ge=1024)
    log_level: LogLevel = "INFO"
