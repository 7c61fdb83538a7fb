"""What `up` prints when all runs: commands to paste into another terminal in the same folder."""

import os
import shlex
import sys
from pathlib import Path
from urllib.parse import urlencode

from local.cloud import Cloud
from local.parts import DASHBOARD, ROOT
from local.seed import Seed
from shared.models.member import Role

DEPLOYMENT, OPERATOR_ENV = "deployment.json", "operator.env"
"""Files in the state folder."""


def next_steps(cloud: Cloud, seed: Seed, state: list[str], seeds: list[str]) -> str:
    """`state` and `seeds` are the options that other commands need to find the cloud and its tenants."""
    owner = next(
        (
            (tenant_id, email)
            for tenant_id, tenant in seed.tenants.items()
            for email, role in tenant.members.items()
            if role is Role.OWNER
        ),
        None,
    )
    scenarios = ROOT / "local" / "scenarios"
    one, several = scenarios / "book-a-slot.yaml", scenarios / "barge-in.yaml"
    deployment = shlex.join(["--deployment", _near(cloud.state / DEPLOYMENT)])
    trunkline = _near(ROOT / "bin" / "trunkline")
    return "\n".join(
        [
            *(_signed_in(cloud, *owner, state) if owner else []),
            "Play a call:",
            f"  {_local('call', '--scenario', _near(one), *state, *seeds)}",
            f"  {_local('call', '--scenario', _near(several), '--calls', '4', *state, *seeds)}",
            "Operate it as a deployment in the cloud (docs/operating.md):",
            f"  set -a; . {shlex.quote(_near(cloud.state / OPERATOR_ENV))}; set +a",
            f"  {shlex.quote(trunkline)} telephony sync --apply {deployment}",
            f"  {shlex.quote(trunkline)} doctor {deployment}",
            "Where things listen:",
            *(f"  {name:<16} {cloud.ports.url(name)}" for name in type(cloud.ports).model_fields),
            "Stop with Ctrl-C.",
        ]
    )


def _signed_in(cloud: Cloud, tenant_id: str, email: str, state: list[str]) -> list[str]:
    dashboard = [
        f"Open the dashboard, signed in as {email}, who owns {tenant_id}:",
        f"  {dashboard_link(cloud, email)}",
    ]
    if not (DASHBOARD / "index.html").is_file():
        dashboard = ["The dashboard is not built; get Node.js 20 or later, then: make dashboard"]
    return [
        *dashboard,
        "Ask the API (its document: /api/v1/openapi.json) as the same person:",
        f"  TOKEN=$({_local('token', email, *state)})",
        f'  curl -H "Authorization: Bearer $TOKEN" '
        f"{cloud.ports.url('tools_api')}/api/v1/tenants/{tenant_id}/agents",
    ]


def dashboard_link(cloud: Cloud, email: str) -> str:
    """Signs `email` in: on a laptop the issuer takes a hint as an answer."""
    return f"{cloud.ports.url('dashboard')}/?{urlencode({'login_hint': email})}"


def _local(*arguments: str) -> str:
    return shlex.join([_near(Path(sys.executable)), "-m", "local", *arguments])


def _near(path: Path) -> str:
    """As short as it can be typed in this folder."""
    absolute = Path(os.path.abspath(path))  # noqa: PTH100 - not resolved: an environment's python is a link
    return str(absolute.relative_to(Path.cwd())) if absolute.is_relative_to(Path.cwd()) else str(absolute)
