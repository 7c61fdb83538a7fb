"""Which client asks for consent, and redeems it, at each provider that is set up."""

from shared.gateways.google_consent import GoogleConsentGateway
from shared.gateways.oauth import OAuthGateway
from shared.services.oauth_providers import GOOGLE, OAuthClientSettings, oauth_providers


def consent_gateways(settings: OAuthClientSettings) -> dict[str, OAuthGateway]:
    """By the provider's name."""
    return {
        name: GoogleConsentGateway(provider) if name == GOOGLE else OAuthGateway(provider)
        for name, provider in oauth_providers(settings).items()
    }
