"""Settings come from environment variables; each part declares the ones it needs as a pydantic model.

pydantic alone, not pydantic-settings: the phone edge pays for every import on a cold start.
"""

import os
from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from shared.errors import ConfigurationError
from shared.patterns import words_of

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


def _base_url(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("expected a URL, such as https://voice.example.com")
    return url.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_base_url)]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError("expected scheme and host only, such as https://app.example.com")
    return f"{parts.scheme}://{parts.netloc}"


Origin = Annotated[str, AfterValidator(_origin)]


def _origins(urls: str) -> str:
    return ",".join(_origin(url.strip()) for url in urls.split(",") if url.strip())


Origins = Annotated[str, AfterValidator(_origins)]
"""One or several, with commas between them."""


def _websocket_url(url: str) -> str:
    if not url.startswith(("wss://", "ws://")):
        raise ValueError("expected a URL, such as wss://livekit.example.com")
    return url.rstrip("/")


WebSocketUrl = Annotated[str, AfterValidator(_websocket_url)]


class Settings(BaseModel):
    """Field `livekit_url` is read from `LIVEKIT_URL`, and so on. An empty variable counts as not set."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def from_env(cls, env: Mapping[str, str] | None = None) -> Self:
        """Raises `ConfigurationError` naming every missing or malformed variable at once."""
        env = os.environ if env is None else env
        values = {name: env[name.upper()] for name in cls.model_fields if env.get(name.upper())}
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            findings = [
                f"{str(e['loc'][0]).upper()}: {'not set' if e['type'] == 'missing' else words_of(e)}"
                for e in error.errors(include_input=False, include_url=False)
            ]
            raise ConfigurationError(f"{cls.__name__}: " + "; ".join(findings)) from None


class GoogleCloudSettings(Settings):
    """The project that holds the documents and secrets."""

    google_cloud_project: str


class SecretManagerSettings(GoogleCloudSettings):
    """Of those who make secrets."""

    secret_manager_endpoint: str | None = None
    """`host:port`; None is Google's own."""
    secret_locations: str = Field(default="", pattern=r"^([a-z0-9-]+(,[a-z0-9-]+)*)?$")
    """Regions, with commas between them, that new secrets are kept in; empty: wherever Google likes."""

    @property
    def locations(self) -> list[str]:
        return self.secret_locations.split(",") if self.secret_locations else []


class LiveKitSettings(Settings):
    """How to reach LiveKit's server API. `livekit_url` is the one that workers and browsers use."""

    livekit_url: WebSocketUrl
    livekit_api_key: str
    livekit_api_secret: SecretStr
    """Of that key: read `livekit_secret`. While the key is replaced, the other one stands behind it:
    `SECRET,KEY:SECRET`."""
    agent_name: str = "trunkline"
    """The name that workers register under and dispatches ask for; a release has its own (blue/green)."""

    @property
    def livekit_secret(self) -> SecretStr:
        """What we sign with."""
        return self.livekit_secrets[self.livekit_api_key]

    @property
    def livekit_secrets(self) -> dict[str, SecretStr]:
        """By key, all that LiveKit may sign its webhooks with: it goes over to another key when it is told
        to, which is not the moment at which we do. https://docs.livekit.io/home/server/webhooks/"""
        secret, _, other = self.livekit_api_secret.get_secret_value().partition(",")
        other_key, colon, other_secret = other.partition(":")
        if not (colon and other_key and other_secret):  # anybody could sign with an empty one
            return {self.livekit_api_key: self.livekit_api_secret}
        return {other_key: SecretStr(other_secret), self.livekit_api_key: SecretStr(secret)}
