"""Which service account may do what: Google's permission names, as the deployment grants them."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from local.google.identity import OWNER
from shared.input_files import load_yaml

EVERYTHING = "*"

DOCUMENTS = frozenset(
    {"datastore.databases.get"}
    | {f"datastore.entities.{verb}" for verb in ("create", "delete", "get", "list", "update")}
)
"""Told by the stand-in, not enforced: Firestore's emulators ask nobody who they are."""

CREATE, LIST = "secretmanager.secrets.create", "secretmanager.secrets.list"
ON_PROJECT = frozenset({CREATE, LIST})
"""These act on the project, where a condition cannot name a secret."""

DEFAULT_POLICY: Mapping[str, frozenset[str]] = {
    "incoming-call": DOCUMENTS | {"cloudtasks.tasks.create"},
    # Reads what a call needs, and stores what a provider rotated.
    "worker": DOCUMENTS | {"secretmanager.versions.access", "secretmanager.versions.add"},
    "oauth": DOCUMENTS
    | ON_PROJECT
    | {
        "secretmanager.secrets.delete",
        "secretmanager.versions.add",
        "secretmanager.versions.access",
        "secretmanager.versions.list",
        "secretmanager.versions.destroy",
    },
    # Stores what people type into forms, and can never read it back; has `oauth` revoke what it removes.
    "tools-api": DOCUMENTS
    | {
        "cloudtasks.tasks.create",
        CREATE,
        "secretmanager.versions.add",
        "secretmanager.versions.destroy",
    },
    OWNER: frozenset({EVERYTHING}),
}

READERS: Mapping[str, frozenset[str]] = {
    "gemini-api-key": frozenset({"tools-api", "worker"}),
    "google-oauth-client-secret": frozenset({"oauth", "worker"}),
    "livekit-api-secret": frozenset({"incoming-call", "tools-api", "worker"}),
    "sip-password": frozenset({"incoming-call"}),
    "twilio-auth-token": frozenset({"incoming-call", "tools-api"}),
}
"""Secrets of the deployment itself, and who mounts them."""

PUBLIC = frozenset({"trunkline-incoming-call", "trunkline-oauth", "trunkline-tools-api"})
"""Cloud Run services that let everybody through."""


class PolicyFile(BaseModel):
    """`grants: {worker: [secretmanager.versions.access, …], …}`; a part that is not named may do nothing."""

    model_config = ConfigDict(extra="forbid")

    grants: dict[str, frozenset[str]]
    readers: dict[str, frozenset[str]] = dict(READERS)
    public: frozenset[str] = PUBLIC


class Policy:
    """`grants` are enforced; `readers` and `public` are only told (local/google/access_control.py)."""

    def __init__(
        self,
        grants: Mapping[str, frozenset[str]] = DEFAULT_POLICY,
        readers: Mapping[str, frozenset[str]] = READERS,
        public: frozenset[str] = PUBLIC,
    ) -> None:
        self.grants = {OWNER: DEFAULT_POLICY[OWNER], **grants}
        self.readers = readers
        self.public = public

    @classmethod
    def from_file(cls, path: Path) -> "Policy":
        """YAML or JSON; raises `shared.input_files.InputError`."""
        file = load_yaml(path, PolicyFile)
        return cls(file.grants, file.readers, file.public)

    def allows(self, email: str, permission: str) -> bool:
        granted = self.grants.get(email.partition("@")[0], frozenset())
        return permission in granted or EVERYTHING in granted
