"""trunkline tenant: customers of the platform, from the first to the last day."""

import asyncio
import hashlib
import time
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
import yaml

from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import FINDINGS, OK, Report, TenantReport
from operations.tenant_creation import create_tenant, new_tenant
from operations.tenant_files import TenantFile, export_tenant, import_tenant, mistake_in_tools
from operations.tenant_invitations import FileOption, OwnerOption, TenantArgument, told
from operations.tenant_invitations import app as invitations
from operations.tenant_values import tenant_id_of
from shared.errors import ConfigurationError, UnavailableError
from shared.input_files import InputError, load_yaml
from shared.services.call_control_service import CallControlService
from shared.services.number_service import NumberService
from shared.services.secret_removal import FORGET_PATH, ForgetSecrets
from shared.services.secret_store import ToolSecretStore
from shared.services.tenant_purge import Purged, TenantPurge

app = typer.Typer(help=__doc__, no_args_is_help=True)
app.add_typer(invitations, name="invitation")

EXAMPLE = Path(__file__).parent / "example_tenant.yaml"
FORGET_SECONDS = 60.0
"""For the connection function to revoke a tenant's tokens and delete its secrets."""


class ExportReport(Report):
    tenant: TenantFile

    @property
    def exit_code(self) -> int:
        return OK

    def lines(self) -> list[str]:
        text = yaml.safe_dump(self.tenant.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        return text.splitlines()


class PurgeReport(Report):
    tenant_id: str
    name: str
    applied: bool
    steps: list[Purged]
    remains: list[str]
    """What is not deleted here, and when it goes."""

    @property
    def exit_code(self) -> int:
        return OK if self.applied else FINDINGS

    def lines(self) -> list[str]:
        if not self.applied:
            return [
                f"{self.tenant_id} ({self.name}) would be deleted for good: numbers, members, keys, calls,",
                "recordings, transcripts, connections, secrets, agents, and its audit trail.",
                f"Do it with: trunkline tenant purge {self.tenant_id} --confirm '{self.name}' --apply",
            ]
        return [*(f"{each.count:>7}  {each.what}" for each in self.steps), *self.remains]


REMAINS = [
    "The audit trail went with the tenant: keep this report as the proof of the deletion.",
    "Backups and point-in-time recovery hold the documents until they expire (docs/security.md);",
    "Twilio keeps its own records of calls, LiveKit and Cloud Logging their logs, as long as they do.",
]


@app.command()
def create(
    tenant_id: TenantArgument,
    name: Annotated[str, typer.Option(help="As people know it.")],
    owner: OwnerOption,
    invitation: FileOption = Path("invitation.txt"),
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """A new tenant with an invitation for its owner, who accepts it in the dashboard.

    Of a tenant that exists, the invitation is made again when nobody owns it or is still invited to.
    """

    async def work(operator: Operator) -> TenantReport:
        wanted = new_tenant(tenant_id, name, owner)
        changes = await create_tenant(operator, wanted, invitation, apply=apply)
        notes: list[str] = []
        if not changes:
            again = f"trunkline tenant invitation create {tenant_id} --owner {owner} --apply"
            notes.append(f"It has an owner, or one is invited. If the invitation is lost: {again}")
        elif apply:
            notes.append(told(owner, invitation))
        return TenantReport(tenant_id=tenant_id, applied=apply, changes=changes, notes=notes)

    run(work, deployment, as_json)


@app.command()
def export(
    tenant_id: TenantArgument, deployment: DeploymentOption = None, as_json: JsonOption = False
) -> None:
    """Settings, agents, tools and numbers as YAML; no secret, connection, person or call."""

    async def work(operator: Operator) -> ExportReport:
        return ExportReport(tenant=await export_tenant(operator, tenant_id_of(tenant_id)))

    run(work, deployment, as_json)


@app.command(name="import")
def import_command(
    tenant_id: TenantArgument,
    file: Annotated[Path, typer.Argument(help="As `export` writes it.")],
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """Make a tenant's settings, agents and tools what the file says; what it does not name stays."""
    run(lambda operator: import_file(operator, tenant_id, file, apply=apply), deployment, as_json)


@app.command()
def seed(
    tenant_id: TenantArgument,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """A first agent to call and to change: the shipped example."""
    run(lambda operator: import_file(operator, tenant_id, EXAMPLE, apply=apply), deployment, as_json)


@app.command()
def purge(
    tenant_id: TenantArgument,
    confirm: Annotated[
        str | None, typer.Option(metavar="NAME", help="The tenant's name, to be sure.")
    ] = None,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """Delete a tenant with all that belongs to it, for good. Started again it finishes what broke off."""
    run(lambda operator: purge_tenant(operator, tenant_id, confirm, apply=apply), deployment, as_json)


async def purge_tenant(
    operator: Operator, tenant_id: str, confirm: str | None, *, apply: bool
) -> PurgeReport:
    livekit, twilio = await operator.livekit(), await operator.twilio()
    settings = await operator.livekit_settings()
    service = TenantPurge(
        operator.database,
        NumberService(operator.database, twilio, operator.deployment.urls.incoming_call),
        CallControlService(operator.database, livekit, twilio, settings),
        twilio,
        ForgettingByTask(operator),
    )
    name = (await service.tenant(tenant_id_of(tenant_id))).name
    steps: list[Purged] = []
    if apply:
        if confirm is None:
            raise ConfigurationError(f"deleting {tenant_id} needs its name: --confirm '{name}'")
        async for step in service.purge(tenant_id, operator.actor, confirmed_name=confirm):
            steps.append(step)
            typer.echo(f"{step.count:>7}  {step.what}", err=True)
    return PurgeReport(tenant_id=tenant_id, name=name, applied=apply, steps=steps, remains=REMAINS)


class ForgettingByTask:
    """Has the connection function, which alone may read tokens, revoke them and delete all secrets."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._store = ToolSecretStore(operator.secrets)

    async def forget(self, tenant_id: str) -> int:
        secrets = await self._store.ids(tenant_id)
        if not secrets:
            return 0
        accounts = self._operator.deployment.service_accounts
        account = accounts.get("scheduler") or accounts.get("oauth")
        if account is None:
            raise ConfigurationError("service_accounts.scheduler is missing in the deployment file")
        url = self._operator.deployment.urls.oauth
        what = hashlib.sha256(f"{tenant_id}/{time.time_ns()}".encode()).hexdigest()[:32]
        await self._operator.tasks(account).enqueue(
            url + FORGET_PATH,
            ForgetSecrets(tenant_id=tenant_id).model_dump(),
            name=f"{what}-purge",
            delay=timedelta(0),
            audience=url,
        )
        deadline = time.monotonic() + FORGET_SECONDS
        while left := await self._store.ids(tenant_id):
            if time.monotonic() > deadline:
                fix = "look at the oauth function's log, then run this again"
                raise UnavailableError(
                    f"{len(left)} of {len(secrets)} secrets of {tenant_id} are left; {fix}"
                )
            await asyncio.sleep(0.5)
        return len(secrets)


async def import_file(operator: Operator, tenant_id: str, file: Path, *, apply: bool) -> TenantReport:
    """Raises `InputError` about a file that cannot be right: then nothing is changed."""
    wanted = await asyncio.to_thread(_read, file)
    changes, notes = await import_tenant(operator, tenant_id_of(tenant_id), wanted, apply=apply)
    return TenantReport(tenant_id=tenant_id, applied=apply, changes=changes, notes=notes)


def _read(file: Path) -> TenantFile:
    wanted = load_yaml(file, TenantFile)
    if mistake := mistake_in_tools(wanted):
        raise InputError(f"{file}: {mistake}")
    return wanted
