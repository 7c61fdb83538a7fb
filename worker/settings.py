"""What the worker reads from its environment."""

import uuid
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.services.oauth_providers import OAuthClientSettings
from shared.settings import GoogleCloudSettings, LiveKitSettings, LogLevel


class WorkerSettings(GoogleCloudSettings, LiveKitSettings, OAuthClientSettings):
    """`WorkerSettings.from_env()` raises one `ConfigurationError` that lists every finding."""

    gemini_backend: Literal["gemini_api", "vertex_ai"] = "gemini_api"
    gemini_api_key: Annotated[SecretStr | None, Field(validate_default=True)] = None
    gemini_api_version: str | None = None
    """None: v1beta for the Gemini API, v1beta1 for Vertex AI, where the Live API is served."""
    google_cloud_location: Annotated[str | None, Field(validate_default=True)] = None

    max_calls_per_worker: int = Field(default=10, ge=1, le=100)
    warm_processes: int = Field(default=5, ge=0, le=100)
    """Kept ready for calls, 10 MB each; one that finds none waits for a new one."""
    health_port: int = Field(default=0, ge=0, le=65535)
    """Where `GET /` tells whether this worker takes calls (worker/health.py); 0: nobody asks."""

    secret_manager_endpoint: str | None = None

    worker_id: str = Field(default_factory=lambda: uuid.uuid4().hex, pattern="^[A-Za-z0-9-]{1,100}$")
    """Of this start of the worker; the processes of its calls are told (worker/fork_server.py)."""

    log_level: LogLevel = "INFO"

    @field_validator("gemini_api_key")
    @classmethod
    def _key_for_the_gemini_api(cls, key: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if key is None and info.data.get("gemini_backend") == "gemini_api":
            raise ValueError("needed when GEMINI_BACKEND is gemini_api")
        return key

    @field_validator("google_cloud_location")
    @classmethod
    def _location_for_vertex_ai(cls, location: str | None, info: ValidationInfo) -> str | None:
        if location is None and info.data.get("gemini_backend") == "vertex_ai":
            raise ValueError("needed when GEMINI_BACKEND is vertex_ai")
        return location

    @property
    def live_api_version(self) -> str:
        return self.gemini_api_version or ("v1beta" if self.gemini_backend == "gemini_api" else "v1beta1")
