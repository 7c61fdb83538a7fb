"""What was said and done in a call before this agent came, from the call's events."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from livekit.agents import llm

from shared.errors import NotFoundError, UnavailableError
from shared.models.call import CallEvent
from shared.repositories.calls import NamedEvent
from shared.services import agent_prompt
from shared.tools.base.gemini_schema import function_name
from shared.tools.base.registry import ToolRegistry
from worker.bounded_json import bounded_json

log = logging.getLogger(__name__)

MAX_OF_CALL = 1500
"""Characters of JSON of one function call that are told again."""
READ_WITHIN = 1.6
"""Seconds for reading the events, in all: the caller hears nothing meanwhile, and a voice is due after 3."""
ATTEMPT_WITHIN = 0.8
RETRY_AFTER = 0.2


async def read_history(
    read: Callable[[], Awaitable[list[NamedEvent]]], registry: ToolRegistry
) -> llm.ChatContext | None:
    """None: the events cannot be read in the time that there is. An agent that knows nothing of the talk so
    far serves the caller better than none."""
    try:
        async with asyncio.timeout(READ_WITHIN):
            while True:
                try:
                    async with asyncio.timeout(ATTEMPT_WITHIN):
                        events = await read()
                    return history_of((event for _, event in events), registry)
                except (UnavailableError, TimeoutError) as error:
                    log.warning("the call so far could not be read: %r", error)
                await asyncio.sleep(RETRY_AFTER)
    except TimeoutError:
        return None


def history_of(events: Iterable[CallEvent], registry: ToolRegistry) -> llm.ChatContext:
    """Turns as they were spoken, and in between what functions did.

    As notes, since the plugin leaves function calls out of a history that it tells a new session.
    """
    history = llm.ChatContext.empty()
    for event in events:
        if event.kind == "turn":
            role = "user" if event.data["speaker"] == "caller" else "assistant"
            history.add_message(role=role, content=event.data["text"])
        elif event.kind == "tool_call" and not _is_withdrawn(event.data, registry):
            history.add_message(role="user", content=_note(event.data, registry))
    return history


def note_of_call(function: str, arguments: Mapping[str, Any] | str, answer: Mapping[str, Any]) -> str:
    """Tells a model of a call before its time; `function` is the name that it knows.

    Arguments that Firestore could not hold were stored as text (`worker.storable`).
    """
    told = arguments if isinstance(arguments, str) else dict(arguments)
    called = {"function": function, "arguments": told, **answer}
    return agent_prompt.done_earlier(bounded_json(called, MAX_OF_CALL))


def _note(call: dict[str, Any], registry: ToolRegistry) -> str:
    answer = {"result": call["result"]} if call["ok"] else {"message": call["sentence"]}
    return note_of_call(_function(call["tool"], call["action"], registry), call["arguments"], answer)


def _is_withdrawn(call: dict[str, Any], registry: ToolRegistry) -> bool:
    """The call goes on, so nothing is left of what was to end it, which the model may ask for again."""
    try:
        action = registry.get(call["tool"]).metadata.actions.get(call["action"])
    except NotFoundError:
        return False
    return action is not None and action.withdrawn_when_called_off


def _function(tool: str, action: str | None, registry: ToolRegistry) -> str:
    """The name under which the model knows it."""
    try:
        return function_name(tool, action or "", registry.get(tool).metadata.actions)
    except NotFoundError:
        return tool
