"""Which deployment a command works on: `terraform output -json deployment > deployment.json`."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import ConfigurationError
from shared.patterns import words_of
from shared.settings import BaseUrl, WebSocketUrl

FILE = Path("deployment.json")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Urls(_Part):
    incoming_call: BaseUrl
    oauth: BaseUrl
    tools_api: BaseUrl
    dashboard: str | None = None


class WorkerPool(_Part):
    name: str
    agent_name: str
    """What its workers register under."""


class Deployment(_Part):
    """No secret stands in it."""

    project_id: str
    region: str = ""
    urls: Urls
    worker_pools: dict[str, WorkerPool] = Field(default_factory=dict)
    """By release."""
    tasks_queue: str
    service_accounts: dict[str, str] = Field(default_factory=dict)
    """By part: its e-mail address."""
    permissions: dict[str, frozenset[str]] = Field(default_factory=dict)
    """By part: what its account may do with documents and tenants' secrets, as it was deployed."""
    secret_readers: dict[str, frozenset[str]] = Field(default_factory=dict)
    """By the deployment's own secrets: the parts that mount it."""
    artifact_registry: str | None = None
    recordings_bucket: str | None = None
    livekit_url: WebSocketUrl
    livekit_api_key: str | None = None
    """The key's name; its secret is in Secret Manager."""
    sip_host: str
    sip_username: str | None = None
    twilio_account_sid: str | None = None
    live_release: str | None = None
    """Of `worker_pools`: the one that takes all calls until a rollout says otherwise."""
    fallback_number: str | None = None
    """Where callers go when not even their agent's fallback can be read; None: they hear a message."""


VARIABLES: Mapping[str, tuple[str, ...]] = {
    "GOOGLE_CLOUD_PROJECT": ("project_id",),
    "GOOGLE_CLOUD_REGION": ("region",),
    "INCOMING_CALL_URL": ("urls", "incoming_call"),
    "OAUTH_URL": ("urls", "oauth"),
    "TOOLS_API_URL": ("urls", "tools_api"),
    "DASHBOARD_ORIGIN": ("urls", "dashboard"),
    "TASKS_QUEUE": ("tasks_queue",),
    "LIVEKIT_URL": ("livekit_url",),
    "LIVEKIT_API_KEY": ("livekit_api_key",),
    "SIP_HOST": ("sip_host",),
    "SIP_USERNAME": ("sip_username",),
    "TWILIO_ACCOUNT_SID": ("twilio_account_sid",),
    "FALLBACK_NUMBER": ("fallback_number",),
}
"""Each overrides the file's value at that path."""


def load_deployment(file: Path | None, env: Mapping[str, str] | None = None) -> Deployment:
    """`file` None: `deployment.json` in this folder, if it is there; the environment alone may do.

    Raises `ConfigurationError` naming what is missing and how to get it.
    """
    env = os.environ if env is None else env
    if file is None and FILE.exists():
        file = FILE
    values = {} if file is None else _read(file)
    for variable, path in VARIABLES.items():
        if env.get(variable):
            _put(values, path, env[variable])
    try:
        return Deployment.model_validate(values)
    except ValidationError as error:
        names = {".".join(path): variable for variable, path in VARIABLES.items()}
        findings: list[str] = []
        for each in error.errors(include_input=False, include_url=False):
            name = ".".join(map(str, each["loc"]))
            variable = f" ({names[name]})" if name in names else ""
            wrong = "missing" if each["type"] == "missing" else words_of(each)
            findings.append(f"{name}{variable}: {wrong}")
        remedy = "terraform output -json deployment > deployment.json, then pass it with --deployment"
        source = file or "the environment"
        raise ConfigurationError(f"{source}: not a deployment: {', '.join(findings)}; {remedy}") from None


def _read(file: Path) -> dict[str, Any]:
    try:
        values: Any = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None
    except ValueError:
        raise ConfigurationError(f"{file}: not JSON") from None
    if not isinstance(values, dict):
        raise ConfigurationError(f"{file}: expected an object")
    return dict(values)  # pyright: ignore[reportUnknownArgumentType] - whatever it holds is validated


def _put(values: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    *parents, last = path
    for name in parents:
        values = values.setdefault(name, {})
        if not isinstance(values, dict):  # pyright: ignore[reportUnnecessaryIsInstance] - read from a file
            return  # to be told as what it is
    values[last] = value
