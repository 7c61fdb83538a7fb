"""Which service account may do what: Google's permission names, as the deployment grants them."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local.google.identity import OWNER
from local.inputs import load_yaml

EVERYTHING = "*"

DEFAULT_POLICY: Mapping[str, frozenset[str]] = {
    "incoming-call": frozenset(
        {
            "cloudtasks.tasks.create",
            "cloudtasks.tasks.delete",
            "cloudtasks.tasks.get",
            "cloudtasks.tasks.list",
            "cloudtasks.queues.get",
        }
    ),
    # Reads what a call needs, and stores what a provider rotated.
    "worker": frozenset({"secretmanager.versions.access", "secretmanager.versions.add"}),
    "oauth": frozenset(
        {
            "secretmanager.secrets.create",
            "secretmanager.secrets.get",
            "secretmanager.secrets.list",
            "secretmanager.secrets.delete",
            "secretmanager.versions.add",
            "secretmanager.versions.access",
            "secretmanager.versions.get",
            "secretmanager.versions.list",
            "secretmanager.versions.enable",
            "secretmanager.versions.disable",
            "secretmanager.versions.destroy",
        }
    ),
    # Stores what people type into forms, and can never read it back; has `oauth` revoke what it removes.
    "tools-api": frozenset(
        {
            "cloudtasks.tasks.create",
            "secretmanager.secrets.create",
            "secretmanager.secrets.get",
            "secretmanager.secrets.list",
            "secretmanager.versions.add",
            "secretmanager.versions.get",
            "secretmanager.versions.list",
            "secretmanager.versions.destroy",
        }
    ),
    OWNER: frozenset({EVERYTHING}),
}


class PolicyFile(BaseModel):
    """`grants: {worker: [secretmanager.versions.access, …], …}`; a part that is not named may do nothing."""

    model_config = ConfigDict(extra="forbid")

    grants: dict[str, frozenset[str]]


class Policy:
    def __init__(self, grants: Mapping[str, frozenset[str]] = DEFAULT_POLICY) -> None:
        self._grants = {OWNER: DEFAULT_POLICY[OWNER], **grants}

    @classmethod
    def from_file(cls, path: Path) -> "Policy":
        """YAML or JSON; raises `local.inputs.InputError`."""
        return cls(load_yaml(path, PolicyFile).grants)

    def allows(self, email: str, permission: str) -> bool:
        granted = self._grants.get(email.partition("@")[0], frozenset())
        return permission in granted or EVERYTHING in granted
