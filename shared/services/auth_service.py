"""Connecting a tool to somebody's account, and the person's wish to end that; `revocation_service` ends it.

The order of steps is what keeps tokens safe when a process dies between two of them: see `connections` for
the two states at rest and `secret_store` for the orders; `secret_reconciler` puts right what was left over.
"""

import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import SecretStr

from shared.errors import ForbiddenError, NotFoundError, TrunklineError, UnavailableError
from shared.gateways.firestore import Database
from shared.gateways.oauth import ConsentRequest, Grant, InvalidGrantError, OAuthGateway, challenge_of
from shared.models.agent_tool import REFRESH_TOKEN, Connection, ConnectionState, ToolAddress
from shared.models.audit import Actor
from shared.models.base import utc_now
from shared.models.member import Role
from shared.models.oauth_state import OAuthState
from shared.repositories.agent_tools import AgentToolRepository
from shared.repositories.oauth_states import OAuthStateRepository
from shared.services.connections import ConnectionService, SupersededError
from shared.services.consent_errors import ConsentError, Failure
from shared.services.identity import User
from shared.services.members import MemberService
from shared.services.revocation_service import Disconnected, RevocationService
from shared.services.secret_store import ToolSecretStore
from shared.services.stored_grant import StoredGrant
from shared.tools.base.base_tool import OAuthConnection
from shared.tools.base.registry import ToolRegistry

STATE_VALID = timedelta(minutes=10)
SECRET_BYTES = 32

DISCONNECTED_BY_MEMBER = "A member of your organisation disconnected it."


@dataclass(frozen=True)
class Started:
    authorization_url: str
    state_id: str
    """Names the cookie; tells nothing."""
    verifier: SecretStr
    """For a cookie of the browser that asked, and nobody else."""


@dataclass(frozen=True)
class Callback:
    """What the provider sends the browser back with."""

    state: str
    code: str | None
    error: str | None
    verifier: str | None
    """From the browser's cookie."""


@dataclass(frozen=True)
class Connected:
    address: ToolAddress
    provider: str
    account_email: str | None


class AuthService:
    """`now` is the clock, with a time zone."""

    def __init__(
        self,
        database: Database,
        store: ToolSecretStore,
        providers: Mapping[str, OAuthGateway],
        public_url: str,
        *,
        registry: ToolRegistry | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        """`public_url` is where the provider sends browsers back to: `{public_url}/api/v1/oauth/…`."""
        self._states = OAuthStateRepository(database)
        self._tools = AgentToolRepository(database)
        self._members = MemberService(database)
        self._connections = ConnectionService(database, now=now)
        self._revocations = RevocationService(database, store, providers, now=now)
        self._store = store
        self._providers = providers
        self._public_url = public_url
        self._registry = registry or ToolRegistry()
        self._now = now

    async def start(
        self,
        user: User,
        provider: str,
        address: ToolAddress,
        account: str | None = None,
        language: str | None = None,
    ) -> Started:
        """`account` is the e-mail that has to be chosen; None: any. `language`, such as "de", is the
        person's; the state carries it, so that it is known however the consent ends.

        Raises `ForbiddenError`, `NotFoundError`, `UnavailableError`.
        """
        await self._members.require(user, address.tenant_id, Role.EDITOR)
        gateway, requirement = self._provider(provider, address.slug)
        if not await self._tools.agent_exists(address.tenant_id, address.agent_id):
            raise NotFoundError(
                f"no agent {address.agent_id} of {address.tenant_id}",
                sentence="There is no such agent.",
                code="no_such_agent",
            )
        state = secrets.token_urlsafe(SECRET_BYTES)
        verifier = SecretStr(secrets.token_urlsafe(SECRET_BYTES))
        if language is not None:
            state = f"{language}.{state}"
        state_id = state_id_of(state)
        document = OAuthState(
            provider=provider,
            tenant_id=address.tenant_id,
            agent_id=address.agent_id,
            slug=address.slug,
            user_id=user.user_id,
            challenge=challenge_of(verifier),
            account=account,
            expires_at=self._now() + STATE_VALID,
        )
        await self._states.create(state_id, document)
        request = self._request(provider, requirement, state, verifier, account)
        return Started(gateway.authorization_url(request), state_id, verifier)

    async def complete(self, provider: str, callback: Callback) -> Connected:
        """The browser is back. Raises `ConsentError`."""
        try:
            return await self._complete(provider, callback)
        except ConsentError:
            raise
        except TrunklineError as error:
            raise ConsentError(Failure.OUR_FAILURE, str(error)) from error

    async def _complete(self, provider: str, callback: Callback) -> Connected:
        state, consented_at = await self._use_state(provider, callback)
        address = ToolAddress(state.tenant_id, state.agent_id, state.slug)
        actor = await self._still_allowed(state)
        gateway, requirement = self._provider(provider, state.slug)
        assert callback.code is not None
        assert callback.verifier is not None
        request = self._request(
            provider, requirement, callback.state, SecretStr(callback.verifier), state.account
        )
        grant = await _exchanged(gateway, callback.code, request)
        refresh_token = _checked(grant, requirement, state.account)
        consent_id = state_id_of(callback.state)[:32]
        connection = Connection(
            provider=provider,
            state=ConnectionState.CONNECTED,
            account_email=grant.account_email,
            scopes=sorted(grant.scopes),
            since=consented_at,
            consent_id=consent_id,
            connected_by=state.user_id,
        )
        await self._connect(address, connection, refresh_token, consented_at, actor)
        return Connected(address, provider, grant.account_email)

    async def _use_state(self, provider: str, callback: Callback) -> tuple[OAuthState, datetime]:
        """Single use, in one atomic step. A refusal of the provider uses nothing up: the person may go back
        there and change their mind."""
        now = self._now()

        def use(state: OAuthState) -> OAuthState:
            if state.provider != provider:
                raise ConsentError(Failure.UNKNOWN, "a state of another provider")
            verifier = SecretStr(callback.verifier or "")
            if not secrets.compare_digest(challenge_of(verifier), state.challenge):
                raise ConsentError(Failure.ANOTHER_USER, "the browser has not got the cookie")
            if state.used_at is not None:
                raise ConsentError(Failure.REPLAYED, "the state was used before")
            if state.expires_at <= now:
                raise ConsentError(Failure.EXPIRED, "the state has expired")
            if callback.error == "access_denied":
                raise ConsentError(Failure.DENIED, "consent denied")
            if callback.error is not None or callback.code is None:
                raise ConsentError(
                    Failure.PROVIDER_FAILED, f"the provider says {(callback.error or 'nothing')[:40]!r}"
                )
            return state.model_copy(update={"used_at": now})

        try:
            return await self._states.change(state_id_of(callback.state), use), now
        except NotFoundError as error:
            raise ConsentError(Failure.UNKNOWN, "no such state") from error

    async def _still_allowed(self, state: OAuthState) -> Actor:
        try:
            member = await self._members.require_id(state.user_id, state.tenant_id, Role.EDITOR)
        except ForbiddenError as error:
            raise ConsentError(Failure.NOT_ALLOWED, str(error)) from error
        if not await self._tools.agent_exists(state.tenant_id, state.agent_id):
            raise ConsentError(Failure.AGENT_GONE, "the agent is gone")
        return Actor.of_member(state.user_id, member.email)

    async def _connect(
        self,
        address: ToolAddress,
        connection: Connection,
        refresh_token: SecretStr,
        consented_at: datetime,
        actor: Actor,
    ) -> None:
        grant = StoredGrant(
            refresh_token=refresh_token,
            consent_id=connection.consent_id,
            provider=connection.provider,
            account_email=connection.account_email,
        )

        async def pin(version: str) -> str | None:
            try:
                former = await self._connections.connect(address, version, connection, consented_at, actor)
            except NotFoundError as error:  # the task of the agent's removal may have run already
                await self._revocations.forget_removed(address.tenant_id, address.agent_id)
                raise ConsentError(Failure.AGENT_GONE, "the agent was deleted meanwhile") from error
            await self._revocations.revoke_former(address, connection, former)
            return former.sensitive_config.get(REFRESH_TOKEN)

        try:
            await self._store.replace(address, REFRESH_TOKEN, grant.sealed(), pin)
        except SupersededError as error:
            raise ConsentError(Failure.SUPERSEDED, str(error)) from error

    async def disconnect(self, user: User, provider: str, address: ToolAddress) -> Disconnected:
        """Running calls lose the connection with their next use. Repeating it finishes what was begun.

        Raises `ForbiddenError`, `NotFoundError` when the tool was never connected, `UnavailableError`.
        """
        member = await self._members.require(user, address.tenant_id, Role.EDITOR)
        actor = Actor.of_member(user.user_id, member.email)
        tool = await self._connections.begin_disconnect(address, provider, DISCONNECTED_BY_MEMBER, actor)
        if tool is None:
            raise NotFoundError(
                f"{address.slug} of {address.agent_id} is not connected to {provider}",
                sentence="No account is connected there.",
                code="not_connected",
            )
        return await self._revocations.finish(address, tool)

    async def status(self, user: User, provider: str, address: ToolAddress) -> Connection | None:
        """None: never connected. Raises `ForbiddenError`, `UnavailableError`."""
        await self._members.require(user, address.tenant_id, Role.VIEWER)
        tool = await self._tools.find(address.tenant_id, address.agent_id, address.slug)
        connection = tool.connection if tool else None
        return connection if connection and connection.provider == provider else None

    def _provider(self, name: str, slug: str) -> tuple[OAuthGateway, OAuthConnection]:
        requirement = self._registry.get(slug).metadata.connection
        if requirement is None or requirement.provider != name:
            raise NotFoundError(
                f"{slug} does not connect to {name}",
                sentence="This tool does not connect to such an account.",
                code="another_provider",
            )
        gateway = self._providers.get(name)
        if gateway is None:
            raise NotFoundError(
                f"no OAuth client for {name}",
                sentence="This provider is not set up here. Ask whoever runs the platform.",
                code="provider_not_set_up",
            )
        return gateway, requirement

    def _request(
        self,
        provider: str,
        requirement: OAuthConnection,
        state: str,
        verifier: SecretStr,
        account: str | None,
    ) -> ConsentRequest:
        return ConsentRequest(
            redirect_uri=f"{self._public_url}/api/v1/oauth/{provider}/callback",
            scopes=requirement.scopes,
            state=state,
            verifier=verifier,
            login_hint=account,
        )


def state_id_of(state: str) -> str:
    """A state's document; who reads the collection cannot go back from here."""
    return hashlib.sha256(state.encode()).hexdigest()


def language_of(state: str) -> str | None:
    """What the person speaks, as `start` was told. Anybody can make a state up: it is a wish and no more."""
    language, dot, _ = state.partition(".")
    return language if dot else None


async def _exchanged(gateway: OAuthGateway, code: str, request: ConsentRequest) -> Grant:
    try:
        return await gateway.exchange(code, request)
    except InvalidGrantError as error:
        raise ConsentError(Failure.CODE_REFUSED, str(error)) from error
    except UnavailableError as error:
        raise ConsentError(Failure.PROVIDER_FAILED, str(error)) from error


def _checked(grant: Grant, requirement: OAuthConnection, account: str | None) -> SecretStr:
    """The refresh token, if the grant is what the tool needs."""
    missing = set(requirement.scopes) - grant.scopes
    if missing:
        raise ConsentError(Failure.PARTIAL, f"not granted: {' '.join(sorted(missing))}")
    if account is not None and (grant.account_email or "").lower() != account.lower():
        raise ConsentError(
            Failure.WRONG_ACCOUNT,
            "another account was chosen",
            account=account,
        )
    if grant.refresh_token is None:
        raise ConsentError(Failure.PROVIDER_FAILED, "the provider gave no refresh token")
    return grant.refresh_token
