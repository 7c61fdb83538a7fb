"""What a tool is: metadata that people and the model read, and one `execute`.

Adding a tool takes one class in `shared/tools/implementations/` and one line in `registry.py`. The
dashboard draws the form from `Config`, shows a Connect button when `connection` is set, and the next call's
agent can use every action; see docs/adding-a-tool.md.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, SecretStr

from shared.models.agent import OpeningHours


class NoConfig(BaseModel):
    """For tools that need no settings."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class OAuthConnection:
    """The tool acts on behalf of an account that the tenant connects."""

    provider: str
    scopes: tuple[str, ...]
    scope_texts: Mapping[str, str] = field(default_factory=dict[str, str])
    """Scope → what it permits, in words for the account's owner."""


@dataclass(frozen=True)
class Action:
    """One thing that a tool can do; the model sees it as the function `<slug>_<action>`."""

    description: str
    """For the model: what it does, when to use it, what to ask the caller first."""
    arguments: type[BaseModel]
    read_only: bool
    """Changes nothing, so it may be repeated freely."""
    idempotent: bool
    """Repeating it with the same `ToolContext.idempotency_key` does the thing once."""
    timeout_seconds: float = 8.0


@dataclass(frozen=True)
class ToolMetadata:
    slug: str
    display_name: str
    description: str
    """For the business user who decides whether to enable the tool."""
    actions: Mapping[str, Action]
    config: type[BaseModel] = NoConfig
    """Its JSON Schema draws the form. `SecretStr` fields live in Secret Manager and are never read back."""
    connection: OAuthConnection | None = None
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict[str, Mapping[str, str]])
    """Language ("de") → what people read of all this in English → the same in that language.

    Of an action they read the first sentence. What has no translation stays English."""


class Credential(Protocol):
    """A connected account, as a tool may use it. The refresh token stays out of the tool's reach."""

    async def access_token(self, *, rejected: str | None = None) -> str:
        """A token that is valid now. Pass the one that the provider answered 401 to as `rejected`.

        Raises `DisconnectedError` when a person has to reconnect the account, `UnavailableError` when the
        provider does not answer.
        """
        ...


class CallControl(Protocol):
    """What a tool may do to the call it runs in."""

    async def hang_up(self) -> None:
        """End the call once the agent has finished what it is saying."""
        ...


ConfigT = TypeVar("ConfigT", bound=BaseModel, covariant=True)


@dataclass(frozen=True)
class ToolContext(Generic[ConfigT]):
    """Everything that one run of an action may know and use; nothing else is reachable from a tool."""

    tenant_id: str
    agent_id: str
    session_id: str
    caller: str | None
    """E.164, or None when withheld."""
    config: ConfigT
    """Validated, with secret fields filled in."""
    idempotency_key: str
    """The same for every attempt of one tool call of one call: [a-f0-9]{32}."""
    time_zone: ZoneInfo
    call: CallControl
    now: Callable[[], datetime]
    credential: Credential | None = None
    """Set when `metadata.connection` is."""
    hours: list[OpeningHours] | None = None
    """The agent's opening hours; None: always open."""
    secrets: Mapping[str, SecretStr] = field(default_factory=dict[str, SecretStr])


class BaseTool(ABC):
    metadata: ClassVar[ToolMetadata]

    @abstractmethod
    async def execute(self, action: str, arguments: BaseModel, context: ToolContext[Any]) -> dict[str, Any]:
        """Run `action`. `arguments` is a validated instance of that action's `arguments` model.

        Returns a small JSON-able dict, never empty, that the model can talk about; what it should say goes
        under `message` (`status` is added by whoever runs the tool). Raises `ToolError` with a
        sentence for the caller. Anything else that it raises becomes a general apology.
        """
