"""A deployment's mistakes, told all at once and by the variables' names."""

import pytest

from functions.incoming_call.settings import EdgeSettings
from functions.tools_api.settings import ApiSettings
from shared.errors import ConfigurationError
from shared.services.oauth_providers import OAuthClientSettings
from tests.unit.edge_world import ENV

pytestmark = pytest.mark.unit


def test_all_that_is_missing_or_malformed_is_told_at_once() -> None:
    env = ENV | {
        "SIP_HOST": "",
        "PUBLIC_URL": "voice.example.com",
        "LIVEKIT_URL": "https://news.example.com",
        "TASKS_QUEUE": "calls",
        "FALLBACK_NUMBER": "555-0100",
        "LOG_LEVEL": "LOUD",
    }
    with pytest.raises(ConfigurationError) as raised:
        EdgeSettings.from_env(env)
    findings = dict(finding.split(": ", 1) for finding in str(raised.value).split(": ", 1)[1].split("; "))
    assert findings["SIP_HOST"] == "not set"
    assert set(findings) == {
        "SIP_HOST",
        "PUBLIC_URL",
        "LIVEKIT_URL",
        "TASKS_QUEUE",
        "FALLBACK_NUMBER",
        "LOG_LEVEL",
    }


def test_a_setting_that_is_refused_is_not_repeated_in_the_message() -> None:
    with pytest.raises(ConfigurationError) as raised:
        EdgeSettings.from_env(ENV | {"LIVEKIT_URL": "user:hunter2@livekit"})
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("origins", ["*", "https://app.example.com/dashboard", "app.example.com"])
def test_browsers_may_call_from_origins_alone(origins: str) -> None:
    """With a path none would match; with a star all would."""
    with pytest.raises(ConfigurationError, match=r"DASHBOARD_ORIGINS: .*scheme and host only"):
        ApiSettings.from_env({"DASHBOARD_ORIGINS": origins})


@pytest.mark.parametrize("name", ["google", "../start", "Acme CRM"])
def test_the_generic_provider_has_a_name_of_its_own_that_fits_an_address(name: str) -> None:
    """It is part of the redirect URI; as "google" it would take the place of Google's client."""
    with pytest.raises(ConfigurationError, match="OAUTH2_PROVIDER"):
        OAuthClientSettings.from_env({"OAUTH2_PROVIDER": name})
