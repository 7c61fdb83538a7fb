"""Secret Manager v1, as the Python client speaks it to secretmanager.googleapis.com.

Two traits that surprise people are kept: names in answers carry the project's *number*, whatever the
request said, and `latest` means the newest version even when that one is disabled or destroyed.
"""

import hashlib
import re
import sqlite3
from collections.abc import Callable

from google.cloud import secretmanager_v1 as sm
from google.protobuf import empty_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from local.google.messages import dump, load, timestamp
from local.google.quota import Quota
from local.google.rpc import Code, RpcError, method

NAME = "google.cloud.secretmanager.v1.SecretManagerService"
HOST = "secretmanager.googleapis.com"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, proto BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS secret_versions (
    secret TEXT NOT NULL REFERENCES secrets(name), number INTEGER NOT NULL, proto BLOB NOT NULL, data BLOB,
    PRIMARY KEY (secret, number)
);
"""
_SECRET_ID = re.compile(r"[A-Za-z0-9_-]{1,255}")
_VERSION_NAME = re.compile(r"(?P<secret>projects/[^/]+/secrets/[^/]+)/versions/(?P<version>latest|[1-9]\d*)")
_LABEL_TERM = re.compile(r"labels\.([a-z][a-z0-9_-]*)[=:]\"?([a-z0-9_-]+)\"?")
_MAX_PAYLOAD = 65536
READS_A_MINUTE = 600
WRITES_A_MINUTE = 600
"""https://cloud.google.com/secret-manager/quotas; accesses (90,000) are not counted here."""
_DEFAULT_PAGE = 25_000

State = sm.SecretVersion.State


class SecretManager:
    def __init__(
        self, database: sqlite3.Connection, project: str, project_number: str, clock: Callable[[], float]
    ) -> None:
        self._database = database
        self._project = project
        self._number = project_number
        self._clock = clock
        self._reads = Quota("Read requests", READS_A_MINUTE, clock)
        self._writes = Quota("Write requests", WRITES_A_MINUTE, clock)
        database.executescript(_SCHEMA)

    @method(sm.CreateSecretRequest, sm.Secret, "secretmanager.secrets.create")
    def CreateSecret(self, request: sm.CreateSecretRequest) -> sm.Secret:
        self._writes.use()
        if not _SECRET_ID.fullmatch(request.secret_id):
            raise RpcError(Code.INVALID_ARGUMENT, f"Invalid secret id [{request.secret_id}].")
        if "replication" not in request.secret:
            raise RpcError(Code.INVALID_ARGUMENT, "Field [secret.replication] is required.")
        replication = request.secret.replication
        if "user_managed" in replication and not replication.user_managed.replicas:
            raise RpcError(Code.INVALID_ARGUMENT, "User managed replication needs at least one replica.")
        name = f"{self._canonical(request.parent)}/secrets/{request.secret_id}"
        if self._row(name) is not None:
            raise RpcError(Code.ALREADY_EXISTS, f"Secret [{name}] already exists.")
        secret = sm.Secret(request.secret)
        secret.name = name
        secret.create_time = self._now()
        secret.etag = _etag(dump(secret))
        self._database.execute("INSERT INTO secrets VALUES (?, ?)", (name, dump(secret)))
        return secret

    @method(sm.GetSecretRequest, sm.Secret, "secretmanager.secrets.get")
    def GetSecret(self, request: sm.GetSecretRequest) -> sm.Secret:
        self._reads.use()
        return self._secret(request.name)

    @method(sm.ListSecretsRequest, sm.ListSecretsResponse, "secretmanager.secrets.list")
    def ListSecrets(self, request: sm.ListSecretsRequest) -> sm.ListSecretsResponse:
        self._reads.use()
        labels = _label_filter(request.filter)
        rows = self._database.execute(
            "SELECT proto FROM secrets WHERE name LIKE ? || '/secrets/%' ORDER BY rowid DESC",
            (self._canonical(request.parent),),
        )
        secrets = [load(sm.Secret, row["proto"]) for row in rows]
        matching = [s for s in secrets if all(s.labels.get(key) == value for key, value in labels.items())]
        start, size = int(request.page_token or 0), request.page_size or _DEFAULT_PAGE
        more = start + size < len(matching)
        return sm.ListSecretsResponse(
            secrets=matching[start : start + size],
            next_page_token=str(start + size) if more else "",
            total_size=len(matching),
        )

    @method(sm.DeleteSecretRequest, empty_pb2.Empty, "secretmanager.secrets.delete")
    def DeleteSecret(self, request: sm.DeleteSecretRequest) -> empty_pb2.Empty:
        self._writes.use()
        secret = self._secret(request.name)
        _check_etag(request.etag, secret.etag)
        self._database.execute("DELETE FROM secret_versions WHERE secret = ?", (secret.name,))
        self._database.execute("DELETE FROM secrets WHERE name = ?", (secret.name,))
        return empty_pb2.Empty()

    @method(sm.AddSecretVersionRequest, sm.SecretVersion, "secretmanager.versions.add")
    def AddSecretVersion(self, request: sm.AddSecretVersionRequest) -> sm.SecretVersion:
        self._writes.use()
        secret = self._secret(request.parent)
        data = request.payload.data
        if not 0 < len(data) <= _MAX_PAYLOAD:
            raise RpcError(Code.INVALID_ARGUMENT, f"The payload must be of 1 to {_MAX_PAYLOAD} bytes.")
        checked = "data_crc32c" in request.payload
        if checked and request.payload.data_crc32c != crc32c(data):
            raise RpcError(Code.INVALID_ARGUMENT, "The checksum does not match the payload.")
        newest = self._newest(secret.name)
        version = sm.SecretVersion(
            name=f"{secret.name}/versions/{newest + 1}",
            create_time=self._now(),
            state=State.ENABLED,
            client_specified_payload_checksum=checked,
        )
        version.etag = _etag(dump(version))
        self._database.execute(
            "INSERT INTO secret_versions VALUES (?, ?, ?, ?)",
            (secret.name, newest + 1, dump(version), data),
        )
        return version

    @method(sm.AccessSecretVersionRequest, sm.AccessSecretVersionResponse, "secretmanager.versions.access")
    def AccessSecretVersion(self, request: sm.AccessSecretVersionRequest) -> sm.AccessSecretVersionResponse:
        version, data = self._version(request.name)
        if version.state != State.ENABLED:
            raise RpcError(
                Code.FAILED_PRECONDITION, f"Secret Version [{version.name}] is in {version.state.name} state."
            )
        return sm.AccessSecretVersionResponse(
            name=version.name, payload=sm.SecretPayload(data=data, data_crc32c=crc32c(data))
        )

    @method(sm.GetSecretVersionRequest, sm.SecretVersion, "secretmanager.versions.get")
    def GetSecretVersion(self, request: sm.GetSecretVersionRequest) -> sm.SecretVersion:
        self._reads.use()
        return self._version(request.name)[0]

    @method(sm.ListSecretVersionsRequest, sm.ListSecretVersionsResponse, "secretmanager.versions.list")
    def ListSecretVersions(self, request: sm.ListSecretVersionsRequest) -> sm.ListSecretVersionsResponse:
        self._reads.use()
        if request.filter:
            raise RpcError(Code.UNIMPLEMENTED, "The laptop cloud does not filter versions.")
        secret = self._secret(request.parent)
        rows = self._database.execute(
            "SELECT proto FROM secret_versions WHERE secret = ? ORDER BY number DESC", (secret.name,)
        )
        versions = [load(sm.SecretVersion, row["proto"]) for row in rows]
        return sm.ListSecretVersionsResponse(versions=versions, total_size=len(versions))

    @method(sm.EnableSecretVersionRequest, sm.SecretVersion, "secretmanager.versions.enable")
    def EnableSecretVersion(self, request: sm.EnableSecretVersionRequest) -> sm.SecretVersion:
        return self._change_state(request.name, request.etag, State.ENABLED)

    @method(sm.DisableSecretVersionRequest, sm.SecretVersion, "secretmanager.versions.disable")
    def DisableSecretVersion(self, request: sm.DisableSecretVersionRequest) -> sm.SecretVersion:
        return self._change_state(request.name, request.etag, State.DISABLED)

    @method(sm.DestroySecretVersionRequest, sm.SecretVersion, "secretmanager.versions.destroy")
    def DestroySecretVersion(self, request: sm.DestroySecretVersionRequest) -> sm.SecretVersion:
        return self._change_state(request.name, request.etag, State.DESTROYED)

    def _change_state(self, name: str, etag: str, state: sm.SecretVersion.State) -> sm.SecretVersion:
        self._writes.use()
        version, data = self._version(name)
        _check_etag(etag, version.etag)
        if version.state == State.DESTROYED:
            raise RpcError(
                Code.FAILED_PRECONDITION, f"Secret Version [{version.name}] is in DESTROYED state."
            )
        version.state = state
        if state == State.DESTROYED:
            version.destroy_time = self._now()
        version.etag = _etag(dump(version))
        secret, _, number = version.name.partition("/versions/")
        self._database.execute(
            "UPDATE secret_versions SET proto = ?, data = ? WHERE secret = ? AND number = ?",
            (
                dump(version),
                None if state == State.DESTROYED else data,
                secret,
                int(number),
            ),
        )
        return version

    def _canonical(self, name: str) -> str:
        """The same name with the project's number; NOT_FOUND for another project."""
        project = name.split("/")[1] if name.startswith("projects/") else ""
        if project not in (self._project, self._number):
            raise RpcError(Code.NOT_FOUND, f"Project [{project or name}] not found.")
        return name.replace(f"projects/{project}", f"projects/{self._number}", 1)

    def _row(self, name: str) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._database.execute(
            "SELECT proto FROM secrets WHERE name = ?", (name,)
        ).fetchone()
        return row

    def _secret(self, name: str) -> sm.Secret:
        name = self._canonical(name)
        row = self._row(name)
        if row is None:
            raise RpcError(Code.NOT_FOUND, f"Secret [{name}] not found.")
        return load(sm.Secret, row["proto"])

    def _newest(self, secret: str) -> int:
        row = self._database.execute("SELECT max(number) FROM secret_versions WHERE secret = ?", (secret,))
        return int(row.fetchone()[0] or 0)

    def _version(self, name: str) -> tuple[sm.SecretVersion, bytes]:
        match = _VERSION_NAME.fullmatch(name)
        if match is None:
            raise RpcError(Code.INVALID_ARGUMENT, f"Invalid resource name [{name}].")
        secret = self._secret(match["secret"]).name
        number = self._newest(secret) if match["version"] == "latest" else int(match["version"])
        row = self._database.execute(
            "SELECT proto, data FROM secret_versions WHERE secret = ? AND number = ?", (secret, number)
        ).fetchone()
        if row is None:
            raise RpcError(
                Code.NOT_FOUND, f"Secret Version [{secret}/versions/{match['version']}] not found."
            )
        return load(sm.SecretVersion, row["proto"]), row["data"] or b""

    def _now(self) -> Timestamp:
        return timestamp(self._clock())


def _label_filter(text: str) -> dict[str, str]:
    """`labels.tenant=acme AND labels.tool=send_email`; other filters are not served."""
    terms = [term for term in re.split(r"\s+AND\s+|\s+", text.strip()) if term]
    matches = [_LABEL_TERM.fullmatch(term) for term in terms]
    if None in matches:
        raise RpcError(
            Code.UNIMPLEMENTED, f"The laptop cloud filters secrets by label only, not by [{text}]."
        )
    return {match[1]: match[2] for match in matches if match}


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:14]}"'


def _check_etag(given: str, current: str) -> None:
    if given and given != current:
        raise RpcError(
            Code.FAILED_PRECONDITION, f"The etag [{given}] does not match the current [{current}]."
        )


def crc32c(data: bytes) -> int:
    """Castagnoli's CRC-32, as Secret Manager checks payloads with."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 & -(crc & 1))
    return crc ^ 0xFFFFFFFF
