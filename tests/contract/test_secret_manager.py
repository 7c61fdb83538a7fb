"""The gateway and the official client against the stand-in of Secret Manager, over gRPC with TLS."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from google.api_core import exceptions
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials
from google.cloud import secretmanager_v1 as sm
from google.oauth2 import service_account
from pydantic import SecretStr

from local.google import secret_manager as stand_in_of_secret_manager
from local.google.faults import Fault
from local.google.identity import Identity
from local.google.server import GoogleStandIn
from shared.errors import UnavailableError
from shared.gateways import secret_manager
from shared.gateways.secret_manager import SecretGoneError, SecretManagerGateway
from shared.settings import SecretManagerSettings
from tests.contract.google_stand_in import PROJECT, acting_as, stand_in

pytestmark = pytest.mark.contract

PARENT = f"projects/{PROJECT}"
AUTOMATIC = sm.Secret(replication=sm.Replication(automatic=sm.Replication.Automatic()))


@pytest.fixture
async def google(tmp_path: Path) -> AsyncIterator[GoogleStandIn]:
    async with stand_in(tmp_path) as started:
        yield started


@pytest.fixture
async def client(google: GoogleStandIn, tmp_path: Path) -> AsyncIterator[sm.SecretManagerServiceAsyncClient]:
    with acting_as("owner", google, tmp_path):
        client = sm.SecretManagerServiceAsyncClient(
            client_options=ClientOptions(api_endpoint=f"localhost:{google.grpc_port}")
        )
        yield client
        await client.transport.close()


@pytest.fixture
async def gateway(google: GoogleStandIn, tmp_path: Path) -> AsyncIterator[SecretManagerGateway]:
    with acting_as("oauth", google, tmp_path) as env:
        gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
        yield gateway
        await gateway.aclose()


async def _secret(
    client: sm.SecretManagerServiceAsyncClient, secret_id: str = "s", **labels: str
) -> sm.Secret:
    secret = sm.Secret(AUTOMATIC)
    secret.labels = labels
    return await client.create_secret(parent=PARENT, secret_id=secret_id, secret=secret)


async def _version(
    client: sm.SecretManagerServiceAsyncClient, secret: sm.Secret, data: bytes
) -> sm.SecretVersion:
    return await client.add_secret_version(parent=secret.name, payload=sm.SecretPayload(data=data))


class TestGateway:
    async def test_a_stored_value_is_read_back_by_its_version_name(
        self, gateway: SecretManagerGateway
    ) -> None:
        await gateway.create_secret("refresh-token", {"tenant": "acme"})
        first = await gateway.add_version("refresh-token", SecretStr("one"))
        second = await gateway.add_version("refresh-token", SecretStr("zwei äöü"))

        assert (await gateway.access(first)).get_secret_value() == "one"
        assert (await gateway.access(second)).get_secret_value() == "zwei äöü"
        assert second.endswith("/secrets/refresh-token/versions/2")

    async def test_creating_a_secret_again_changes_nothing(self, gateway: SecretManagerGateway) -> None:
        await gateway.create_secret("key", {"tenant": "acme"})
        version = await gateway.add_version("key", SecretStr("kept"))
        await gateway.create_secret("key", {"tenant": "acme"})
        assert (await gateway.access(version)).get_secret_value() == "kept"

    async def test_a_secret_is_kept_where_the_deployment_says(
        self, google: GoogleStandIn, client: sm.SecretManagerServiceAsyncClient, tmp_path: Path
    ) -> None:
        with acting_as("tools-api", google, tmp_path) as env:
            for name, locations in [("anywhere", ""), ("in-europe", "europe-west1,europe-west4")]:
                settings = SecretManagerSettings(google_cloud_project=PROJECT, secret_locations=locations)
                gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"], settings.locations)
                await gateway.create_secret(name, {})
                await gateway.aclose()

        anywhere = (await client.get_secret(name=f"{PARENT}/secrets/anywhere")).replication
        in_europe = (await client.get_secret(name=f"{PARENT}/secrets/in-europe")).replication
        assert "automatic" in anywhere
        assert [each.location for each in in_europe.user_managed.replicas] == ["europe-west1", "europe-west4"]

    async def test_secrets_are_found_by_all_given_labels(self, gateway: SecretManagerGateway) -> None:
        await gateway.create_secret("a", {"tenant": "acme", "tool": "send_email"})
        await gateway.create_secret("b", {"tenant": "acme", "tool": "google_calendar"})
        await gateway.create_secret("c", {"tenant": "other", "tool": "send_email"})
        assert await gateway.list_secrets({"tenant": "acme", "tool": "send_email"}) == ["a"]
        assert sorted(await gateway.list_secrets({"tenant": "acme"})) == ["a", "b"]

    async def test_a_destroyed_version_is_gone_and_destroying_it_again_is_fine(
        self, gateway: SecretManagerGateway
    ) -> None:
        await gateway.create_secret("key", {})
        version = await gateway.add_version("key", SecretStr("value"))
        await gateway.destroy_version(version)
        await gateway.destroy_version(version)
        with pytest.raises(SecretGoneError):
            await gateway.access(version)

    async def test_a_deleted_secret_is_gone_and_deleting_it_again_is_fine(
        self, gateway: SecretManagerGateway
    ) -> None:
        await gateway.create_secret("key", {})
        version = await gateway.add_version("key", SecretStr("value"))
        await gateway.delete_secret("key")
        await gateway.delete_secret("key")
        with pytest.raises(SecretGoneError):
            await gateway.access(version)

    async def test_a_short_outage_is_bridged_by_a_retry(
        self, gateway: SecretManagerGateway, google: GoogleStandIn
    ) -> None:
        await gateway.create_secret("key", {})
        version = await gateway.add_version("key", SecretStr("value"))
        google.faults.plan(Fault(path="/google.cloud.secretmanager.v1", count=2, status=503))
        assert (await gateway.access(version)).get_secret_value() == "value"

    async def test_a_restart_of_the_service_is_bridged_by_the_same_gateway(self, tmp_path: Path) -> None:
        async with stand_in(tmp_path) as google:
            with acting_as("oauth", google, tmp_path) as env:
                gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
                await gateway.create_secret("key", {})
                version = await gateway.add_version("key", SecretStr("kept"))
        async with stand_in(tmp_path, grpc_port=google.grpc_port):
            assert (await gateway.access(version)).get_secret_value() == "kept"
        await gateway.aclose()

    async def test_a_refused_permission_is_unavailable_at_once_and_tells_no_value(
        self, google: GoogleStandIn, tmp_path: Path
    ) -> None:
        with acting_as("worker", google, tmp_path) as env:
            gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
            with pytest.raises(UnavailableError, match=r"secretmanager\.secrets\.create"):
                await gateway.create_secret("key", {})
            await gateway.aclose()

    async def test_nobody_listening_is_unavailable(
        self, tmp_path: Path, google: GoogleStandIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(secret_manager, "TIMEOUT_SECONDS", 0.3)
        monkeypatch.setattr(secret_manager, "RETRY", secret_manager.RETRY.with_timeout(0.3))
        with acting_as("worker", google, tmp_path):
            gateway = SecretManagerGateway(PROJECT, "localhost:1")
            with pytest.raises(UnavailableError):
                await gateway.access(f"{PARENT}/secrets/key/versions/1")
            await gateway.aclose()


class TestPermissions:
    async def test_tools_api_stores_values_but_cannot_read_them(
        self, google: GoogleStandIn, tmp_path: Path
    ) -> None:
        with acting_as("tools-api", google, tmp_path) as env:
            gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
            await gateway.create_secret("key", {})
            version = await gateway.add_version("key", SecretStr("value"))
            with pytest.raises(UnavailableError, match=r"secretmanager\.versions\.access"):
                await gateway.access(version)
            await gateway.aclose()
        with acting_as("worker", google, tmp_path) as env:
            gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
            assert (await gateway.access(version)).get_secret_value() == "value"
            await gateway.aclose()

    async def test_a_key_that_was_not_issued_here_is_unauthenticated(
        self, google: GoogleStandIn, tmp_path: Path
    ) -> None:
        forged = Identity(tmp_path / "forged", PROJECT, f"{google.url}/token").account("owner").key_file
        with acting_as("owner", google, tmp_path):
            client = sm.SecretManagerServiceAsyncClient(
                credentials=service_account.Credentials.from_service_account_file(str(forged)),
                client_options=ClientOptions(api_endpoint=f"localhost:{google.grpc_port}"),
            )
            with pytest.raises(exceptions.Unauthenticated):
                await client.get_secret(name=f"{PARENT}/secrets/s")
            await client.transport.close()

    async def test_no_credentials_at_all_are_unauthenticated(
        self, google: GoogleStandIn, tmp_path: Path
    ) -> None:
        with acting_as("owner", google, tmp_path):
            client = sm.SecretManagerServiceAsyncClient(
                credentials=AnonymousCredentials(),
                client_options=ClientOptions(api_endpoint=f"localhost:{google.grpc_port}"),
            )
            with pytest.raises(exceptions.Unauthenticated):
                await client.get_secret(name=f"{PARENT}/secrets/s")
            await client.transport.close()


class TestStandIn:
    async def test_names_carry_the_project_number_and_both_forms_are_accepted(
        self, client: sm.SecretManagerServiceAsyncClient
    ) -> None:
        secret = await _secret(client)
        assert secret.name == "projects/100000000001/secrets/s"
        assert (await client.get_secret(name=f"{PARENT}/secrets/s")).name == secret.name

    async def test_an_existing_id_is_refused(self, client: sm.SecretManagerServiceAsyncClient) -> None:
        await _secret(client)
        with pytest.raises(exceptions.AlreadyExists):
            await _secret(client)

    async def test_latest_is_the_newest_version_even_when_it_is_disabled(
        self, client: sm.SecretManagerServiceAsyncClient
    ) -> None:
        secret = await _secret(client)
        await _version(client, secret, b"one")
        second = await _version(client, secret, b"two")
        latest = f"{secret.name}/versions/latest"
        assert (await client.access_secret_version(name=latest)).payload.data == b"two"

        await client.disable_secret_version(name=second.name)
        with pytest.raises(exceptions.FailedPrecondition, match="DISABLED"):
            await client.access_secret_version(name=latest)
        await client.enable_secret_version(name=second.name)
        assert (await client.access_secret_version(name=latest)).name == second.name

    async def test_a_destroyed_version_is_listed_but_cannot_be_brought_back(
        self, client: sm.SecretManagerServiceAsyncClient
    ) -> None:
        secret = await _secret(client)
        version = await _version(client, secret, b"one")
        destroyed = await client.destroy_secret_version(name=version.name)
        assert destroyed.state == sm.SecretVersion.State.DESTROYED
        for change in (client.enable_secret_version, client.access_secret_version):
            with pytest.raises(exceptions.FailedPrecondition, match="DESTROYED"):
                await change(name=version.name)
        pages = await client.list_secret_versions(parent=secret.name)
        assert [v.state.name async for v in pages] == ["DESTROYED"]

    async def test_a_stale_etag_is_refused(self, client: sm.SecretManagerServiceAsyncClient) -> None:
        secret = await _secret(client)
        version = await _version(client, secret, b"one")
        await client.disable_secret_version(name=version.name)
        with pytest.raises(exceptions.FailedPrecondition, match="etag"):
            await client.destroy_secret_version(
                request=sm.DestroySecretVersionRequest(name=version.name, etag=version.etag)
            )

    async def test_a_wrong_checksum_is_refused(self, client: sm.SecretManagerServiceAsyncClient) -> None:
        secret = await _secret(client)
        with pytest.raises(exceptions.InvalidArgument, match="checksum"):
            await client.add_secret_version(
                parent=secret.name, payload=sm.SecretPayload(data=b"one", data_crc32c=1)
            )

    async def test_secrets_come_in_pages(self, client: sm.SecretManagerServiceAsyncClient) -> None:
        for number in range(5):
            await _secret(client, f"s{number}", tenant="acme")
        request = sm.ListSecretsRequest(parent=PARENT, page_size=2, filter="labels.tenant=acme")
        names = [secret.name async for secret in await client.list_secrets(request=request)]
        assert len(set(names)) == 5

    async def test_what_is_not_implemented_says_so_by_name(
        self, client: sm.SecretManagerServiceAsyncClient
    ) -> None:
        with pytest.raises(exceptions.MethodNotImplemented, match="GetIamPolicy"):
            await client.get_iam_policy(request={"resource": f"{PARENT}/secrets/s"})

    async def test_secrets_survive_a_restart(self, tmp_path: Path) -> None:
        async with stand_in(tmp_path) as google:
            with acting_as("oauth", google, tmp_path) as env:
                gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
                await gateway.create_secret("key", {})
                version = await gateway.add_version("key", SecretStr("kept"))
                await gateway.aclose()
        async with stand_in(tmp_path) as google:
            with acting_as("worker", google, tmp_path) as env:
                gateway = SecretManagerGateway(PROJECT, env["SECRET_MANAGER_ENDPOINT"])
                assert (await gateway.access(version)).get_secret_value() == "kept"
                await gateway.aclose()


async def test_descriptions_are_read_only_so_often_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stand_in_of_secret_manager, "READS_A_MINUTE", 2)
    async with stand_in(tmp_path) as google:
        with acting_as("owner", google, tmp_path):
            address = ClientOptions(api_endpoint=f"localhost:{google.grpc_port}")
            client = sm.SecretManagerServiceAsyncClient(client_options=address)
            secret = await _secret(client)
            await _version(client, secret, b"k")
            reads = [client.list_secret_versions(parent=secret.name, retry=None) for _ in range(6)]
            with pytest.raises(exceptions.ResourceExhausted, match="Read requests"):
                await asyncio.gather(*reads)  # twice two if a minute ends just now
            assert (await client.access_secret_version(name=f"{secret.name}/versions/1")).payload.data == b"k"
            await client.transport.close()
