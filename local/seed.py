"""Seed data: tenants, agents, numbers and calendars that a laptop cloud starts with.

Everything is written through the same clients that production uses; only the calendars' contents and the
consent of their owners come from the Google stand-in's control endpoints.
"""

import contextlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

import aiohttp
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from local.environment import OAUTH_CLIENT_ID, Ports
from local.scenario import fill_dates
from shared.gateways.firestore import Database, Put, Write
from shared.gateways.secret_manager import SecretManagerGateway
from shared.input_files import first_mistake
from shared.models.agent import Agent, ForwardFallback, TimeZoneName
from shared.models.agent_input import AgentInput
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool, Connection, ConnectionState
from shared.models.base import DocumentId, PhoneNumber, Slug
from shared.models.member import Role
from shared.models.phone_number import PhoneNumberDocument
from shared.models.tenant import Tenant
from shared.services.secret_names import secret_id_for, secret_labels
from shared.services.tool_catalog import secret_fields
from shared.tools.base.base_tool import OAuthConnection
from shared.tools.base.fields import EmailAddress
from shared.tools.base.registry import ToolRegistry

DEMO = Path(__file__).parent / "seeds" / "demo.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ToolSeed(_Part):
    config: dict[str, Any] = Field(default_factory=dict)
    secrets: dict[str, str] = Field(default_factory=dict)
    connect: str | None = None
    """The e-mail of the account that the tool is connected to."""


class AgentSeed(AgentInput, Agent):
    """Held to what the API would take: what it refuses is a mistake here as well."""

    tools: dict[Slug, ToolSeed] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tools_and_their_fields_exist(self) -> Self:
        registry = ToolRegistry()
        for slug, tool in self.tools.items():
            if slug not in (known := [one.metadata.slug for one in registry.all()]):
                raise ValueError(f"tools.{slug}: expected one of {', '.join(known)}")
            metadata = registry.get(slug).metadata
            secrets = set(secret_fields(metadata.config))
            try:
                metadata.config.model_validate(tool.config | tool.secrets)
            except ValidationError as error:
                mistake = first_mistake(error, metadata.config)
                secret = mistake.partition(":")[0] in {*tool.secrets, *secrets}
                raise ValueError(f"tools.{slug}.{'secrets' if secret else 'config'}.{mistake}") from None
            if misplaced := set(tool.config) & secrets:
                raise ValueError(f"tools.{slug}.config.{min(misplaced)}: expected under secrets")
            if tool.connect and metadata.connection is None:
                raise ValueError(f"tools.{slug}.connect: expected none, since this tool needs no account")
        return self


class TenantSeed(Tenant):
    model_config = ConfigDict(extra="forbid", frozen=True)
    agents: dict[DocumentId, AgentSeed]
    numbers: dict[PhoneNumber, str] = Field(default_factory=dict)
    """Number → agent."""
    members: dict[EmailAddress, Role] = Field(default_factory=dict)
    """E-mail → role, of people who can sign in."""

    @model_validator(mode="after")
    def _numbers_lead_to_agents(self) -> Self:
        for number, agent in self.numbers.items():
            if agent not in self.agents:
                known = ", ".join(self.agents) or "none"
                raise ValueError(f"numbers.{number}: expected one of {known}, found {agent!r}")
        return self

    @model_validator(mode="after")
    def _fallbacks_do_not_lead_back(self) -> Self:
        forwarding = {
            f"agents.{agent_id}.fallback.number": agent.fallback.number
            for agent_id, agent in self.agents.items()
            if isinstance(agent.fallback, ForwardFallback)
        }
        for place, number in {"fallback_number": self.fallback_number, **forwarding}.items():
            if number in self.numbers:
                raise ValueError(f"{place}: expected a number that no agent answers, found {number!r}")
        return self


def _moment(text: str) -> str:
    with contextlib.suppress(ValueError):
        if "T" in text and datetime.fromisoformat(fill_dates(text, datetime.now(UTC))).tzinfo is None:
            return text
    raise ValueError(f"expected a time in the calendar's zone, such as {{tomorrow}}T14:00:00, found {text!r}")


class EventSeed(_Part):
    summary: str
    start: Annotated[str, AfterValidator(_moment)]
    end: Annotated[str, AfterValidator(_moment)]

    @model_validator(mode="after")
    def _ends_later(self) -> Self:
        start, end = fill_dates([self.start, self.end], datetime.now(UTC))
        if datetime.fromisoformat(start) >= datetime.fromisoformat(end):
            raise ValueError(f"end: expected a time after {self.start}, found {self.end!r}")
        return self


class CalendarSeed(_Part):
    time_zone: TimeZoneName
    events: list[EventSeed] = Field(default_factory=list)


class Seed(_Part):
    tenants: dict[DocumentId, TenantSeed]
    calendars: dict[EmailAddress, CalendarSeed] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _accounts_exist_and_a_number_has_one_tenant(self) -> Self:
        tenants: dict[str, str] = {}
        for tenant_id, tenant in self.tenants.items():
            for number in tenant.numbers:
                if number in tenants:
                    place = f"tenants.{tenant_id}.numbers.{number}"
                    raise ValueError(f"{place}: expected a number of its own, {tenants[number]} has this one")
                tenants[number] = tenant_id
            for agent_id, agent in tenant.agents.items():
                for slug, tool in agent.tools.items():
                    if tool.connect and tool.connect not in self.calendars:
                        place = f"tenants.{tenant_id}.agents.{agent_id}.tools.{slug}.connect"
                        known = ", ".join(self.calendars) or "none"
                        raise ValueError(
                            f"{place}: expected one of calendars: {known}, found {tool.connect!r}"
                        )
        return self

    def copy_for(self, number: int) -> "Seed":
        """The same tenants under other names, phone numbers and accounts, for calls at the same time."""
        numbers = [int(e164) for tenant in self.tenants.values() for e164 in tenant.numbers]
        apart = max(1000, max(numbers, default=0) - min(numbers, default=0) + 1)  # no copy meets another

        def phone(e164: str) -> str:
            return f"+{int(e164) + apart * number}"

        def account(email: str) -> str:
            name, _, host = email.partition("@")
            return f"{name}{number}@{host}"

        tenants = {
            f"{tenant_id}-{number}": tenant.model_copy(
                update={
                    "numbers": {phone(e164): agent for e164, agent in tenant.numbers.items()},
                    "agents": {
                        agent_id: agent.model_copy(
                            update={
                                "tools": {
                                    slug: tool.model_copy(
                                        update={"connect": tool.connect and account(tool.connect)}
                                    )
                                    for slug, tool in agent.tools.items()
                                }
                            }
                        )
                        for agent_id, agent in tenant.agents.items()
                    },
                }
            )
            for tenant_id, tenant in self.tenants.items()
        }
        return Seed(tenants=tenants, calendars={account(e): c for e, c in self.calendars.items()})

    def number_like(self, original: "Seed", e164: str) -> str:
        """The number that `copy_for` made of `e164` of the original."""
        numbers = [number for tenant in original.tenants.values() for number in tenant.numbers]
        copies = [number for tenant in self.tenants.values() for number in tenant.numbers]
        return copies[numbers.index(e164)]


class Seeder:
    """Writes seeds into a running laptop cloud, replacing what has the same ids."""

    def __init__(self, database: Database, secrets: SecretManagerGateway, ports: Ports) -> None:
        self._database = database
        self._secrets = secrets
        self._ports = ports

    async def apply(self, seed: Seed) -> None:
        """Calendars get back exactly the seed's events."""
        for email, calendar in seed.calendars.items():
            await self._reset_calendar(email, calendar)
        for tenant_id, tenant in seed.tenants.items():
            writes: list[Write] = [
                Put(f"tenants/{tenant_id}", tenant.model_dump(exclude={"agents", "numbers", "members"}))
            ]
            for e164, agent_id in tenant.numbers.items():
                number = PhoneNumberDocument(tenant_id=tenant_id, agent_id=agent_id)
                writes.append(Put(f"phone_numbers/{e164}", number.to_firestore()))
                await self._attach_number(e164)
            for agent_id, agent in tenant.agents.items():
                writes += await self._agent(tenant_id, agent_id, agent)
            await self._database.commit(writes)

    async def _agent(self, tenant_id: str, agent_id: str, agent: AgentSeed) -> list[Write]:
        path = f"tenants/{tenant_id}/agents/{agent_id}"
        tools = [
            Put(
                f"{path}/agent_tools/{slug}",
                (await self._tool(tenant_id, agent_id, slug, tool)).to_firestore(),
            )
            for slug, tool in agent.tools.items()
        ]
        return [Put(path, agent.model_dump(exclude={"tools"})), *tools]

    async def _tool(self, tenant_id: str, agent_id: str, slug: str, tool: ToolSeed) -> AgentTool:
        secrets = dict(tool.secrets)
        connection = None
        requirement = ToolRegistry().get(slug).metadata.connection
        if tool.connect and requirement:
            secrets[REFRESH_TOKEN] = await self._consent(tool.connect, requirement)
            connection = Connection(
                provider=requirement.provider,
                state=ConnectionState.CONNECTED,
                account_email=tool.connect,
                scopes=list(requirement.scopes),
                since=datetime.now(UTC),
            )
        versions: dict[str, str] = {}
        for field, value in secrets.items():
            names = (tenant_id, agent_id, slug, field)
            await self._secrets.create_secret(secret_id_for(*names), secret_labels(*names))
            versions[field] = await self._secrets.add_version(secret_id_for(*names), SecretStr(value))
        return AgentTool(
            slug=slug, enabled=True, config=tool.config, sensitive_config=versions, connection=connection
        )

    async def _consent(self, email: str, requirement: OAuthConnection) -> str:
        """The refresh token that the account's owner would have granted by clicking Connect."""
        body = {"email": email, "scopes": list(requirement.scopes), "client_id": OAUTH_CLIENT_ID}
        token: str = (await self._control("google", "POST", "/_local/refresh-tokens", body))["refresh_token"]
        return token

    async def _reset_calendar(self, email: str, calendar: CalendarSeed) -> None:
        zone = calendar.time_zone
        events = [
            {
                "summary": event.summary,
                "start": {"dateTime": event.start, "timeZone": zone},
                "end": {"dateTime": event.end, "timeZone": zone},
            }
            for event in calendar.events
        ]
        body = {"email": email, "time_zone": zone, "events": fill_dates(events, datetime.now(ZoneInfo(zone)))}
        await self._control("google", "POST", "/_local/accounts", body)

    async def _attach_number(self, e164: str) -> None:
        """What `telephony sync` does with a real Twilio number."""
        webhooks = self._ports.url("incoming_call") + "/api/v1/voice/twilio"
        body = {
            "voice_url": f"{webhooks}/incoming",
            "voice_fallback_url": f"{webhooks}/fallback",
            "status_callback": f"{webhooks}/status",
        }
        await self._control("twilio", "PUT", f"/_local/numbers/{e164}", body)

    async def _control(self, part: str, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        async with (
            aiohttp.ClientSession(self._ports.url(part), raise_for_status=True) as session,
            session.request(method, path, json=body, timeout=aiohttp.ClientTimeout(total=10)) as response,
        ):
            answer: dict[str, Any] = await response.json()
            return answer
