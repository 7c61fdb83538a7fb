"""A deployment's mistakes, told all at once and by the variables' names."""

import pytest

from functions.incoming_call.settings import EdgeSettings
from shared.errors import ConfigurationError
from tests.unit.test_incoming_call import ENV

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
