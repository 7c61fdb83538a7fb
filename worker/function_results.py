"""Where the results of functions go: back to the model that asked for them, if it still takes them."""

from collections.abc import Iterable

from livekit.agents import llm


class FunctionResults:
    """Of the functions that one call's model has called."""

    def __init__(self) -> None:
        self._called_off: set[str] = set()

    def call_off(self, call_ids: Iterable[str]) -> None:
        """The model does not wait for these any more, and takes no results of them.

        https://ai.google.dev/api/live#bidigeneratecontenttoolcallcancellation
        """
        self._called_off.update(call_ids)

    def is_called_off(self, call_id: str | None) -> bool:
        return call_id in self._called_off

    def placed(self, context: llm.ChatContext) -> llm.ChatContext:
        """The conversation without results that the model does not take."""
        return llm.ChatContext([item for item in context.items if not self._is_unwanted(item)])

    def _is_unwanted(self, item: llm.ChatItem) -> bool:
        return item.type == "function_call_output" and self.is_called_off(item.call_id)
