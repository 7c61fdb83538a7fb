"""Where the results of functions go: back to the model that asked for them, if it still takes them."""

import json
from collections.abc import Iterable
from typing import Any

from google.genai import types
from livekit.agents import llm

from worker.history import note_of_call


class FunctionResults:
    """Of the functions that one call's model has called.

    A result answers a call of the session that the model is in. It has called some off; a session that takes
    the place of one that cannot be resumed knows none of the earlier calls, and a resumed one none that came
    after its handle, but what the conversation tells of them.
    """

    def __init__(self, withdrawn: frozenset[str] = frozenset()) -> None:
        """`withdrawn` are functions of which nothing is left when the conversation goes on: a later
        session may ask for them again, and is not told of them."""
        self._withdrawn = withdrawn
        self._calls: dict[str, types.FunctionCall] = {}
        self._called_off: set[str] = set()
        self._forgotten: set[str] = set()
        self._notes: set[str] = set()

    def call(self, call: types.FunctionCall) -> None:
        assert call.id
        self._calls[call.id] = call

    def call_off(self, call_ids: Iterable[str]) -> None:
        """The model does not wait for these any more, and takes no results of them.

        https://ai.google.dev/api/live#bidigeneratecontenttoolcallcancellation
        """
        self._called_off.update(call_ids)

    def is_called_off(self, call_id: str | None) -> bool:
        return call_id in self._called_off

    @property
    def all_wanted(self) -> bool:
        """No call is called off or forgotten, as in most conversations: `placed` changes nothing."""
        return not (self._called_off or self._forgotten)

    def start_over(self, known: llm.ChatContext | None) -> None:
        """The model is in another session, which knows of the results in `known` alone; None: of none."""
        items = [] if known is None else known.items
        answered = {item.call_id for item in items if item.type == "function_call_output"}
        self._forgotten.update(self._calls.keys() - answered)

    def placed(self, context: llm.ChatContext) -> llm.ChatContext:
        """The conversation without results that the model does not take, and with notes in place of those
        whose calls it does not know; a note has its result's id."""
        items = [item for item in context.items if not self._is_unwanted(item)]
        return llm.ChatContext([self._note(item) or item for item in items])

    def latest(self, context: llm.ChatContext, turns: int) -> llm.ChatContext:
        """The last `turns` of a conversation, and all that functions have returned in it."""
        earlier, latest = context.items[:-turns], context.items[-turns:]
        return llm.ChatContext([*filter(self._tells_of_function, earlier), *latest])

    def is_note(self, item_id: str) -> bool:
        return item_id in self._notes

    def _tells_of_function(self, item: llm.ChatItem) -> bool:
        return item.type == "function_call_output" or self.is_note(item.id)

    def _is_unwanted(self, item: llm.ChatItem) -> bool:
        if item.type != "function_call_output":
            return False
        is_withdrawn = item.call_id in self._forgotten and item.name in self._withdrawn
        return is_withdrawn or self.is_called_off(item.call_id)

    def _note(self, item: llm.ChatItem) -> llm.ChatMessage | None:
        if item.type != "function_call_output" or item.call_id not in self._forgotten:
            return None
        self._notes.add(item.id)
        arguments = self._calls[item.call_id].args or {}
        text = note_of_call(item.name, arguments, {"returned": _read(item.output)})
        return llm.ChatMessage(id=item.id, role="user", content=[text], created_at=item.created_at)


def _read(output: str) -> Any:
    """The refusal of an unknown function is no JSON."""
    try:
        return json.loads(output)
    except ValueError:
        return output
