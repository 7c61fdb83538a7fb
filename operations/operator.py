"""What a command works with: the deployment, its clients, and secrets from where they are kept.

Secrets come from the environment or from Secret Manager, under the ids that Terraform gives them; never from
the command line, and they are never printed.
"""

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import cached_property

from pydantic import SecretStr

from operations.deployment import Deployment
from shared.errors import ConfigurationError
from shared.gateways.cloud_tasks import CloudTasksGateway
from shared.gateways.firestore import Database, firestore_client
from shared.gateways.google_access import AccessGateway
from shared.gateways.livekit import LiveKitGateway
from shared.gateways.livekit_sip import LiveKitSipGateway
from shared.gateways.secret_manager import SecretGoneError, SecretManagerGateway
from shared.gateways.twilio import TwilioGateway
from shared.models.audit import Actor
from shared.settings import LiveKitSettings

SECRETS = {
    "LIVEKIT_API_SECRET": "livekit-api-secret",
    "SIP_PASSWORD": "sip-password",
    "TWILIO_AUTH_TOKEN": "twilio-auth-token",
}
"""Variable → id in Secret Manager."""


class Operator:
    """Make one per event loop, with `Operator.open`. Clients connect when they are first used."""

    def __init__(self, deployment: Deployment, stack: AsyncExitStack, env: Mapping[str, str]) -> None:
        self.deployment = deployment
        self.env = env
        self._stack = stack

    @classmethod
    @asynccontextmanager
    async def open(
        cls, deployment: Deployment, env: Mapping[str, str] | None = None
    ) -> AsyncGenerator["Operator"]:
        async with AsyncExitStack() as stack:
            yield cls(deployment, stack, os.environ if env is None else env)

    @property
    def actor(self) -> Actor:
        """Who the audit trail names: the person at the keyboard, as this machine knows them."""
        name = self.env.get("TRUNKLINE_OPERATOR") or self.env.get("USER") or "operator"
        return Actor(kind="operator", id="trunkline", name=name)

    @cached_property
    def database(self) -> Database:
        return Database(firestore_client(self.deployment.project_id))

    @cached_property
    def secrets(self) -> SecretManagerGateway:
        endpoint = self.env.get("SECRET_MANAGER_ENDPOINT")
        gateway = SecretManagerGateway(self.deployment.project_id, endpoint)
        self._stack.push_async_callback(gateway.aclose)
        return gateway

    def value(self, variable: str) -> str:
        """A setting that is no secret, by its variable's name. Raises `ConfigurationError`."""
        found: str | None = getattr(self.deployment, variable.lower())
        if found:
            return found
        remedy = f"terraform output -json deployment > deployment.json again, or export {variable}"
        raise ConfigurationError(f"{variable.lower()} is missing in the deployment file; {remedy}")

    async def secret(self, variable: str) -> SecretStr:
        """Raises `ConfigurationError` naming both places, `UnavailableError`."""
        if found := self.env.get(variable):
            return SecretStr(found)
        try:
            return (await self.secrets.access_latest(SECRETS[variable]))[1]
        except SecretGoneError:
            remedy = f"make secrets, or export {variable} in this shell"
            raise ConfigurationError(f"Secret Manager has no {SECRETS[variable]}; {remedy}") from None

    async def livekit_settings(self) -> LiveKitSettings:
        return LiveKitSettings(
            livekit_url=self.deployment.livekit_url,
            livekit_api_key=self.value("LIVEKIT_API_KEY"),
            livekit_api_secret=await self.secret("LIVEKIT_API_SECRET"),
            agent_name=self.default_release,
        )

    @property
    def default_release(self) -> str:
        """The release that takes all calls until `platform/releases` says otherwise."""
        pools, live = self.deployment.worker_pools, self.deployment.live_release
        known = pools.get(live) if live else next(iter(pools.values()), None)
        return self.env.get("AGENT_NAME") or (known.agent_name if known else "trunkline")

    async def livekit(self) -> LiveKitGateway:
        gateway = LiveKitGateway(await self.livekit_settings())
        self._stack.push_async_callback(gateway.aclose)
        return gateway

    async def livekit_sip(self) -> LiveKitSipGateway:
        gateway = LiveKitSipGateway(await self.livekit_settings())
        self._stack.push_async_callback(gateway.aclose)
        return gateway

    async def twilio(self) -> TwilioGateway:
        gateway = TwilioGateway(
            self.value("TWILIO_ACCOUNT_SID"),
            await self.secret("TWILIO_AUTH_TOKEN"),
            self.env.get("TWILIO_API_URL") or "https://api.twilio.com",
        )
        self._stack.push_async_callback(gateway.aclose)
        return gateway

    def access(self) -> AccessGateway:
        return AccessGateway(self.deployment.project_id, self.env.get("GOOGLE_ACCESS_CONTROL_ENDPOINT"))

    def tasks(self, service_account: str) -> CloudTasksGateway:
        """`service_account` is the e-mail that its targets expect."""
        endpoint = self.env.get("CLOUD_TASKS_ENDPOINT")
        gateway = CloudTasksGateway(self.deployment.tasks_queue, service_account, endpoint)
        self._stack.push_async_callback(gateway.aclose)
        return gateway
