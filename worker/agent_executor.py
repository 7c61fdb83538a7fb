"""Runs the tools of one call, on the snapshot that the call started with.

Whatever happens, the model gets a JSON string with a status that it can talk about: an empty answer would
make it ask again, an exception would leave the caller in silence.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr, ValidationError

from shared.errors import NotFoundError, ToolError, TrunklineError, UnavailableError
from shared.models.agent_tool import REFRESH_TOKEN, AgentTool
from shared.models.session import SessionSnapshot
from shared.tools.base.base_tool import Action, BaseTool, CallControl, Credential, ToolContext
from shared.tools.base.gemini_schema import function_name
from shared.tools.base.registry import ToolRegistry
from worker.bounded_json import bounded_json
from worker.called_off_writes import CalledOffWrites, Write
from worker.longest_step import LongestStep
from worker.tool_faults import plain, told
from worker.wrong_arguments import sentences_about

log = logging.getLogger(__name__)

MAX_RESULT = 8000
"""Characters of JSON that one tool call may add to the model's context."""
CUT_WITHIN = 0.5
"""Seconds in which a run that is cut short writes down that it was."""
HELD_UP = 0.3
"""Seconds in which a tool awaits nothing, so that nobody is heard, from which on the log tells of it."""
REMEDY = "await what takes long, or do it on a thread"
APOLOGY = "Something went wrong with that on our side."
TOO_SLOW = "That took too long, so I stopped waiting for it."
CUT_SHORT = "This was cut short. I cannot say whether it was done."
UNSURE = "That took too long. I cannot say whether it was done."

FetchSecret = Callable[[str], Awaitable[SecretStr]]
"""`projects/…/secrets/…/versions/N` → its value; raises `UnavailableError` or `NotFoundError`."""
MakeCredential = Callable[[AgentTool], Credential]
Record = Callable[[dict[str, Any]], None]
"""Takes the data of a `tool_call` event."""


@dataclass(frozen=True)
class ToolEnvironment:
    """What the tools of a call need from outside the snapshot."""

    registry: ToolRegistry
    fetch_secret: FetchSecret
    credential: MakeCredential
    call: CallControl
    record: Record
    is_called_off: Callable[[str | None], bool]
    """Whether the model does not wait for that call of its any more."""
    running: Callable[[bool], None]
    """Told when the first tool that the model waits for starts, and when the last one has finished."""
    now: Callable[[], datetime]


class AgentExecutor:
    def __init__(self, snapshot: SessionSnapshot, environment: ToolEnvironment) -> None:
        self.snapshot = snapshot
        self._env = environment
        self._enabled = {tool.slug: tool for tool in snapshot.tools if tool.enabled}
        self._secrets: dict[str, SecretStr] = {}
        self._credentials: dict[str, Credential] = {}
        self._unnamed_calls = 0
        self._runs: dict[asyncio.Task[Any], str | None] = {}
        """What runs, by the ids of the model's calls."""
        self._writes = CalledOffWrites(environment.is_called_off)
        self.enabled = list(self._find_enabled())
        """The tools of this call. One that the platform no longer has is left out."""

    async def settle(self, seconds: float) -> None:
        """Give running tools so long to finish, and cut short what still runs then: either way the call's
        events tell of it, as long as there is somebody to write them."""
        runs = set(self._runs)
        if runs:
            _, running = await asyncio.wait(runs, timeout=seconds)
            for run in running:
                run.cancel()
            await asyncio.wait(runs, timeout=CUT_WITHIN)

    def awaited(self) -> int:
        """How many run that the model waits for. What it calls off runs on: half done is worse than done."""
        return sum(not self._env.is_called_off(call_id) for call_id in self._runs.values())

    def writes_unknown_to_the_model(self) -> list[Write]:
        """What became of those that it had called off, since this was asked last."""
        return self._writes.untold()

    def _find_enabled(self) -> Iterator[tuple[AgentTool, BaseTool]]:
        for tool in self._enabled.values():
            try:
                yield tool, self._env.registry.get(tool.slug)
            except NotFoundError:
                log.warning("tool %s of the snapshot does not exist any more", tool.slug)

    async def run_tool(
        self, name: str, /, action: str | None = None, call_id: str | None = None, **arguments: Any
    ) -> str:
        """Run one action and return `{"status": "ok", …}` or `{"status": "error", "message": sentence}`.

        `call_id` is the model's id of this tool call: the same id never does a thing twice. `action` may be
        left out for a tool that has only one. Raises nothing.
        """
        started = time.perf_counter()
        event: dict[str, Any] = {"tool": name, "action": action, "arguments": arguments}
        self._begin(call_id)
        try:
            result = await self._run(name, action, call_id, arguments, event)
            event |= {"ok": True, "result": result}
            answer = {"status": "ok"} | result
        except TrunklineError as error:
            sentence = self._without_secrets(error.sentence)
            log.warning("tool %s failed: %s", name, self._without_secrets(str(error)))
            event |= {"ok": False, "sentence": sentence}
            answer = {"status": "error", "message": sentence}
        except Exception as error:  # noqa: BLE001 - a tool's fault costs its answer, not the call
            log.error("tool %s broke: %s", name, told(error))  # no traceback: its message may quote anything
            event |= {"ok": False, "sentence": APOLOGY}
            answer = {"status": "error", "message": APOLOGY}
        except asyncio.CancelledError:
            event |= {"ok": False, "sentence": CUT_SHORT}
            raise
        finally:
            event["milliseconds"] = round((time.perf_counter() - started) * 1000, 1)
            self._env.record(self._without_secrets(event))
            self._finished()
        return bounded_json(self._without_secrets(answer), MAX_RESULT)

    def _begin(self, call_id: str | None) -> None:
        self._runs[_this_task()] = call_id
        if self.awaited() == 1:
            self._env.running(True)

    def _finished(self) -> None:
        call_id = self._runs.pop(_this_task(), None)
        if not self._env.is_called_off(call_id) and not self.awaited():
            self._env.running(False)

    async def _run(
        self,
        name: str,
        action_name: str | None,
        call_id: str | None,
        arguments: Mapping[str, Any],
        event: dict[str, Any],
    ) -> dict[str, Any]:
        """Fills in `event` as it learns more. Raises `TrunklineError`, or anything that the tool raises."""
        configured = self._enabled.get(name)
        if configured is None:
            raise ToolError("I do not have that tool.")
        tool = self._env.registry.get(name)
        actions = tool.metadata.actions
        if action_name is None and len(actions) == 1:
            action_name = next(iter(actions))
        action = actions.get(action_name or "")
        if action_name is None or action is None:
            raise ToolError("I cannot do that with this tool.")
        event["action"] = action_name
        validated = _validated(action, arguments)
        event["arguments"] = validated.model_dump(mode="json", exclude_unset=True)

        async def attempt() -> dict[str, Any]:
            context = await self._context(configured, tool, self._idempotency_key(call_id))
            run = LongestStep(tool.execute(action_name, validated, context))
            try:
                return await run
            finally:
                if run.seconds > HELD_UP:
                    log.warning("tool %s held up the whole call for %.1f s: %s", name, run.seconds, REMEDY)

        if action.read_only or action.withdrawn_when_called_off:
            return plain(await _within_time(action, attempt))
        write = Write(name, function_name(name, action_name, actions), event["arguments"], call_id)
        if (done := await self._writes.done_before(write)) is not None:
            return done
        with self._writes.running(write):
            result = write.result = self._without_secrets(plain(await _within_time(action, attempt)))
        return result

    async def _context(self, configured: AgentTool, tool: BaseTool, key: str) -> ToolContext[Any]:
        snapshot, agent = self.snapshot, self.snapshot.agent
        secrets = await self._fetch_secrets(configured)
        return ToolContext(
            tenant_id=snapshot.tenant_id,
            agent_id=snapshot.agent_id,
            session_id=snapshot.session_id,
            caller=snapshot.caller,
            config=_config(tool, configured, secrets),
            idempotency_key=key,
            time_zone=ZoneInfo(agent.time_zone),
            call=self._env.call,
            now=self._env.now,
            credential=self._credential(configured) if tool.metadata.connection else None,
            hours=agent.hours,
            secrets=secrets,
        )

    async def _fetch_secrets(self, configured: AgentTool) -> dict[str, SecretStr]:
        """The versions that the snapshot pins, kept in memory for the rest of the call.

        The refresh token is not among them: it belongs to the `Credential`, out of the tool's reach.
        """
        wanted = {k: version for k, version in configured.sensitive_config.items() if k != REFRESH_TOKEN}
        missing = [version for version in wanted.values() if version not in self._secrets]
        values = await asyncio.gather(*(self._env.fetch_secret(version) for version in missing))
        self._secrets.update(zip(missing, values, strict=True))
        return {name: self._secrets[version] for name, version in wanted.items()}

    def _credential(self, configured: AgentTool) -> Credential:
        if configured.slug not in self._credentials:
            self._credentials[configured.slug] = self._env.credential(configured)
        return self._credentials[configured.slug]

    def _idempotency_key(self, call_id: str | None) -> str:
        if call_id is None:
            self._unnamed_calls += 1
            call_id = f"unnamed-{self._unnamed_calls}"
        text = f"{self.snapshot.session_id}\n{call_id}"
        return hashlib.sha256(text.encode()).hexdigest()[:32]

    def _without_secrets(self, value: Any) -> Any:
        """A tool that quotes its own key, in an error for example, must not tell it to anybody."""
        for secret in self._secrets.values():
            value = _replaced(value, secret.get_secret_value(), "[secret]")
        return value


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


def _validated(action: Action, arguments: Mapping[str, Any]) -> BaseModel:
    try:
        return action.arguments.model_validate(dict(arguments))
    except ValidationError as error:
        sentence = sentences_about(error, action.arguments)
        raise ToolError(sentence, message=f"{error.error_count()} invalid arguments") from None


def _config(tool: BaseTool, configured: AgentTool, secrets: Mapping[str, SecretStr]) -> BaseModel:
    model = tool.metadata.config
    known = {name: value for name, value in secrets.items() if name in model.model_fields}
    try:
        return model.model_validate({**configured.config, **known})
    except ValidationError as error:
        fields = sorted({str(e["loc"][0]) if e["loc"] else "?" for e in error.errors(include_input=False)})
        raise ToolError(
            "That tool is not set up completely.", message=f"config of {configured.slug}: {fields}"
        ) from None


async def _within_time(action: Action, attempt: Callable[[], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    """Once, or once more when the provider did not answer and repeating cannot do the thing twice."""
    repeatable = action.read_only or action.idempotent
    try:
        async with asyncio.timeout(action.timeout_seconds):
            try:
                return await attempt()
            except UnavailableError:
                if not repeatable:
                    raise
            return await attempt()
    except TimeoutError:
        raise ToolError(TOO_SLOW if action.read_only else UNSURE) from None


def _replaced(value: Any, secret: str, by: str) -> Any:
    if not secret:
        return value
    if isinstance(value, str):
        return value.replace(secret, by)
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value).items()
        return {key: _replaced(item, secret, by) for key, item in items}
    if isinstance(value, list):
        return [_replaced(item, secret, by) for item in cast("list[Any]", value)]
    return value
