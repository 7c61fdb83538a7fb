"""What the laptop cloud consists of: one `Part` a process, with its command line and environment."""

from pathlib import Path

from local import environment as env
from local.environment import Environment, Ports
from local.firestore.indexes import DEPLOYED
from local.supervisor import Part, python
from local.tls import Certificates

ROOT = Path(__file__).resolve().parent.parent
DASHBOARD = ROOT / "dashboard" / "out"
"""What `make dashboard` builds."""
DEMO_SENDER = "frontdesk@harbor-dental.example"
"""May send e-mail through the laptop's SES."""


def call_parts(
    ports: Ports,
    state: Path,
    certs: Certificates,
    *,
    embedded_livekit: bool,
    sip: bool,
    worker: list[str] | None,
) -> list[Part]:
    """Everything that a call needs. `worker` is another command instead of the product's worker; `sip` has
    the real LiveKit run with its SIP service."""
    p, environment = ports, Environment(ports, state, certs)
    tls = ["--tls-cert", str(certs.cert), "--tls-key", str(certs.key)]

    def folder(name: str) -> list[str]:
        return ["--state", str(state / name)]

    webhook = f"{p.url('incoming_call')}/api/v1/voice/livekit/webhook"
    return [
        Part(
            "firestore",
            python(
                *("-m", "local.firestore", "--port", str(p.firestore), "--indexes", str(DEPLOYED)),
                *folder("firestore"),
            ),
            p.firestore,
        ),
        Part(
            "google",
            python(
                *("-m", "local.google", "--port", str(p.google), "--grpc-port", str(p.google_grpc)),
                *("--project", env.PROJECT, "--queue", env.QUEUE),
                *("--redirect-uri", f"{p.url('oauth')}/api/v1/oauth/google/callback"),
                *folder("google"),
                *tls,
            ),
            p.google_grpc,
        ),
        Part(
            "livekit",
            python(
                *("-m", "local.livekit", "--port", str(p.livekit), "--key", env.LIVEKIT_KEY),
                *("--secret", env.LIVEKIT_SECRET, "--webhook-url", webhook),
                *folder("livekit"),
                *(["--embedded"] if embedded_livekit else []),
                *(["--sip"] if sip else []),
            ),
            p.livekit,
        ),
        Part(
            "gemini",
            python(
                *("-m", "local.gemini", "--port", str(p.gemini)),
                *("--control-port", str(p.gemini_control)),
                *folder("gemini"),
                *tls,
            ),
            p.gemini,
        ),
        Part(
            "ses",
            python("-m", "local.ses", "--port", str(p.ses), *folder("ses"), "--verify", DEMO_SENDER),
            p.ses,
        ),
        Part(
            "twilio",
            python(
                *("-m", "local.twilio", "--port", str(p.twilio), *folder("twilio")),
                *("--account-sid", env.TWILIO_ACCOUNT_SID, "--auth-token", env.TWILIO_AUTH_TOKEN),
            ),
            p.twilio,
            env=environment.twilio(),
        ),
        _function("incoming_call", p.incoming_call, environment.incoming_call()),
        Part(
            "worker",
            worker or python("-m", "worker.worker", "start"),
            ready_line="registered worker",
            env=environment.worker() | {"PYTHONPATH": str(ROOT)},
            after=("google", "livekit"),
        ),
    ]


def console_parts(ports: Ports, state: Path, certs: Certificates) -> list[Part]:
    """What people and programs use to set up agents: sign-in, connections, the API, pages."""
    p, environment = ports, Environment(ports, state, certs)
    return [
        Part(
            "identity",
            python(
                *("-m", "local.identity", "--port", str(p.identity), "--state", str(state / "identity")),
                *("--redirect-uri", f"{p.url('dashboard')}/signed-in/"),
                *("--redirect-uri", f"{p.url('dashboard')}/signed-out/"),
            ),
            p.identity,
        ),
        _function("oauth", p.oauth, environment.oauth()),
        _function("tools_api", p.tools_api, environment.tools_api()),
        Part(
            "dashboard",
            python(
                *("-m", "local.dashboard", "--port", str(p.dashboard), "--folder", str(DASHBOARD)),
                *("--api-url", p.url("tools_api"), "--oauth-url", p.url("oauth")),
                *("--issuer", p.url("identity"), "--client-id", env.PROJECT),
                *("--connect", p.url("livekit"), "--connect", p.url("livekit", "ws")),
            ),
            p.dashboard,
        ),
    ]


def _function(name: str, port: int, variables: dict[str, str]) -> Part:
    """Under functions-framework, as in the cloud."""
    return Part(
        name,
        [
            *python("-m", "functions_framework", "--host", "127.0.0.1", "--port", str(port)),
            *("--source", str(ROOT / "functions" / name / "main.py"), "--target", name),
        ],
        port,
        env=variables | {"PYTHONPATH": str(ROOT)},
        after=("firestore", "google"),
    )
