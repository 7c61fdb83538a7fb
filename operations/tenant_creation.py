"""A tenant and the invitation of its owner: whichever of the two is missing, as after a command that died."""

from dataclasses import dataclass
from pathlib import Path

from operations.operator import Operator
from operations.report import PlannedChange
from operations.tenant_invitations import InvitationFile
from operations.tenant_values import email_of, name_of, tenant_id_of
from shared.errors import NotFoundError
from shared.models.member import Role
from shared.models.tenant import Tenant
from shared.services.team_service import TeamService


@dataclass(frozen=True)
class NewTenant:
    tenant_id: str
    name: str
    owner: str


def new_tenant(tenant_id: str, name: str, owner: str) -> NewTenant:
    """Raises `ConfigurationError` about the first that is wrong."""
    return NewTenant(tenant_id_of(tenant_id), name_of(name), email_of(owner))


async def create_tenant(
    operator: Operator, wanted: NewTenant, invitation: Path, *, apply: bool
) -> list[PlannedChange]:
    """What is missing, made with `apply`; the way in is then in `invitation`, which must not exist before.

    Raises `ConfigurationError` when that file cannot be made; then nothing is.
    """
    teams = TeamService(operator.database)
    is_new = await _is_new(teams, wanted.tenant_id)
    if not is_new and await teams.has_owner(wanted.tenant_id):
        return []
    if apply:
        async with InvitationFile(invitation, operator.deployment.urls.dashboard) as file:
            if is_new:
                await teams.create_tenant(wanted.tenant_id, operator.actor, Tenant(name=wanted.name))
            await file.keep(
                await teams.invite(wanted.tenant_id, operator.actor, wanted.owner, Role.OWNER, None)
            )
    subjects = [f"invitation for {wanted.owner}"]
    if is_new:
        subjects.insert(0, f"tenant {wanted.tenant_id}")
    return [PlannedChange(subject=subject, action="create", done=apply) for subject in subjects]


async def _is_new(teams: TeamService, tenant_id: str) -> bool:
    try:
        await teams.tenant(tenant_id)
    except NotFoundError:
        return True
    return False
