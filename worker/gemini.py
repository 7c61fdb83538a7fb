"""Gemini Live for phone calls: livekit-plugins-google 1.8.9 with its gaps closed.

The plugin's session is made for demos: a refused connection, a close code 1007 or a goAway in the middle of
a sentence end the conversation or cut it, a reply that gets lost is never asked for again, and the caller's
audio is collected for 50 ms before it is sent. This module overrides the private methods where that is
decided, which is why the plugin's version is pinned; tests/calls/test_agent_session_faults.py has a case
for each gap.
"""

# The plugin's and the client's annotations are partial, and their private members are the point here.
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false, reportPrivateUsage=false

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from google.genai import errors, types
from google.genai.live import AsyncSession
from livekit import rtc
from livekit.agents import APIConnectOptions, llm, utils

from shared.models.agent import Agent
from worker.call_watch import CallWatch
from worker.function_results import FunctionResults
from worker.gemini_plugin import realtime_api
from worker.model_connector import CONNECT_TIMEOUT, RetryingLive, http_options
from worker.model_line import ModelLine
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)

GO_AWAY_RESERVE = 1.0
"""Seconds before the announced end of a connection at which even a running reply is cut."""
FRESH_STARTS = 2
"""How often in a call an "invalid argument" (1007) may be answered by starting afresh."""
KEPT_HISTORY = 20
"""Turns that are told again after that, and all that functions returned."""
TRIGGER_TOKENS, TARGET_TOKENS = 100_000, 50_000
"""Context window compression: audio sessions end after 15 minutes without it."""
SOUND = f"audio/pcm;rate={realtime_api.INPUT_AUDIO_SAMPLE_RATE}"
LONG_SILENCE = 1.0
"""Seconds of silence by which the model knows for certain that the caller's turn is over."""
SILENCE_BYTES = realtime_api.INPUT_AUDIO_SAMPLE_RATE // 10 * 2
"""100 ms, sent together: a fifth of the packets."""

_INVALID_ARGUMENT = 1007
_BYTES_A_SECOND = 2 * realtime_api.OUTPUT_AUDIO_SAMPLE_RATE
"""Of the model's speech."""


class Listener(Protocol):
    """What a call wants to know of its model's connection. Called on the event loop; must return at once."""

    def connected(self) -> None:
        """A connection is set up; called again after every reconnection."""
        ...

    def functions_called_off(self) -> None:
        """The model waits for fewer than before: the caller spoke up while a function blocked it."""
        ...

    def reply_began(self) -> None:
        """The first sound of a reply has come."""
        ...

    def reply_broke_off(self) -> None:
        """The connection broke, or is given up, before the end of a reply."""
        ...

    def reply_lost(self, said: str) -> None:
        """A reply of which `said` had come broke off with the connection, which is up again."""
        ...


class PhoneModel(realtime_api.RealtimeModel):
    """One per call: it carries the call's voice and language, and who is told of it."""

    def __init__(
        self,
        agent: Agent,
        settings: WorkerSettings,
        tls: ssl.SSLContext,
        watch: CallWatch,
        listener: Listener,
        *,
        withdrawn: frozenset[str] = frozenset(),
    ) -> None:
        """`withdrawn` are functions that a later session need not hear of: `FunctionResults`."""
        self.withdrawn = withdrawn
        self.watch = watch
        self.listener = listener
        self.phone_session: PhoneSession | None = None
        vertex_ai = settings.gemini_backend == "vertex_ai"
        key = settings.gemini_api_key
        super().__init__(
            model=agent.model,
            voice=agent.voice,
            language=agent.language,
            api_key="" if key is None else key.get_secret_value(),
            vertexai=vertex_ai,
            project=settings.google_cloud_project,
            location=settings.google_cloud_location or "us-central1",
            api_version=settings.live_api_version,
            http_options=http_options(tls),
            input_audio_transcription=types.AudioTranscriptionConfig(),
            output_audio_transcription=types.AudioTranscriptionConfig(),
            context_window_compression=types.ContextWindowCompressionConfig(
                trigger_tokens=TRIGGER_TOKENS,
                sliding_window=types.SlidingWindow(target_tokens=TARGET_TOKENS),
            ),
            conn_options=APIConnectOptions(max_retry=3, retry_interval=0.3, timeout=CONNECT_TIMEOUT),
        )

    def session(self, *, turn_detection_disabled: bool = False) -> realtime_api.RealtimeSession:
        session = self.phone_session = PhoneSession(self)
        self._sessions.add(session)
        return session


class PhoneSession(realtime_api.RealtimeSession):
    def __init__(self, model: PhoneModel) -> None:
        super().__init__(model)
        self._watch = model.watch
        self._listener = model.listener
        retrying: Any = RetryingLive(self._client.aio._live, self)
        self._client.aio._live = retrying
        self._going_away: asyncio.Task[None] | None = None
        self._fresh_starts = 0
        self._connected_before = False
        self._lost_reply: str | None = None
        self._requested: types.LiveClientContent | None = None
        self._sound = bytearray()
        self._line: ModelLine | None = None
        self._reply_bytes: dict[str, int] = {}
        self._results = FunctionResults(model.withdrawn)
        self.unanswered_turn: llm.InputTranscriptionCompleted | None = None
        """The caller's, if the session was closed in the middle of the reply to it: the plugin tells of a
        turn when the reply is complete, and nobody listens any more when the session closes."""

    # The caller's audio: pushed on as it comes, not collected for 50 ms. Only in a long silence, while the
    # agent speaks for example, do frames wait for each other; the first sound takes them along at once.

    def push_audio(self, frame: rtc.AudioFrame) -> None:
        for piece in self._resample_audio(frame):
            self._sound += piece.data.cast("B")
            quiet_for = self._watch.caller_audio(piece)
            if quiet_for < LONG_SILENCE or len(self._sound) >= SILENCE_BYTES:
                sound = bytes(self._sound)
                self._sound.clear()
                # Not ahead of what still waits for a connection.
                if self._line is None or not self._msg_ch.empty() or not self._line.send_sound(sound, SOUND):
                    blob = types.Blob.model_construct(data=sound, mime_type=SOUND)
                    self._send_client_event(types.LiveClientRealtimeInput.model_construct(audio=blob))

    async def _send_task(self, session: AsyncSession) -> None:
        assert isinstance(session, ModelLine)
        self._line = session
        try:
            await super()._send_task(session)
        finally:
            self._line = None

    # A planned phrase: its request outlives the connection that it was made on.

    def _send_client_event(self, event: Any) -> None:
        if isinstance(event, types.LiveClientContent) and event.turn_complete:
            self._requested = event
        super()._send_client_event(event)

    def _mark_restart_needed(self, on_error: bool = False) -> None:
        unsent = _drained(self._msg_ch)
        super()._mark_restart_needed(on_error=on_error)
        for event in unsent:
            # What belongs to the history is sent again by the plugin itself when it reconnects.
            if not isinstance(event, (realtime_api._ChatCtxContent, realtime_api._ChatCtxToolResponse)):
                self._msg_ch.send_nowait(event)

    # goAway: the reply that is being spoken comes first.

    def _handle_go_away(self, go_away: types.LiveServerGoAway) -> None:
        if self._going_away is None or self._going_away.done():
            left = _seconds(go_away.time_left)
            log.info("Gemini closes this connection in %.1f s", left)
            self._going_away = asyncio.create_task(self._reconnect_when_quiet(left), name="go-away")

    async def _reconnect_when_quiet(self, left: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + max(left - GO_AWAY_RESERVE, 0)
        while self._in_exchange() and loop.time() < deadline:  # noqa: ASYNC110 - the plugin has no event for it
            await asyncio.sleep(0.02)
        if self._speaking:
            self._note_lost_reply()
        self._session_should_close.set()

    # Broken connections.

    async def _recv_task(self, session: AsyncSession) -> None:
        await super()._recv_task(session)
        error = self._session_error
        if error is not None and _code(error) == _INVALID_ARGUMENT and self._start_afresh():
            self._session_error = None

    def _mark_current_generation_done(self) -> None:
        # The receiving task ends a reply that it could not finish exactly as one that is complete; the
        # error that it recorded just before tells them apart.
        if self._session_error is not None and self._speaking:
            self._note_lost_reply()
        super()._mark_current_generation_done()

    def _note_lost_reply(self) -> None:
        generation = self._current_generation
        self._lost_reply = "" if generation is None else generation.output_text
        self._listener.reply_broke_off()

    @property
    def _speaking(self) -> bool:
        generation = self._current_generation
        return generation is not None and not generation._done and generation._completed_timestamp is None

    @property
    def _in_turn(self) -> bool:
        """Longer than it speaks: Gemini ends its turn when the caller should have heard all of it."""
        return self._current_generation is not None and not self._current_generation._done

    def _in_exchange(self) -> bool:
        return self._speaking or self._watch.in_exchange()

    def _start_afresh(self) -> bool:
        """Forget what Gemini may have refused: the session that it resumes, and most of the history."""
        if self._fresh_starts >= FRESH_STARTS:
            return False
        self._fresh_starts += 1
        log.warning("Gemini refused the session's state (1007); starting afresh")
        self.forget_resumption()
        self._chat_ctx = self._results.latest(self._chat_ctx, KEPT_HISTORY)
        return True

    def forget_resumption(self) -> bool:
        """True: there was a session to resume, and it will not be tried again."""
        had_one = self._session_resumption_handle is not None
        self._session_resumption_handle = None
        self._resumption_chat_ctx = None
        return had_one

    def connection_up(self) -> None:
        """Called by the connector as soon as the model is set up, before anything is sent to it."""
        first, self._connected_before = not self._connected_before, True
        if self._going_away is not None:
            self._going_away.cancel()  # that was said of the connection before
        self._tell_of_functions()
        self._listener.connected()
        if not first and self._lost_reply is None and self._watch.is_reply_owed():
            self._lost_reply = ""
        pending = self._pending_generation_fut
        if self._requested is not None and pending is not None and not pending.done():
            if self._requested not in _peeked(self._msg_ch):
                self._msg_ch.send_nowait(self._requested)
        elif self._lost_reply is not None:
            self._listener.reply_lost(self._lost_reply)
        self._lost_reply = None

    def _tell_of_functions(self) -> None:
        """Gemini resumes a session as it was when it gave the handle out. The plugin tells it, and one that
        resumes none, what was said since, and would leave out what was done.

        https://ai.google.dev/api/live#sessionresumptionupdate
        """
        self._results.start_over(self._resumption_chat_ctx)
        self._chat_ctx = self._results.placed(self._chat_ctx)
        if self._pending_chat_ctx is not None:
            self._pending_chat_ctx = self._results.placed(self._pending_chat_ctx)

    # Signs of life.

    def _handle_server_content(self, server_content: types.LiveServerContent) -> None:
        transcription, turn = server_content.output_transcription, server_content.model_turn
        size = 0 if turn is None else sum(_sound_bytes(part) for part in turn.parts or [])
        if size or (transcription and transcription.text):
            self._watch.model_acted()
        generation = self._current_generation
        written = server_content.input_transcription and server_content.input_transcription.text
        if generation is not None and (written or size) and not self._says_something:
            self._watch.caller_understood(generation.input_id)
        if size and generation is not None:
            if generation.response_id not in self._reply_bytes:
                self._listener.reply_began()
            before = self._reply_bytes.get(generation.response_id, 0)
            self._reply_bytes[generation.response_id] = before + size
            self._watch.model_sounds(size / _BYTES_A_SECOND)
        super()._handle_server_content(server_content)

    def reply_seconds(self, message_id: str) -> float:
        """How much sound has come for a message of the conversation's."""
        return self._reply_bytes.get(message_id, 0) / _BYTES_A_SECOND

    def _handle_tool_calls(self, tool_call: types.LiveServerToolCall) -> None:
        self._watch.model_acted()
        for call in tool_call.function_calls or []:
            if not call.id:  # named here as the plugin would, so that its result is found
                call.id = utils.shortuuid("fnc-call-")
                self._synthetic_call_ids.add(call.id)
            self._results.call(call)
        super()._handle_tool_calls(tool_call)

    def _handle_tool_call_cancellation(
        self, tool_call_cancellation: types.LiveServerToolCallCancellation
    ) -> None:
        self._results.call_off(tool_call_cancellation.ids or [])
        self._listener.functions_called_off()
        super()._handle_tool_call_cancellation(tool_call_cancellation)

    def is_called_off(self, call_id: str | None) -> bool:
        """The model will say nothing to what this function returns."""
        return self._results.is_called_off(call_id)

    async def tell(self, notes: Callable[[], Sequence[str]]) -> None:
        """Put notes into the conversation, which want no reply, when they interrupt nobody: what a client
        says "will interrupt any current model generation". What there is to tell is asked for at that moment.

        https://ai.google.dev/api/live#bidigeneratecontentclientcontent
        """
        while not self._takes_notes():  # noqa: ASYNC110 - the plugin has no event for it
            await asyncio.sleep(0.05)
        if told := notes():
            context = self.chat_ctx
            for note in told:
                context.add_message(role="user", content=note)
            await self.update_chat_ctx(context)

    def _takes_notes(self) -> bool:
        """While the caller is speaking it generates nothing either, and will answer knowing of them; a moment
        later it may have begun to."""
        if self._watch.caller_is_speaking():
            return not self._says_something and self._pending_generation_fut is None
        return not self._in_exchange() and not self._in_turn

    @property
    def _says_something(self) -> bool:
        """A generation begins with what the model has understood of the caller."""
        generation = self._current_generation
        if generation is None or generation._done:
            return False
        return bool(generation.output_text) or generation.response_id in self._reply_bytes

    async def update_chat_ctx(self, chat_ctx: llm.ChatContext) -> None:
        for item in chat_ctx.items:
            if item.type == "function_call_output":
                # livekit-agents wants no reply to what ends after the words before it were cut off. The
                # caller, who may only have said "okay", waits for it all the same.
                item.reply_required = True
        if self._results.all_wanted:
            await super().update_chat_ctx(chat_ctx)
            return
        known = {item.id for item in self.chat_ctx.items}
        placed = self._results.placed(chat_ctx)
        await super().update_chat_ctx(placed)
        if any(self._results.is_note(item.id) and item.id not in known for item in placed.items):
            self._listener.reply_lost("")  # to the function's result, which would have made the model speak

    # A peer that has gone silent.

    def end_turn(self) -> None:
        """The caller's turn, and the reply to it, are over whatever the peer says."""
        self._mark_current_generation_done()
        self._handle_input_speech_stopped()

    def expect_phrase(self) -> None:
        """One that is planned would wait for the end of the caller's turn. What still comes of a reply stays
        with it: after the reply's end it would be taken for the phrase, or for a reply that cuts both off."""
        if self._speaking and self._says_something:
            self._handle_input_speech_stopped()
        else:
            self.end_turn()

    def reconnect(self) -> None:
        """Give the present connection up. What was asked for last is asked for again on the next one, and the
        rest of a reply that stopped in the middle."""
        if self._speaking:
            self._note_lost_reply()
        self._session_should_close.set()

    async def aclose(self) -> None:
        if self._going_away is not None:
            self._going_away.cancel()
        generation = self._current_generation
        if generation is not None and generation.input_transcription and not generation._done:
            self.unanswered_turn = llm.InputTranscriptionCompleted(
                item_id=generation.input_id,
                transcript=generation.input_transcription,
                is_final=True,
                turn_started_at=generation._created_timestamp,
            )
        await super().aclose()


def _sound_bytes(part: types.Part) -> int:
    return len(part.inline_data.data) if part.inline_data and part.inline_data.data else 0


def _drained(channel: utils.aio.Chan[Any]) -> list[Any]:
    events: list[Any] = []
    while not channel.empty():
        events.append(channel.recv_nowait())
    return events


def _peeked(channel: utils.aio.Chan[Any]) -> list[Any]:
    return list(channel._queue)


def _code(error: Exception) -> int | None:
    return error.code if isinstance(error, errors.APIError) else None


def _seconds(duration: str | None) -> float:
    """A protobuf Duration as JSON: "2.5s"."""
    try:
        return float((duration or "0s").rstrip("s"))
    except ValueError:
        return 0.0
