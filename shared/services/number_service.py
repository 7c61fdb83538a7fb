"""Phone numbers: which agent answers which, in our documents and at Twilio."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from shared.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    UnavailableError,
)
from shared.gateways.firestore import Database, Write
from shared.gateways.twilio import AccountNumber, RefusedError, TwilioGateway
from shared.models.audit import Actor, AuditAction, Change
from shared.models.base import utc_now
from shared.models.phone_number import NumberRouting, PhoneNumberDocument
from shared.repositories.configured_agents import ConfiguredAgentRepository, agent_exists
from shared.repositories.paging import Page, decode_cursor, page_of
from shared.repositories.phone_numbers import TenantNumberRepository
from shared.repositories.teams import TeamRepository
from shared.services.audit_service import AuditService
from shared.services.etags import check_match, etag_of

UNATTACHED = PhoneNumberDocument(tenant_id="nobody", agent_id="nobody")
"""What the ETag of a free number is made of."""


@dataclass(frozen=True)
class TenantNumber:
    """A number of the Twilio account, as the tenant may use it."""

    account: AccountNumber
    document: PhoneNumberDocument | None
    """None: no agent answers it yet."""
    routed: bool
    """Twilio sends its calls to this platform."""

    @property
    def etag(self) -> str:
        return etag_of(self.document or UNATTACHED)


class NumberService:
    """`edge_url` is the phone edge's base URL; `now` is the clock, with a time zone.

    All raise `UnavailableError`; those that take a number raise `NotFoundError` when the account does not own
    it or another tenant holds it.
    """

    def __init__(
        self,
        database: Database,
        twilio: TwilioGateway,
        edge_url: str,
        *,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._now = now
        self._numbers = TenantNumberRepository(database)
        self._agents = ConfiguredAgentRepository(database)
        self._teams = TeamRepository(database)
        self._audit = AuditService(database, now=now)
        self._twilio = twilio
        self._routing = routing_to(edge_url)

    async def list_numbers(self, tenant_id: str, limit: int, cursor: str | None) -> Page[TenantNumber]:
        """In order, without those of other tenants. Raises `InvalidFieldsError`."""
        position = decode_cursor(cursor, str)
        after = "" if position is None else str(position[0])
        owned = {number.number: number for number in await self._twilio.list_numbers()}
        candidates = sorted(number for number in owned if number > after)
        found: list[TenantNumber] = []
        while candidates and len(found) <= limit:
            chunk, candidates = candidates[: limit + 1], candidates[limit + 1 :]
            for number, document in await self._numbers.visible(tenant_id, chunk):
                found.append(self._described(owned[number], document))
        return page_of([((each.account.number, each.account.number), each) for each in found], limit)

    async def get(self, tenant_id: str, number: str) -> TenantNumber:
        document, owned = await asyncio.gather(self._numbers.find(tenant_id, number), self._owned(number))
        return self._described(owned, document)

    async def attach(
        self, tenant_id: str, actor: Actor, number: str, agent_id: str, if_match: str | None
    ) -> TenantNumber:
        """From now on the agent answers the number. Doing it again repairs what Twilio was told. What fails
        has changed nothing, or says that the number is kept (`number_kept`).

        Raises `ConflictError` without such an agent, when another tenant was faster, or when it is where the
        tenant's callers are forwarded to, and `PreconditionFailedError`.
        """
        current, is_there = await asyncio.gather(
            self.get(tenant_id, number), self._agents.exists(tenant_id, agent_id)
        )
        check_match(if_match, current.document or UNATTACHED)
        if not is_there:
            raise _no_such_agent(tenant_id, agent_id)
        if current.document is None:
            await self._check_is_no_fallback(tenant_id, number)
            document = await self._claim(tenant_id, actor, current.account, agent_id)
            await self._route_or_give_back(tenant_id, actor, current.account)
        else:
            # First: a number that Twilio sends elsewhere is of no use to the agent either.
            if not current.routed:
                await self._twilio.configure_number(current.account.sid, self._routing)
            document = await self._reassign(tenant_id, actor, current, agent_id, if_match)
        return TenantNumber(current.account, document, routed=True)

    async def detach(self, tenant_id: str, actor: Actor, number: str, if_match: str | None) -> None:
        """Twilio gets back what it had before. Raises `PreconditionFailedError`, and `NotFoundError` when no
        agent answers the number.

        Twilio goes first: a number that still has its document can be detached again.
        """
        current = await self.get(tenant_id, number)
        if current.document is None:
            raise NotFoundError(f"{number} is not attached")
        check_match(if_match, current.document)
        if not current.routed:
            await self._release(tenant_id, actor, number, if_match)
            return
        await self._give_back(current.account, current.document.former or NumberRouting())
        try:
            await self._release(tenant_id, actor, number, if_match)
        except PreconditionFailedError:  # somebody gave it to another agent meanwhile
            await self._twilio.configure_number(current.account.sid, self._routing)
            raise

    async def forget(self, tenant_id: str, actor: Actor, number: str) -> None:
        """As `detach`, of a number that the Twilio account does not own any more. Raises `NotFoundError`."""
        await self._release(tenant_id, actor, number)

    async def _owned(self, number: str) -> AccountNumber:
        owned = await self._twilio.find_number(number)
        if owned is None:
            raise NotFoundError(f"the account does not own {number}")
        return owned

    async def _check_is_no_fallback(self, tenant_id: str, number: str) -> None:
        tenant, agents = await asyncio.gather(
            self._teams.tenant(tenant_id), self._agents.forwarding_to(tenant_id, number)
        )
        holders = [*(["the whole account"] if tenant.fallback_number == number else []), *agents]
        if holders:
            raise ConflictError(
                f"{number} is a fallback of {tenant_id}",
                sentence=f"This is the fallback number of {', '.join(holders)}. Choose another there first.",
                code="number_is_fallback",
            )

    async def _claim(
        self, tenant_id: str, actor: Actor, account: AccountNumber, agent_id: str
    ) -> PhoneNumberDocument:
        former = None if account.routing == self._routing else account.routing
        document = PhoneNumberDocument(
            tenant_id=tenant_id, agent_id=agent_id, former=former, attached_at=self._now()
        )
        along = self._attaching(tenant_id, actor, account.number, None, agent_id)
        try:
            await self._numbers.create(account.number, document, along)
        except NotFoundError:
            raise _no_such_agent(tenant_id, agent_id) from None
        except AlreadyExistsError:
            sentence = "Somebody else has just taken this number."
            raise ConflictError(
                f"{account.number} is taken", sentence=sentence, code="number_taken"
            ) from None
        return document

    async def _route_or_give_back(self, tenant_id: str, actor: Actor, account: AccountNumber) -> None:
        try:
            await self._twilio.configure_number(account.sid, self._routing)
        except UnavailableError:
            # Twilio may have done it and not got round to saying so.
            await self._restore_or_keep(account)
            await self._release(tenant_id, actor, account.number)
            raise

    async def _restore_or_keep(self, account: AccountNumber) -> None:
        try:
            await self._twilio.configure_number(account.sid, account.routing)
        except UnavailableError as error:
            # Its document alone knows what Twilio had before, so it stays: detaching gives that back.
            sentence = "Twilio does not answer. The number is kept: attach it once more, or detach it."
            raise UnavailableError(
                f"{account.number} may lead here or not: {error}", sentence=sentence, code="number_kept"
            ) from error

    async def _give_back(self, account: AccountNumber, former: NumberRouting) -> None:
        try:
            await self._twilio.configure_number(account.sid, former)
        except RefusedError:
            # A trunk or an application may have been deleted since; the number need not stay here for it.
            urls_alone = former.model_copy(update={"voice_application_sid": "", "trunk_sid": ""})
            if urls_alone == former:
                raise
            await self._twilio.configure_number(account.sid, urls_alone)

    async def _reassign(
        self, tenant_id: str, actor: Actor, current: TenantNumber, agent_id: str, if_match: str | None
    ) -> PhoneNumberDocument:
        number = current.account.number
        changed: list[PhoneNumberDocument] = []

        def decide(before: PhoneNumberDocument) -> tuple[PhoneNumberDocument, list[Write]]:
            check_match(if_match, before)
            changed.append(before.model_copy(update={"agent_id": agent_id}))
            if before.agent_id == agent_id and current.routed:
                return changed[-1], []
            return changed[-1], self._attaching(tenant_id, actor, number, before.agent_id, agent_id)

        try:
            await self._numbers.change(tenant_id, number, decide)
        except NotFoundError:  # the number's document, or the agent's
            if await self._agents.exists(tenant_id, agent_id):
                raise
            raise _no_such_agent(tenant_id, agent_id) from None
        return changed[-1]

    async def _release(self, tenant_id: str, actor: Actor, number: str, if_match: str | None = None) -> None:
        def decide(held: PhoneNumberDocument) -> list[Write]:
            check_match(if_match, held)
            return [self._entry(tenant_id, actor, number, held.agent_id, None)]

        await self._numbers.remove(tenant_id, number, decide)

    def _attaching(
        self, tenant_id: str, actor: Actor, number: str, before: str | None, agent_id: str
    ) -> list[Write]:
        """Written along with the number: without the agent, nothing of it is."""
        entry = self._entry(tenant_id, actor, number, before, agent_id)
        return [agent_exists(tenant_id, agent_id), entry]

    def _entry(
        self, tenant_id: str, actor: Actor, number: str, before: str | None, after: str | None
    ) -> Write:
        action = AuditAction.NUMBER_DETACHED if after is None else AuditAction.NUMBER_ATTACHED
        changes = {"agent_id": Change(before=before, after=after)}
        return self._audit.entry(tenant_id, actor, action, f"numbers/{number}", changes)

    def _described(self, account: AccountNumber, document: PhoneNumberDocument | None) -> TenantNumber:
        return TenantNumber(account, document, routed=account.routing == self._routing)


def _no_such_agent(tenant_id: str, agent_id: str) -> ConflictError:
    sentence = "There is no such agent."
    return ConflictError(f"no agent {agent_id} of {tenant_id}", sentence=sentence, code="no_such_agent")


def routing_to(edge_url: str) -> NumberRouting:
    """Of a number of ours, which Twilio sends here; `edge_url` is the phone edge's base URL."""
    base = f"{edge_url}/api/v1/voice/twilio"
    return NumberRouting(
        voice_url=f"{base}/incoming",
        voice_fallback_url=f"{base}/fallback",
        status_callback=f"{base}/status",
    )
