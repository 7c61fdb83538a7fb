"""What a tool is: metadata that people and the model read, and one `execute`.

Adding a tool takes one class in `shared/tools/implementations/` and one line in `registry.py`. The
dashboard draws the form from `Config`, shows a Connect button when `connection` is set, and the next call's
agent can use every action; see docs/adding-a-tool.md.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, SecretStr

from shared.models.agent import OpeningHours
from shared.models.agent_tool import REFRESH_TOKEN
from shared.models.base import SLUG
from shared.tools.base.gemini_schema import UnsupportedSchemaError, for_gemini, function_name

LONGEST_SECONDS = 15.0
"""An action's: a caller who has heard nothing from the agent for 25 s is given the fallback."""
LONGEST_NAME = 64
"""A function's, in characters: Gemini takes no more."""
RESERVED_ARGUMENTS = ("action", "call_id")
"""`AgentExecutor.run_tool`'s own parameters."""

_SLUG_LIKE = "expected small letters, digits and _, at most 40, such as order_status"


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
    withdrawn_when_called_off: bool = False
    """Nothing is left of it then: the model is not told that it was done, and may ask for it again."""
    display_name: str = ""
    """For people who read what was done in a call, after the tool's; empty: the action's name in words."""


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

    def __post_init__(self) -> None:
        """Raises `ValueError` about a mistake: when the tool's module is loaded, and not in a call."""
        if mistake := next(_mistakes(self), None):
            raise ValueError(f"tool {self.slug!r}: {mistake}")


def _mistakes(tool: ToolMetadata) -> Generator[str]:
    if not re.match(SLUG, tool.slug):
        yield f"slug: {_SLUG_LIKE}"
    for name in ("display_name", "description"):
        if not getattr(tool, name).strip():
            yield f"{name}: expected words for who decides whether to enable the tool"
    if not tool.actions:
        yield "actions: expected one at least"
    for name, action in tool.actions.items():
        yield from (f"actions[{name!r}]{mistake}" for mistake in _mistakes_of_action(name, action))
        if len(function := function_name(tool.slug, name, tool.actions)) > LONGEST_NAME:
            yield f"actions[{name!r}]: {function} is too long, expected at most {LONGEST_NAME} characters"
    yield from (f"config{mistake}" for mistake in _mistakes_of_config(tool.config))
    if tool.connection is not None:
        yield from (f"connection.{mistake}" for mistake in _mistakes_of_connection(tool.connection))


def _mistakes_of_action(name: str, action: Action) -> Generator[str]:
    if not re.match(SLUG, name):
        yield f": {_SLUG_LIKE}"
    if not action.description.strip():
        yield ".description: expected words for the model: what it does, and when to use it"
    if not 0 < action.timeout_seconds <= LONGEST_SECONDS:
        found = action.timeout_seconds
        yield f".timeout_seconds: expected over 0, at most {LONGEST_SECONDS:g}, not {found:g}"
    if action.read_only and not action.idempotent:
        yield ".idempotent: expected True, since what changes nothing may be repeated"
    if not _is_model(action.arguments):
        yield f".arguments: expected a pydantic model, found {action.arguments!r}"
        return
    if taken := set(RESERVED_ARGUMENTS) & set(action.arguments.model_fields):
        yield f".arguments: {min(taken)} cannot be the name of an argument"
    try:
        for_gemini(action.arguments)
    except UnsupportedSchemaError as error:
        yield f".arguments: {error}"


def _mistakes_of_config(config: type[BaseModel]) -> Generator[str]:
    if not _is_model(config):
        yield f": expected a pydantic model, found {config!r}"
        return
    if REFRESH_TOKEN in config.model_fields:
        yield f".{REFRESH_TOKEN}: expected another name, the connected account's token has this one"
    for name, setting in config.model_fields.items():
        kinds = {setting.annotation, *get_args(setting.annotation)}
        if holds_secret(setting.annotation) and not kinds <= {SecretStr, SecretStr | None, type(None)}:
            # What is not a field of its own would be stored with the rest, and could be read back.
            yield f".{name}: expected a secret to be a field of its own, not within another"


def _mistakes_of_connection(connection: OAuthConnection) -> Generator[str]:
    if isinstance(connection.scopes, str):
        yield f"scopes: expected several, such as ({connection.scopes!r},)"
    elif unknown := set(connection.scope_texts) - set(connection.scopes):
        yield f"scope_texts: expected scopes that are asked for, found {min(unknown)}"


def _is_model(found: Any) -> bool:
    return isinstance(found, type) and issubclass(found, BaseModel)


def holds_secret(kind: Any, inside: tuple[Any, ...] = ()) -> bool:
    """Whether a value of that type has a `SecretStr` in it; `inside` lists the models that it stands in."""
    parts = list(get_args(kind))
    if _is_model(kind) and kind not in inside:
        parts += [each.annotation for each in kind.model_fields.values()]
    return kind is SecretStr or any(holds_secret(part, (*inside, kind)) for part in parts)


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
