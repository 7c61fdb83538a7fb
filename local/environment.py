"""Where the parts of the laptop cloud listen, and what each process is told through its environment.

This is the only place that knows both sides: production code reads the same variables in the cloud, with
the real services' addresses in them.
"""

import os
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

from local.free_port import free_port
from local.google.environment import environment as google_environment
from local.google.iam import DEFAULT_POLICY, READERS
from local.google.identity import OWNER
from local.tls import Certificates
from shared.settings import LogLevel, Settings

PROJECT = "trunkline-laptop"
LOCATION = "us-central1"
QUEUE = f"projects/{PROJECT}/locations/{LOCATION}/queues/calls"
OAUTH_TASKS_ACCOUNT = f"oauth@{PROJECT}.iam.gserviceaccount.com"
AGENT_NAME = "trunkline"

# Credentials of the laptop cloud: known to everybody, valid nowhere else.
TWILIO_ACCOUNT_SID = "AC" + "10ca1" * 6 + "00"
TWILIO_AUTH_TOKEN = "laptop-twilio-auth-token"
LIVEKIT_KEY = "laptop"
LIVEKIT_SECRET = "laptop-livekit-secret-of-32-or-more-characters"
SIP_USERNAME = "trunk"
SIP_PASSWORD = "laptop-sip-password"
SIP_HOST = "localhost"
OAUTH_CLIENT_ID = "laptop-client"
OAUTH_CLIENT_SECRET = "laptop-client-secret"


class LaptopSettings(Settings):
    """What a person may set for all parts at once."""

    log_level: LogLevel = "INFO"


class Ports(BaseModel):
    """One TCP port a part, all on 127.0.0.1."""

    firestore: int
    google: int
    google_grpc: int
    livekit: int
    gemini: int
    gemini_control: int
    ses: int
    twilio: int
    incoming_call: int
    identity: int
    oauth: int
    tools_api: int
    dashboard: int

    @classmethod
    def choose(cls, base: int | None = None) -> Self:
        """Consecutive ports from `base`, or free ones when it is None."""
        if base is None:
            return cls(**{name: free_port() for name in cls.model_fields})
        return cls(**{name: base + number for number, name in enumerate(cls.model_fields)})

    def url(self, part: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{getattr(self, part)}"


class Environment:
    """The variables of each production process; see docs/architecture.md for what they mean."""

    def __init__(self, ports: Ports, state: Path, certificates: Certificates) -> None:
        self._ports = ports
        self._state = state
        self._bundle = certificates.bundle

    def owner(self) -> dict[str, str]:
        """For the laptop cloud's own commands: may read and write everything."""
        return self._common("owner")

    def operator(self) -> dict[str, str]:
        """For the trunkline command."""
        return (
            self._common("owner")
            | self._sip()
            | {
                "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
                "TWILIO_API_URL": self._ports.url("twilio"),
            }
        )

    def deployment(self) -> dict[str, Any]:
        """What `terraform output -json deployment` says of a deployment in the cloud."""
        ports = self._ports
        return {
            "project_id": PROJECT,
            "region": LOCATION,
            "urls": {name: ports.url(name) for name in ("incoming_call", "oauth", "tools_api", "dashboard")},
            "live_release": "laptop",
            "livekit_api_key": LIVEKIT_KEY,
            "sip_username": SIP_USERNAME,
            "twilio_account_sid": TWILIO_ACCOUNT_SID,
            "worker_pools": {"laptop": {"name": "worker", "agent_name": AGENT_NAME}},
            "tasks_queue": QUEUE,
            "service_accounts": {
                "incoming_call": f"incoming-call@{PROJECT}.iam.gserviceaccount.com",
                "oauth": f"oauth@{PROJECT}.iam.gserviceaccount.com",
                "tools_api": f"tools-api@{PROJECT}.iam.gserviceaccount.com",
                "worker": f"worker@{PROJECT}.iam.gserviceaccount.com",
                "scheduler": OAUTH_TASKS_ACCOUNT,
            },
            "permissions": {
                part.replace("-", "_"): sorted(
                    p for p in granted if p.startswith(("datastore.", "secretmanager."))
                )
                for part, granted in DEFAULT_POLICY.items()
                if part != OWNER
            },
            "secret_readers": {
                secret: [part.replace("-", "_") for part in sorted(parts)]
                for secret, parts in READERS.items()
            },
            "livekit_url": ports.url("livekit", "ws"),
            "sip_host": SIP_HOST,
        }

    def twilio(self) -> dict[str, str]:
        """The stand-in's SIP bridge joins LiveKit rooms as livekit-sip does."""
        return self._livekit() | self._sip()

    def incoming_call(self) -> dict[str, str]:
        return (
            self._common("incoming-call")
            | self._sip()
            | {
                "PUBLIC_URL": self._ports.url("incoming_call"),
                "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
                "TWILIO_API_URL": self._ports.url("twilio"),
                "TASKS_QUEUE": QUEUE,
                "TASKS_SERVICE_ACCOUNT": f"incoming-call@{PROJECT}.iam.gserviceaccount.com",
            }
        )

    def oauth(self) -> dict[str, str]:
        return (
            self._common("oauth")
            | self._sign_in()
            | self._oauth_client()
            | {
                "PUBLIC_URL": self._ports.url("oauth"),
                "DASHBOARD_ORIGIN": self._ports.url("dashboard"),
                "TASKS_SERVICE_ACCOUNT": OAUTH_TASKS_ACCOUNT,
                "OAUTHLIB_INSECURE_TRANSPORT": "1",  # plain http, on this machine only
            }
        )

    def tools_api(self) -> dict[str, str]:
        return (
            self._common("tools-api")
            | self._sign_in()
            | self._gemini()
            | {
                "DASHBOARD_ORIGINS": self._ports.url("dashboard"),
                "INCOMING_CALL_URL": self._ports.url("incoming_call"),
                "OAUTH_URL": self._ports.url("oauth"),
                "TASKS_QUEUE": QUEUE,
                "TASKS_SERVICE_ACCOUNT": OAUTH_TASKS_ACCOUNT,
                "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID,
                "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
                "TWILIO_API_URL": self._ports.url("twilio"),
            }
        )

    def worker(self) -> dict[str, str]:
        """With `GEMINI_API_KEY` set by the user, calls go to the real model; else to the stand-in."""
        return (
            self._common("worker")
            | self._oauth_client()
            | self._gemini()
            | {
                "GEMINI_BACKEND": "gemini_api",
                "MAX_CALLS_PER_WORKER": "10",
                "AWS_ENDPOINT_URL_SES": self._ports.url("ses"),
                "LIVEKIT_AGENTS_PRELOAD_LOCAL_INFERENCE": "0",
            }
        )

    def _gemini(self) -> dict[str, str]:
        if key := os.environ.get("GEMINI_API_KEY"):
            return {"GEMINI_API_KEY": key}
        return {"GEMINI_API_KEY": "laptop", "GOOGLE_GEMINI_BASE_URL": self._ports.url("gemini", "https")}

    def _common(self, part: str) -> dict[str, str]:
        google = google_environment(
            part,
            state=self._state / "google",
            bundle=self._bundle,
            port=self._ports.google,
            grpc_port=self._ports.google_grpc,
            project=PROJECT,
        )
        return (
            google
            | self._livekit()
            | {
                "LOG_LEVEL": LaptopSettings.from_env().log_level,
                "FIRESTORE_EMULATOR_HOST": f"127.0.0.1:{self._ports.firestore}",
            }
        )

    def _livekit(self) -> dict[str, str]:
        return {
            "LIVEKIT_URL": self._ports.url("livekit", "ws"),
            "LIVEKIT_API_KEY": LIVEKIT_KEY,
            "LIVEKIT_API_SECRET": LIVEKIT_SECRET,
            "AGENT_NAME": AGENT_NAME,
        }

    @staticmethod
    def _sip() -> dict[str, str]:
        return {"SIP_HOST": SIP_HOST, "SIP_USERNAME": SIP_USERNAME, "SIP_PASSWORD": SIP_PASSWORD}

    @staticmethod
    def _oauth_client() -> dict[str, str]:
        return {"GOOGLE_OAUTH_CLIENT_ID": OAUTH_CLIENT_ID, "GOOGLE_OAUTH_CLIENT_SECRET": OAUTH_CLIENT_SECRET}

    def _sign_in(self) -> dict[str, str]:
        return {"USER_TOKEN_ISSUERS": self._ports.url("identity"), "USER_TOKEN_AUDIENCE": PROJECT}
