"""trunkline secrets: what processes left over that died between two steps.

The connection function reconciles by itself every hour (Cloud Scheduler). This does the same now, from here:
the account needs the rights of `oauth` (docs/security.md), and the environment GOOGLE_OAUTH_CLIENT_ID and
GOOGLE_OAUTH_CLIENT_SECRET, without which nothing is revoked.
"""

import typer
from pydantic import BaseModel

from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import FINDINGS, OK, Report
from shared.services.connections import ConnectionService
from shared.services.consent_gateways import consent_gateways
from shared.services.oauth_providers import OAuthClientSettings
from shared.services.revocation_service import RevocationService
from shared.services.secret_reconciler import SecretReconciler
from shared.services.secret_store import ToolSecretStore
from shared.services.token_renewal import TokenRenewal

app = typer.Typer(help=__doc__, no_args_is_help=True)


class FoundOne(BaseModel):
    finding: str
    subject: str
    error: str | None = None

    def line(self) -> str:
        return f"{self.subject}: {self.finding}{f' FAILED: {self.error}' if self.error else ''}"


class ReconcileReport(Report):
    applied: bool
    found: list[FoundOne]

    @property
    def exit_code(self) -> int:
        bad = self.found if not self.applied else [each for each in self.found if each.error]
        return FINDINGS if bad else OK

    def lines(self) -> list[str]:
        told = "put right" if self.applied else "nothing changed: dry run"
        return [*(each.line() for each in self.found), f"{len(self.found)} found, {told}"]


@app.command()
def reconcile(
    deployment: DeploymentOption = None, as_json: JsonOption = False, apply: ApplyOption = False
) -> None:
    """Secrets that no document names, documents whose secret is gone, interrupted disconnections."""
    run(lambda operator: _reconcile(operator, apply=apply), deployment, as_json)


async def _reconcile(operator: Operator, *, apply: bool) -> ReconcileReport:
    found = await _reconciler(operator).run(apply=apply, tell=_tell)
    return ReconcileReport(
        applied=apply,
        found=[FoundOne(finding=one.finding.value, subject=one.subject, error=one.error) for one in found],
    )


def _tell(looked_at: int, of: int) -> None:
    typer.echo(f"{looked_at:>7}  of {of} secrets looked at", err=True)


def _reconciler(operator: Operator) -> SecretReconciler:
    """As the connection function puts it together (`functions/oauth/desk.py`)."""
    store = ToolSecretStore(operator.secrets)
    providers = consent_gateways(OAuthClientSettings.from_env(operator.env))
    revocations = RevocationService(operator.database, store, providers)
    renewal = TokenRenewal(operator.secrets, providers, ConnectionService(operator.database))
    return SecretReconciler(operator.database, store, revocations, renewal)
