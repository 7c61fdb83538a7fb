"""The OAuth clients of this deployment, from settings: Google's, and one of any other OAuth 2.0 provider."""

from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field, Json, SecretStr, ValidationInfo, field_validator

from shared.gateways.oauth import OAuthProvider
from shared.models.base import Slug
from shared.settings import Settings

GOOGLE = "google"


_T = TypeVar("_T")


def _not_google(name: str) -> str:
    if name == GOOGLE:
        raise ValueError("is set up by GOOGLE_OAUTH_CLIENT_ID")
    return name


class OAuthClientSettings(Settings):
    """A provider is set up when its client id and secret are; a tool of another one says that it is not."""

    google_oauth_client_id: str | None = None
    google_oauth_client_secret: SecretStr | None = None
    google_oauth_auth_uri: str = "https://accounts.google.com/o/oauth2/v2/auth"
    google_oauth_token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
    google_oauth_revoke_uri: str = "https://oauth2.googleapis.com/revoke"

    oauth2_provider: Annotated[Slug, AfterValidator(_not_google)] | None = None
    """The generic provider's name in tools' metadata and our addresses. The rest is needed with it."""
    oauth2_display_name: str | None = None
    oauth2_client_id: Annotated[str | None, Field(validate_default=True)] = None
    oauth2_client_secret: Annotated[SecretStr | None, Field(validate_default=True)] = None
    oauth2_auth_uri: Annotated[str | None, Field(validate_default=True)] = None
    oauth2_token_uri: Annotated[str | None, Field(validate_default=True)] = None
    oauth2_revoke_uri: str | None = None
    """RFC 7009; left out when the provider has none."""
    oauth2_userinfo_uri: str | None = None
    """Answers `{"email": …}`; left out when the provider has none."""
    oauth2_auth_parameters: Json[dict[str, str]] = Field(default_factory=dict[str, str])
    """JSON, added to the address of the consent page: `{"audience": "api.example.com"}`."""
    oauth2_rotates_refresh_tokens: bool = False

    @field_validator("oauth2_client_id", "oauth2_client_secret", "oauth2_auth_uri", "oauth2_token_uri")
    @classmethod
    def _needed(cls, value: _T, info: ValidationInfo) -> _T:
        if value is None and info.data.get("oauth2_provider"):
            raise ValueError("needed with OAUTH2_PROVIDER")
        return value


def oauth_providers(settings: OAuthClientSettings) -> dict[str, OAuthProvider]:
    """By name."""
    found: list[OAuthProvider] = []
    if settings.google_oauth_client_id and settings.google_oauth_client_secret:
        found.append(
            OAuthProvider(
                name=GOOGLE,
                display_name="Google",
                client_id=settings.google_oauth_client_id,
                client_secret=settings.google_oauth_client_secret,
                authorization_uri=settings.google_oauth_auth_uri,
                token_uri=settings.google_oauth_token_uri,
                revocation_uri=settings.google_oauth_revoke_uri,
                revokes_whole_grant=True,
            )
        )
    if settings.oauth2_provider and settings.oauth2_client_id and settings.oauth2_client_secret:
        found.append(
            OAuthProvider(
                name=settings.oauth2_provider,
                display_name=settings.oauth2_display_name or settings.oauth2_provider,
                client_id=settings.oauth2_client_id,
                client_secret=settings.oauth2_client_secret,
                authorization_uri=settings.oauth2_auth_uri or "",
                token_uri=settings.oauth2_token_uri or "",
                revocation_uri=settings.oauth2_revoke_uri,
                userinfo_uri=settings.oauth2_userinfo_uri,
                authorization_parameters=settings.oauth2_auth_parameters,
                rotates_refresh_tokens=settings.oauth2_rotates_refresh_tokens,
            )
        )
    return {provider.name: provider for provider in found}
