"""Secret Manager: the only place where secret values cross the product's border.

Values come out as `SecretStr`, so that neither a log line nor a traceback shows them.
"""

# The library annotates `retry` with a type that pyright cannot resolve.
# pyright: reportUnknownMemberType=false

import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

from google.api_core import exceptions
from google.cloud import secretmanager_v1 as sm
from pydantic import SecretStr

from shared.errors import NotFoundError
from shared.gateways.google_cloud import RETRY, TIMEOUT_SECONDS, Connection, typed_errors

# At DEBUG the library writes requests and answers into the log, values included.
logging.getLogger("google.cloud.secretmanager_v1").setLevel(logging.INFO)

PAGE = 1000
"""Secrets a request: of reads there are few a minute, and it would be 25."""


@dataclass(frozen=True)
class StoredVersion:
    """One value of a secret, without the value."""

    name: str
    """`projects/…/secrets/…/versions/N`"""
    created_at: datetime
    readable: bool
    """Neither destroyed nor disabled."""


class SecretGoneError(NotFoundError):
    """The secret or this version of it was deleted, disabled or destroyed; asking again does not help."""

    sentence = "A stored credential is no longer there."


class SecretManagerGateway:
    """Opens its channel with the first call, since functions fork after they were imported."""

    def __init__(self, project: str, endpoint: str | None = None, locations: Sequence[str] = ()) -> None:
        """`endpoint` is `host:port`; None is Google's own. `locations` are the regions that new secrets are
        kept in; none: wherever Google likes."""
        self._parent = f"projects/{project}"
        self._locations = locations
        self._connection = Connection(endpoint, lambda: sm.SecretManagerServiceAsyncClient)

    async def access(self, version_name: str) -> SecretStr:
        """The value of `projects/…/secrets/…/versions/N`. Raises `SecretGoneError`, `UnavailableError`."""
        async with self._calling(version_name) as client:
            response = await client.access_secret_version(
                name=version_name, retry=RETRY, timeout=TIMEOUT_SECONDS
            )
        return SecretStr(response.payload.data.decode())

    async def access_latest(self, secret_id: str) -> tuple[str, SecretStr]:
        """Name and value of the newest version. Raises `SecretGoneError`, also when that one is destroyed."""
        name = f"{self._secret_name(secret_id)}/versions/latest"
        async with self._calling(name) as client:
            response = await client.access_secret_version(name=name, retry=RETRY, timeout=TIMEOUT_SECONDS)
        return response.name, SecretStr(response.payload.data.decode())

    async def create_secret(self, secret_id: str, labels: Mapping[str, str]) -> None:
        """Make sure that the secret exists. One that exists already keeps its labels, and its place."""
        secret = sm.Secret(replication=self._replication(), labels=labels)
        async with self._calling(secret_id) as client:
            try:
                await client.create_secret(
                    parent=self._parent,
                    secret_id=secret_id,
                    secret=secret,
                    retry=RETRY,
                    timeout=TIMEOUT_SECONDS,
                )
            except exceptions.AlreadyExists:
                return

    async def add_version(self, secret_id: str, value: SecretStr) -> str:
        """Name of the new version, for documents to pin.

        A retry after a lost answer can leave a version behind that nobody pins; it goes with its secret.
        """
        payload = sm.SecretPayload(data=value.get_secret_value().encode())
        async with self._calling(secret_id) as client:
            version = await client.add_secret_version(
                parent=self._secret_name(secret_id), payload=payload, retry=RETRY, timeout=TIMEOUT_SECONDS
            )
        return version.name

    async def destroy_version(self, version_name: str) -> None:
        """Destroy the value for good; one that is gone already is fine."""
        try:
            async with self._calling(version_name) as client:
                await client.destroy_secret_version(name=version_name, retry=RETRY, timeout=TIMEOUT_SECONDS)
        except SecretGoneError:
            return

    async def delete_secret(self, secret_id: str) -> None:
        """Delete the secret with all its versions; one that is gone already is fine."""
        try:
            async with self._calling(secret_id) as client:
                await client.delete_secret(
                    name=self._secret_name(secret_id), retry=RETRY, timeout=TIMEOUT_SECONDS
                )
        except SecretGoneError:
            return

    async def list_secrets(self, labels: Mapping[str, str]) -> list[str]:
        """Ids of the secrets that carry all of these labels."""
        label_filter = " AND ".join(f"labels.{key}={value}" for key, value in sorted(labels.items()))
        request = sm.ListSecretsRequest(parent=self._parent, filter=label_filter, page_size=PAGE)
        async with self._calling(label_filter) as client:
            pages = await client.list_secrets(request=request, retry=RETRY, timeout=TIMEOUT_SECONDS)
            return [secret.name.rpartition("/")[2] async for secret in pages]

    async def list_versions(self, secret_id: str) -> list[StoredVersion]:
        """Oldest first; none when the secret does not exist."""
        try:
            async with self._calling(secret_id) as client:
                pages = await client.list_secret_versions(
                    parent=self._secret_name(secret_id), retry=RETRY, timeout=TIMEOUT_SECONDS
                )
                versions = [_stored(version) async for version in pages]
        except SecretGoneError:
            return []
        return sorted(versions, key=lambda version: version_number(version.name))

    async def aclose(self) -> None:
        await self._connection.aclose()

    def _replication(self) -> sm.Replication:
        if not self._locations:
            return sm.Replication(automatic=sm.Replication.Automatic())
        replicas = [sm.Replication.UserManaged.Replica(location=location) for location in self._locations]
        return sm.Replication(user_managed=sm.Replication.UserManaged(replicas=replicas))

    def _secret_name(self, secret_id: str) -> str:
        return f"{self._parent}/secrets/{secret_id}"

    @asynccontextmanager
    async def _calling(self, subject: str) -> AsyncGenerator[sm.SecretManagerServiceAsyncClient]:
        """`subject` names the secret, never its value."""
        with typed_errors(f"Secret Manager: {subject}"):
            try:
                yield await self._connection.client()
            except (exceptions.NotFound, exceptions.FailedPrecondition) as error:
                raise SecretGoneError(f"{subject}: {error}") from error


def version_number(version_name: str) -> int:
    return int(version_name.rpartition("/")[2])


def secret_id_of(version_name: str) -> str:
    """`projects/…/secrets/ID/versions/N` → ID."""
    return version_name.split("/")[3]


def _stored(version: sm.SecretVersion) -> StoredVersion:
    created = cast("datetime", version.create_time)
    readable = version.state == sm.SecretVersion.State.ENABLED
    return StoredVersion(version.name, created.astimezone(UTC), readable)
