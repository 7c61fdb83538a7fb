"""trunkline tenant invitation: to own a tenant. A lost one is made anew, one to the wrong address taken back.

Only its SHA-256 is stored, so nobody can read an invitation again.
"""

import asyncio
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Annotated, Self

import typer
from pydantic import BaseModel

from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import OK, Difference, PlannedChange, Report, TenantReport
from operations.tenant_values import email_of, tenant_id_of
from shared.errors import ConfigurationError, NotFoundError
from shared.models.base import utc_now
from shared.models.member import Role
from shared.services.team_service import INVITATION_LIFETIME, NamedInvitation, TeamService

app = typer.Typer(help=__doc__, no_args_is_help=True)

TenantArgument = Annotated[str, typer.Argument(metavar="TENANT", help="The tenant's id.")]
OwnerOption = Annotated[str, typer.Option(metavar="EMAIL", help="Who is invited to own it.")]
FileOption = Annotated[
    Path, typer.Option(metavar="FILE", help="Where the invitation is written, for the owner's eyes only.")
]


class OwnerInvitation(BaseModel):
    email: str
    created_by: str
    created_at: datetime
    expires_at: datetime
    expired: bool


class InvitationsReport(Report):
    tenant_id: str
    invitations: list[OwnerInvitation]

    @property
    def exit_code(self) -> int:
        return OK

    def lines(self) -> list[str]:
        return [
            f"{each.email}, by {each.created_by}: {'expired' if each.expired else 'valid until'} "
            f"{each.expires_at:%Y-%m-%d %H:%M} UTC"
            for each in self.invitations
        ] or ["Nobody is invited to own it."]


@app.command(name="list")
def list_command(
    tenant_id: TenantArgument, deployment: DeploymentOption = None, as_json: JsonOption = False
) -> None:
    """Who is invited to own the tenant and has not accepted."""

    async def work(operator: Operator) -> InvitationsReport:
        found, now = await _invitations(TeamService(operator.database), tenant_id), utc_now()
        invitations = [
            OwnerInvitation(**each.invitation.model_dump(), expired=each.invitation.expires_at <= now)
            for each in found
        ]
        return InvitationsReport(
            tenant_id=tenant_id, invitations=sorted(invitations, key=lambda each: each.created_at)
        )

    run(work, deployment, as_json)


@app.command()
def create(
    tenant_id: TenantArgument,
    owner: OwnerOption,
    invitation: FileOption = Path("invitation.txt"),
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """A new invitation, also of a tenant with an owner; earlier ones of the same address are taken back."""

    async def work(operator: Operator) -> TenantReport:
        teams = TeamService(operator.database)
        address = email_of(owner)
        earlier = _of(address, await _invitations(teams, tenant_id))
        if apply:
            # The new one first: interrupted in between, there is one too many, and the next takes it back.
            async with InvitationFile(invitation, operator.deployment.urls.dashboard) as file:
                await file.keep(await teams.invite(tenant_id, operator.actor, address, Role.OWNER, None))
        made = PlannedChange(subject=f"invitation for {address}", action="create", done=apply)
        changes = [made, *await _take_back(operator, teams, tenant_id, earlier, apply=apply)]
        notes = [told(address, invitation)] if apply else []
        return TenantReport(tenant_id=tenant_id, applied=apply, changes=changes, notes=notes)

    run(work, deployment, as_json)


@app.command()
def revoke(
    tenant_id: TenantArgument,
    owner: OwnerOption,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """Take back the invitations of an address: nobody can accept them any more. An owner stays one."""

    async def work(operator: Operator) -> TenantReport:
        teams = TeamService(operator.database)
        found = _of(email_of(owner), await _invitations(teams, tenant_id))
        changes = await _take_back(operator, teams, tenant_id, found, apply=apply)
        return TenantReport(tenant_id=tenant_id, applied=apply, changes=changes)

    run(work, deployment, as_json)


def told(owner: str, invitation: Path) -> str:
    return f"The invitation for {owner} is in {invitation}; it is valid for {INVITATION_LIFETIME.days} days."


class InvitationFile:
    """A file that did not exist: it is made before the invitation is, and gone again when none is.

    It holds a link to the dashboard's page where the invitation is accepted, or the token where no dashboard
    is hosted. Another tenant's is not overwritten: nobody could read it again. Raises `ConfigurationError`.
    """

    def __init__(self, path: Path, dashboard: str | None) -> None:
        self._path = path
        self._page = "" if dashboard is None else f"{dashboard}/invitation/?token="

    async def __aenter__(self) -> Self:
        try:
            await asyncio.to_thread(self._path.touch, mode=0o600, exist_ok=False)
        except OSError as error:
            fix = "name another file: --invitation FILE"
            raise ConfigurationError(f"{self._path}: {error.strerror}; {fix}") from None
        return self

    async def keep(self, invited: NamedInvitation) -> None:
        """Write the token down, which only this answer has."""
        assert invited.token is not None
        text = f"{self._page}{invited.token.get_secret_value()}\n"
        try:
            await asyncio.to_thread(self._path.write_text, text, encoding="utf-8")
        except OSError as error:
            fix = "make another: trunkline tenant invitation create"
            raise ConfigurationError(f"{self._path}: {error.strerror}; {fix}") from None

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            await asyncio.to_thread(self._path.unlink)


async def _invitations(teams: TeamService, tenant_id: str) -> list[NamedInvitation]:
    """Raises `ConfigurationError`, and `NotFoundError` with the remedy."""
    try:
        await teams.tenant(tenant_id_of(tenant_id))
    except NotFoundError:
        raise NotFoundError(f"no tenant {tenant_id}: trunkline tenant create {tenant_id} --apply") from None
    return await teams.owner_invitations(tenant_id)


def _of(owner: str, invitations: list[NamedInvitation]) -> list[NamedInvitation]:
    return [each for each in invitations if each.invitation.email == owner.lower()]


async def _take_back(
    operator: Operator, teams: TeamService, tenant_id: str, found: list[NamedInvitation], *, apply: bool
) -> list[PlannedChange]:
    changes: list[PlannedChange] = []
    for each in found:
        if apply:
            try:
                await teams.revoke_invitation(tenant_id, operator.actor, each.id)
            except NotFoundError:  # accepted, or taken back by somebody else, in the meantime
                continue
        until = f"{each.invitation.expires_at:%Y-%m-%d %H:%M} UTC"
        changes.append(
            PlannedChange(
                subject=f"invitation {each.id} for {each.invitation.email}",
                action="delete",
                fields={"valid until": Difference(before=until)},
                done=apply,
            )
        )
    return changes
