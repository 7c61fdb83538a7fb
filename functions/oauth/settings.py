"""What the connection function needs to know, from the environment."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

from shared.services.identity import IdentitySettings
from shared.services.oauth_providers import OAuthClientSettings
from shared.settings import GoogleCloudSettings, LogLevel


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError("expected scheme and host only, such as https://app.example.com")
    return f"{parts.scheme}://{parts.netloc}"


Origin = Annotated[str, AfterValidator(_origin)]


class ConnectSettings(GoogleCloudSettings, OAuthClientSettings, IdentitySettings):
    public_url: Origin
    """Where browsers and Cloud Scheduler reach this function. It has to be the dashboard's site (the same
    registrable domain), or browsers will not keep the cookie that binds a consent to the one who asked."""
    dashboard_origin: Origin
    """The only page that may ask, and that is told how it ended."""
    tasks_service_account: str
    """The e-mail in the tokens of Cloud Scheduler and Cloud Tasks, which call `/api/v1/tasks/…`."""
    oidc_certs_url: str = "https://www.googleapis.com/oauth2/v1/certs"
    secret_manager_endpoint: str | None = None
    """`host:port`; None is Google's own."""
    log_level: LogLevel = "INFO"
