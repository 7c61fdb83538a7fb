"""What a conversation tells its call of what its session tells, and what of a reply was heard."""

import inspect
import time
from datetime import datetime
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from livekit.agents import (
    AgentSession,
    AgentStateChangedEvent,
    ConversationItemAddedEvent,
    UserInputTranscribedEvent,
    llm,
)
from livekit.agents.voice.io import PlaybackFinishedEvent

from shared.models.agent import Agent
from tests.memory_audio import MemoryOutput
from tests.unit.worker_call_rig import SETTINGS, TLS
from worker.call_watch import CallWatch
from worker.conversation import Conversation, _Handler, heard_of
from worker.gemini import PhoneModel

pytestmark = pytest.mark.unit


class Listener:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def turn_added(self, speaker: str, text: str, *, interrupted: bool, at: datetime, turn: str) -> None:
        self.told.append((speaker, text))

    def caller_transcribed(self) -> None:
        self.told.append("transcribed")

    def agent_speaks(self, speaking: bool) -> None:
        self.told.append(speaking)


@pytest.fixture
async def conversation() -> Conversation:
    """One that has not been started."""
    agent, listener = Agent(name="a", instructions="b"), Listener()
    watch: Any = CallWatch(agent, time.monotonic)
    unused: Any = listener
    return Conversation(PhoneModel(agent, SETTINGS, TLS, watch, unused), "", [], unused)


def told(conversation: Conversation) -> list[Any]:
    listener: Any = conversation._listener
    return listener.told


async def test_the_agent_speaks_from_its_first_sound_to_its_last_and_not_while_it_thinks(
    conversation: Conversation,
) -> None:
    quiet: list[bool] = []
    for old, new in [
        ("initializing", "listening"),
        ("listening", "thinking"),
        ("thinking", "speaking"),
        ("speaking", "listening"),
        ("listening", "thinking"),
        ("thinking", "listening"),
    ]:
        event: Any = {"old_state": old, "new_state": new}
        conversation.session.emit("agent_state_changed", AgentStateChangedEvent(**event))
        quiet.append(conversation._quiet.is_set())
    assert told(conversation) == [True, False]
    assert quiet == [True, True, False, True, True, True]


async def test_only_words_of_the_callers_are_taken_for_theirs(conversation: Conversation) -> None:
    for words in ("", "Hello?"):
        written = UserInputTranscribedEvent(transcript=words, is_final=False)
        conversation.session.emit("user_input_transcribed", written)
    assert told(conversation) == ["transcribed"]


async def test_what_the_platform_tells_the_model_is_no_turn(conversation: Conversation) -> None:
    roles: list[Literal["system", "user", "assistant"]] = ["system", "user", "assistant"]
    for role in roles:
        item = llm.ChatMessage(role=role, content=["Hello."])
        conversation.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))
    assert told(conversation) == [("caller", "Hello."), ("agent", "Hello.")]


@pytest.mark.parametrize(
    ("played", "turns"), [(5.0, [("agent", "We are")]), (0.2, [])], ids=["some of it", "not a word"]
)
async def test_of_a_reply_that_is_cut_off_only_what_was_heard_is_a_turn(
    conversation: Conversation, played: float, turns: list[tuple[str, str]]
) -> None:
    """A greeting of which not a word was heard counted as one: an agent that took over did not greet."""
    model_session: Any = SimpleNamespace(reply_seconds={"r1": 10.0}.get)
    conversation._model.phone_session = model_session
    conversation._on_played(PlaybackFinishedEvent(playback_position=played, interrupted=True))
    item = llm.ChatMessage(id="r1", role="assistant", content=["We are open from nine"], interrupted=True)
    conversation.session.emit("conversation_item_added", ConversationItemAddedEvent(item=item))
    assert told(conversation) == turns


async def test_what_is_said_while_the_phone_rings_is_held_back_until_it_is_answered(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    monkeypatch.setattr(MemoryOutput, "pause", lambda _: done.append("pause"))
    monkeypatch.setattr(MemoryOutput, "resume", lambda _: done.append("resume"))
    conversation.session.output.audio = MemoryOutput()
    done.clear()  # of what attaching it does
    conversation.hold()
    assert done == ["pause"]
    conversation.release()
    assert done == ["pause", "resume"]


async def test_a_conversation_that_is_closed_says_nothing_more_and_tells_what_the_caller_said_last(
    conversation: Conversation,
) -> None:
    ended: list[str] = []
    session: Any = SimpleNamespace(
        expect_phrase=lambda: ended.append("phrase"), end_turn=lambda: ended.append("turn")
    )
    conversation._model.phone_session = session
    assert await conversation.ask("Say goodbye.") is False
    await conversation.break_off()
    assert ended == ["phrase", "turn"]


async def test_the_tokens_of_all_models_are_counted(
    conversation: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = [{"provider": "google", "input_tokens": 3, "output_tokens": 0}, {"input_tokens": 4}]
    models = [SimpleNamespace(model_dump=lambda figures=figures: figures) for figures in used]
    usage = property(lambda _: SimpleNamespace(model_usage=models))
    monkeypatch.setattr(AgentSession, "usage", usage)
    assert conversation.usage() == {"input_tokens": 7}


@pytest.mark.parametrize(
    ("share", "heard"),
    [
        (0.0, ""),
        (0.05, ""),
        (0.1, "We"),
        (0.3, "We are"),
        (0.5, "We are"),
        (0.56, "We are open"),
        (0.99, "We are open from"),
        (1.0, "We are open from nine"),
        (1.2, "We are open from nine"),
    ],
)
def test_a_reply_that_is_cut_off_keeps_the_words_that_were_heard(share: float, heard: str) -> None:
    assert heard_of("We are open from nine", share) == heard


def test_words_without_spaces_are_cut_where_the_sound_was() -> None:
    assert heard_of("月曜日から金曜日まで", 0.5) == "月曜日から"


def test_a_handler_brings_its_signature_along() -> None:
    heard: list[str] = []
    handler = _Handler(heard.append)
    assert inspect.signature(handler) is _Handler.__signature__
    handler("an event")
    assert heard == ["an event"]
