"""A tool that does what a test tells it, and the executor that runs it in a call."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel, Field, SecretStr

from shared.models.agent import Agent
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool
from shared.models.session import SessionSnapshot
from shared.tools.base.base_tool import (
    LONGEST_SECONDS,
    Action,
    BaseTool,
    Credential,
    OAuthConnection,
    ToolContext,
    ToolMetadata,
)
from shared.tools.base.registry import ToolRegistry
from tests.tools import FakeCall, FakeCredential
from worker.agent_executor import (
    AgentExecutor,
    ToolEnvironment,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY_VERSION = "projects/p/secrets/key/versions/3"


class Day(BaseModel):
    day: str
    people: int = Field(default=1, ge=1)


class Shop(BaseModel):
    city: str
    key: SecretStr


class ShopTool(BaseTool):
    metadata = ToolMetadata(
        slug="shop",
        display_name="Shop",
        description="For tests.",
        config=Shop,
        connection=OAuthConnection("google", ()),
        actions={
            "look": Action("Looks.", Day, read_only=True, idempotent=True, timeout_seconds=LONGEST_SECONDS),
            "book": Action("Books.", Day, read_only=False, idempotent=False, timeout_seconds=LONGEST_SECONDS),
            "ring": Action("Rings.", Day, read_only=False, idempotent=True, withdrawn_when_called_off=True),
            "unbook": Action("Undoes it.", Day, read_only=False, idempotent=True),
        },
    )
    context: ToolContext[Shop]
    failures: list[BaseException]
    runs: list[str]

    def __init__(self) -> None:
        self.failures, self.runs = [], []
        self.result: dict[str, Any] = {"free": True}
        self.takes = 0.0
        self.before_returning: Callable[[dict[str, Any]], None] = lambda _: None

    async def execute(self, action: str, arguments: BaseModel, context: ToolContext[Any]) -> dict[str, Any]:
        self.runs.append(action)
        self.context = context
        await asyncio.sleep(self.takes)
        self.before_returning(self.result)
        if self.failures:
            raise self.failures.pop(0)
        return self.result


class Rig:
    def __init__(self, *tools: AgentTool) -> None:
        self.registry = ToolRegistry((ShopTool,))
        tool = self.registry.get("shop")
        assert isinstance(tool, ShopTool)
        self.tool = tool
        self.events: list[dict[str, Any]] = []
        self.fetched: list[str] = []
        self.running: list[bool] = []
        self.called_off: set[str | None] = set()
        configured = AgentTool(
            slug="shop",
            enabled=True,
            config={"city": "Berlin"},
            sensitive_config={"key": KEY_VERSION, REFRESH_TOKEN: "projects/p/secrets/r/versions/1"},
        )
        snapshot = SessionSnapshot(
            session_id="ca1",
            tenant_id="harbor",
            agent_id="a1",
            call_sid="CA1",
            caller="+14155550123",
            called="+14155550100",
            room="call-ca1",
            agent=Agent(name="a", instructions="b", time_zone="Europe/Berlin"),
            tools=list(tools) or [configured],
            max_concurrent_calls=10,
            started_at=NOW,
            expires_at=NOW + timedelta(days=1),
        )
        environment = ToolEnvironment(
            registry=self.registry,
            fetch_secret=self._fetch,
            credential=self._credential,
            call=FakeCall(),
            record=self.events.append,
            is_called_off=self.called_off.__contains__,
            running=self.running.append,
            now=lambda: NOW,
        )
        self.executor = AgentExecutor(snapshot, environment)

    async def _fetch(self, version: str) -> SecretStr:
        self.fetched.append(version)
        return SecretStr("s3cret-key")

    def _credential(self, tool: AgentTool) -> Credential:
        return FakeCredential()

    async def run(self, action: str | None = "look", call_id: str = "c1", **arguments: Any) -> dict[str, Any]:
        return json.loads(await self.executor.run_tool("shop", action=action, call_id=call_id, **arguments))
