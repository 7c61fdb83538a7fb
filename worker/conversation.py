"""The spoken half of a call: an AgentSession between the caller's audio and the model.

It knows nothing of leases, outcomes or Firestore, and runs on memory audio as well as in a room.
"""

# livekit's annotations are partial.
# pyright: reportUnknownMemberType=false

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from inspect import Parameter, Signature
from typing import Any, Protocol

from livekit import rtc
from livekit.agents import (
    Agent,
    AgentSession,
    AgentStateChangedEvent,
    CloseEvent,
    CloseReason,
    ConversationItemAddedEvent,
    FunctionToolsExecutedEvent,
    UserInputTranscribedEvent,
    llm,
    room_io,
)
from livekit.agents.voice import SpeechHandle
from livekit.agents.voice.io import PlaybackFinishedEvent

from worker.gemini import PhoneModel, PhoneSession
from worker.tool_binding import ToolFunc

log = logging.getLogger(__name__)

NOBODY_YET = "nobody-yet"
"""Identity of no participant: the agent's audio is published, and the call thereby answered, only when
`answer` names the caller."""

VOICE_BITRATE = 96_000
"""Bits per second at most, on the telephone. From 72,000 on Opus codes speech by CELT alone, for 1.3 % of
a core; by default by SILK and CELT together, for 3.1 to 3.5 %. A voice that speaks 40 % of the time takes
38 kbit/s instead of 31."""


class Listener(Protocol):
    """What a call hears from its conversation. Called on the event loop; must return at once."""

    def turn_added(self, speaker: str, text: str, *, interrupted: bool, at: datetime, turn: str) -> None:
        """`at`: the agent began to speak, or the model to write the caller's words down; `turn` is the turn's
        name for the call's watch."""
        ...

    def caller_transcribed(self) -> None: ...
    def functions_answered(self, unknown: list[str]) -> None:
        """The model gets the results that it waits for; `unknown` are names that no function has."""
        ...

    def agent_speaks(self, speaking: bool) -> None: ...
    def conversation_closed(self, error: bool) -> None:
        """`error`: the model is lost for good. Otherwise somebody closed the conversation."""
        ...


class _Handler:
    """Has its signature at hand, which livekit otherwise works out for each event, in 40 µs: on a result's
    way to the model, for example."""

    __signature__ = Signature([Parameter("event", Parameter.POSITIONAL_ONLY)])

    def __init__(self, handle: Callable[[Any], None]) -> None:
        self._handle = handle

    def __call__(self, event: Any) -> None:
        self._handle(event)


class Conversation:
    def __init__(
        self,
        model: PhoneModel,
        instructions: str,
        tools: Sequence[ToolFunc],
        listener: Listener,
    ) -> None:
        self._model = model
        self._listener = listener
        self._instructions = instructions
        self._tools: list[llm.Tool | llm.Toolset] = list(tools)
        self._names = frozenset(tool.info.name for tool in tools)
        self._heard_seconds = 0.0
        """Of what was played last."""
        self._quiet = asyncio.Event()
        self._quiet.set()
        self.session: AgentSession[None] = AgentSession(
            llm=model,
            vad=None,
            turn_handling={"turn_detection": "realtime_llm"},
            aec_warmup_duration=None,
            user_away_timeout=None,
        )
        self.session.on("conversation_item_added", _Handler(self._on_item))
        self.session.on("user_input_transcribed", _Handler(self._on_transcribed))
        self.session.on("function_tools_executed", _Handler(self._on_functions))
        self.session.on("agent_state_changed", _Handler(self._on_agent_state))
        self.session.on("close", _Handler(self._on_close))

    async def start(
        self, room: rtc.Room | None, history: llm.ChatContext | None = None, *, captions: bool = False
    ) -> None:
        """Connect the model, and the room at the same time. Without a room, set the session's audio first.

        `history` is what was said before this agent came; `captions` go to whoever reads along in the room.
        """
        agent = Agent(instructions=self._instructions, tools=self._tools, chat_ctx=history)
        if room is None:
            await self.session.start(agent, record=False)
        else:
            await self._start_in(room, agent, captions)
        assert self.session.output.audio is not None
        self.session.output.audio.on("playback_finished", self._on_played)

    async def _start_in(self, room: rtc.Room, agent: Agent, captions: bool) -> None:
        published = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        # A telephone network cannot use the second copy of each packet; a browser can, on a line of its own.
        published.red = captions
        if not captions:
            published.audio_encoding.max_bitrate = VOICE_BITRATE
        options = room_io.RoomOptions(
            # 20 ms at the rate that Gemini takes: nothing is collected and nothing is resampled twice.
            audio_input=room_io.AudioInputOptions(
                sample_rate=16000, frame_size_ms=20, auto_gain_control=False, pre_connect_audio=False
            ),
            audio_output=room_io.AudioOutputOptions(track_publish_options=published),
            text_input=False,
            # Timing each word by the sound of the voice would take a third of a call's CPU.
            text_output=room_io.TextOutputOptions(sync_transcription=False) if captions else False,
            participant_identity=NOBODY_YET,
            close_on_disconnect=False,
        )
        # Without a session host nobody in the room can steer the agent.
        await self.session.start(agent, room=room, room_options=options, session_host=False, record=False)

    def answer(self, caller: str) -> None:
        """Publish the agent's audio and listen to the participant `caller`; LiveKit then answers the call."""
        self.session.room_io.set_participant(caller)

    def hold(self) -> None:
        """Keep what the agent says back until `release`."""
        if self.session.output.audio is not None:
            self.session.output.audio.pause()

    def release(self) -> None:
        if self.session.output.audio is not None:
            self.session.output.audio.resume()

    def ask(self, instructions: str) -> asyncio.Future[bool]:
        """Have the model say something on the platform's behalf.

        The result tells whether all of it was heard: it was not interrupted and did not fail.
        """
        if self._model.phone_session is not None:
            self._model.phone_session.expect_phrase()
        heard: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        def on_done(handle: SpeechHandle) -> None:
            if not heard.done():
                said = bool(handle.chat_items) and not handle.interrupted
                heard.set_result(said and handle.exception() is None)

        try:
            self.session.generate_reply(instructions=instructions).add_done_callback(on_done)
        except RuntimeError as error:  # the conversation is being closed
            log.debug("no phrase any more: %s", error)
            heard.set_result(False)
        return heard

    def close_with(self, instructions: str) -> asyncio.Future[bool]:
        """Have the model say the last words of the call: now, so what the agent is saying ends here, and to
        their end, so the caller is not listened to any more. The result is that of `ask`."""
        self.session.input.set_audio_enabled(False)
        if (speech := self.session.current_speech) is not None:
            # Not what waits for a function to end (`AgentSession.interrupt`): that would be cut short.
            speech.interrupt(force=True)
        return self.ask(instructions)

    def reconnect_model(self) -> None:
        if self._model.phone_session is not None:
            self._model.phone_session.reconnect()

    @property
    def phone_session(self) -> PhoneSession | None:
        """The model's session, once there is one."""
        return self._model.phone_session

    def is_called_off(self, call_id: str | None) -> bool:
        """The model called this function and does not wait for it any more."""
        session = self._model.phone_session
        return session is not None and session.is_called_off(call_id)

    async def tell(self, notes: Callable[[], Sequence[str]]) -> None:
        """Have the model know of what nobody said, as soon as nobody is interrupted by that.

        `notes` is asked then: what there is to tell may have changed meanwhile.
        """
        if self._model.phone_session is not None:
            await self._model.phone_session.tell(notes)

    async def played_out(self) -> None:
        """Until what has come from the model so far has been heard."""
        await self._quiet.wait()

    async def break_off(self) -> None:
        """Fall silent at once and for good. Then the listener knows of everything that was said until now."""
        self.session.output.set_audio_enabled(False)
        self.session.input.set_audio_enabled(False)
        try:
            await self.session.interrupt(force=True)
        except RuntimeError as error:  # it is closing already
            log.debug("nothing to interrupt: %s", error)
        if self._model.phone_session is not None:
            # What the caller said last would be told when the reply to it is complete. Only now, or the rest
            # of that reply would be taken for a new one.
            self._model.phone_session.end_turn()

    def usage(self) -> dict[str, float]:
        """Tokens by kind, summed over the models that spoke."""
        total: dict[str, float] = {}
        for used in self.session.usage.model_usage:
            for name, value in used.model_dump().items():
                if isinstance(value, (int, float)) and value:
                    total[name] = total.get(name, 0.0) + value
        return total

    def _on_item(self, event: ConversationItemAddedEvent) -> None:
        item = event.item
        if isinstance(item, llm.ChatMessage) and item.role in ("user", "assistant") and item.text_content:
            if item.interrupted:
                self._keep_what_was_heard(item)
            if not item.text_content:  # cut off in its first word: nothing was said
                return
            speaker = "caller" if item.role == "user" else "agent"
            at = datetime.fromtimestamp(item.created_at, UTC)
            self._listener.turn_added(
                speaker, item.text_content, interrupted=item.interrupted, at=at, turn=item.id
            )

    def _keep_what_was_heard(self, item: llm.ChatMessage) -> None:
        """The model is ahead of the voice: of a reply that is cut off it has sent words that nobody heard."""
        session, text = self._model.phone_session, item.text_content
        if session is not None and text and (seconds := session.reply_seconds(item.id)):
            item.content = [heard_of(text, self._heard_seconds / seconds)]

    def _on_played(self, event: PlaybackFinishedEvent) -> None:
        self._heard_seconds = event.playback_position

    def _on_transcribed(self, event: UserInputTranscribedEvent) -> None:
        if event.transcript:
            self._listener.caller_transcribed()

    def _on_functions(self, event: FunctionToolsExecutedEvent) -> None:
        awaited = [call.name for call in event.function_calls if not self.is_called_off(call.call_id)]
        if awaited:
            self._listener.functions_answered([name for name in awaited if name not in self._names])

    def _on_agent_state(self, event: AgentStateChangedEvent) -> None:
        if event.new_state == "speaking":
            self._quiet.clear()
            self._listener.agent_speaks(True)
        elif event.old_state == "speaking":
            self._quiet.set()
            self._listener.agent_speaks(False)

    def _on_close(self, event: CloseEvent) -> None:
        session = self._model.phone_session
        if session is not None and (turn := session.unanswered_turn) is not None:
            at = datetime.fromtimestamp(turn.turn_started_at or event.created_at, UTC)
            self._listener.turn_added("caller", turn.transcript, interrupted=False, at=at, turn=turn.item_id)
        self._listener.conversation_closed(event.reason is CloseReason.ERROR)


def heard_of(text: str, share: float) -> str:
    """The words that fall into this share (0 to 1) of the sound: those that were begun are left out."""
    end = int(len(text) * min(share, 1.0))
    if end == len(text) or " " not in text:  # some languages write no spaces
        return text[:end]
    return text[: max(text.rfind(" ", 0, end + 1), 0)]
