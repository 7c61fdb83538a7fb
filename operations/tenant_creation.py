"""A tenant and the invitation of its owner: whichever of the two is missing, as after a command that died."""

import asyncio
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from operations.operator import Operator
from operations.report import PlannedChange
from shared.errors import ConfigurationError, NotFoundError
from shared.models.base import DocumentId
from shared.models.member import Role
from shared.models.tenant import Tenant
from shared.services.team_service import TeamService
from shared.tools.base.fields import EmailAddress


class NewTenant(BaseModel):
    model_config = ConfigDict(frozen=True)

    tenant_id: DocumentId
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
    owner: EmailAddress


_EXPECTED = {
    "tenant_id": "cannot be a tenant's id: expected letters, digits, - and _, such as harbor-dental",
    "name": "is no name: a tenant needs a name, as people know it",
    "owner": "is no e-mail address",
}


def new_tenant(tenant_id: str, name: str, owner: str) -> NewTenant:
    """Raises `ConfigurationError` about the first that is wrong."""
    try:
        return NewTenant(tenant_id=tenant_id, name=name, owner=owner)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(f"{first['input']!r} {_EXPECTED[str(first['loc'][0])]}") from None


async def create_tenant(
    operator: Operator, wanted: NewTenant, invitation: Path, *, apply: bool
) -> list[PlannedChange]:
    """What is missing, made with `apply`; the token is then in `invitation`, which must not exist before.

    Raises `ConfigurationError` when that file cannot be made; then nothing is.
    """
    teams = TeamService(operator.database)
    is_new = await _is_new(teams, wanted.tenant_id)
    if not is_new and await teams.has_owner(wanted.tenant_id):
        return []
    if apply:
        await asyncio.to_thread(_reserve, invitation)
        try:
            if is_new:
                await teams.create_tenant(wanted.tenant_id, operator.actor, Tenant(name=wanted.name))
            invited = await teams.invite(wanted.tenant_id, operator.actor, wanted.owner, Role.OWNER, None)
        except BaseException:
            await asyncio.to_thread(invitation.unlink)
            raise
        assert invited.token is not None
        await asyncio.to_thread(invitation.write_text, invited.token.get_secret_value() + "\n", "utf-8")
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


def _reserve(file: Path) -> None:
    """Another tenant's invitation is not overwritten: nobody could read it again."""
    try:
        file.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}; name another file: --invitation FILE") from None
