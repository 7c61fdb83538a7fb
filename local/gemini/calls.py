"""Which caller plays which scenario, and which conversation a connection belongs to."""

import asyncio
import json
import re
from collections import deque
from datetime import datetime
from pathlib import Path
from typing import Any

from local.gemini.conversation import Conversation
from local.gemini.setup import POLICY_VIOLATION, Refused, Setup
from local.scenario import Misbehave, Scenario
from local.speech import speech_for

_KEPT_TEXTS = 5000


class Calls:
    """Registered scenarios and their progress survive a restart of the stand-in in `state`."""

    def __init__(self, state: Path | None = None) -> None:
        self._state = state
        self._conversations: dict[str, Conversation] = {}
        self._unscripted = 0
        self.sent: deque[dict[str, Any]] = deque(maxlen=_KEPT_TEXTS)
        """Everything that clients gave the model to read."""
        if state:
            state.mkdir(parents=True, exist_ok=True)
            for path in state.glob("*.json"):
                self._restore(json.loads(path.read_text(encoding="utf-8")))

    async def register(self, caller: str, scenario: Scenario, now: datetime) -> Conversation:
        """From now on the connection whose instruction names `caller` plays `scenario` from its start.

        Raises `MissingSpeech` when one of the lines can neither be played nor spoken.
        """
        for voice, text in sorted(scenario.spoken_lines()):
            await asyncio.to_thread(speech_for, text, voice)
        conversation = Conversation(caller, scenario, now, self._save)
        self._conversations[caller] = conversation
        self._save(conversation)
        return conversation

    def forget(self, caller: str) -> None:
        self._conversations.pop(caller, None)
        if self._state:
            (self._state / f"{caller}.json").unlink(missing_ok=True)

    def get(self, name: str) -> Conversation | None:
        return self._conversations.get(name)

    def all(self) -> list[Conversation]:
        return list(self._conversations.values())

    def conversation_for(self, setup: Setup) -> Conversation:
        """By resumption handle, else by the caller's number in the instruction, else a new one.

        Raises `Refused` for a handle that was not given out, or for a call that is forgotten.
        """
        if setup.handle:
            conversation = self._conversations.get(setup.handle.rpartition("/")[0])
            if not conversation:
                raise Refused(POLICY_VIOLATION, "BidiGenerateContent session not found")
            return conversation
        for caller, conversation in self._conversations.items():
            if re.search(rf"{re.escape(caller)}(?!\d)", setup.instruction):
                return conversation
        self._unscripted += 1
        name = f"unscripted-{self._unscripted}"
        self._conversations[name] = Conversation(name, None, datetime.now().astimezone())
        return self._conversations[name]

    def refuses_from_the_start(self, scenario: Scenario) -> float:
        """Seconds for which nobody may connect, when that is how the scenario's greeting begins."""
        first = scenario.greeting[0] if scenario.greeting else None
        refuses = isinstance(first, Misbehave) and first.misbehave == "refuse_connections"
        return first.seconds if isinstance(first, Misbehave) and refuses else 0.0

    def _save(self, conversation: Conversation) -> None:
        if not self._state or not conversation.script:
            return
        data = {
            "caller": conversation.name,
            "scenario": conversation.script.model_dump(mode="json"),
            "now": conversation.now.isoformat(),
            "next_turn": conversation.next_turn,
            "greeted": conversation.greeted,
        }
        path = self._state / f"{conversation.name}.json"
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(data), encoding="utf-8")
        temporary.replace(path)

    def _restore(self, data: dict[str, Any]) -> None:
        script, now = Scenario.model_validate(data["scenario"]), datetime.fromisoformat(data["now"])
        conversation = Conversation(data["caller"], script, now, self._save)
        conversation.next_turn, conversation.greeted = data["next_turn"], data["greeted"]
        self._conversations[conversation.name] = conversation
