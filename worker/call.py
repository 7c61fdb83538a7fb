"""One call, from the lease to the outcome."""

# livekit's annotations are partial.
# pyright: reportUnknownMemberType=false

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from livekit import rtc
from livekit.agents import JobContext, llm

from shared.errors import UnavailableError
from shared.models.call import FallbackReason, Outcome
from shared.models.session import Lease, SessionSnapshot
from shared.repositories.calls import NamedEvent
from shared.services import agent_prompt
from worker.agent_executor import AgentExecutor, ToolEnvironment
from worker.call_end import CallEnd, insist
from worker.call_log import CallLog
from worker.call_watch import CallWatch, Due
from worker.called_off_writes import Standing
from worker.caller import Caller, other_agents
from worker.conversation import Conversation
from worker.gemini import PhoneModel
from worker.goodbye import Goodbye
from worker.history import read_history
from worker.hold_sound import HoldSound
from worker.lease import LeaseKeeper
from worker.services import Services
from worker.tool_binding import bind_tools, withdrawn_functions

log = logging.getLogger(__name__)

CALLER_COMES_WITHIN = 120.0
"""Seconds that an agent waits; LiveKit closes an empty room before that."""
WATCH_EVERY = 0.2
TOOLS_FINISH_WITHIN = 3.0
"""Seconds that a running tool still gets when the call is over."""
BROKEN_OFF_WITHIN = 0.5
"""Seconds in which the conversation tells what was said last, and what of it was heard."""

_ROOM_IS_GONE = (
    rtc.DisconnectReason.ROOM_DELETED,
    rtc.DisconnectReason.ROOM_CLOSED,
    rtc.DisconnectReason.PARTICIPANT_REMOVED,
)

_CALLED_OFF: dict[Standing, tuple[str, Callable[[str], str]]] = {
    "runs_on": (
        "A function runs on that the model had called off; the model is told.",
        agent_prompt.runs_on,
    ),
    "done": (
        "A function was done that the model had called off; the model is told.",
        agent_prompt.done_all_the_same,
    ),
    "failed": (
        "A function failed that the model had called off; the model is told.",
        agent_prompt.failed_all_the_same,
    ),
}
"""What the call's events, and the model, are told of such a function."""


@dataclass(frozen=True)
class Ending:
    """Why the agent leaves, and what becomes of the caller: the first one counts."""

    kind: Literal["ended", "fallback", "handed_over", "left"]
    reason: str
    outcome: Outcome | None = None
    fallback: FallbackReason = FallbackReason.MODEL_UNAVAILABLE


class Call:
    """Serves one caller; hears from its room, model, conversation, tools and lease."""

    def __init__(
        self,
        ctx: JobContext,
        services: Services,
        snapshot: SessionSnapshot,
        lease: Lease,
        *,
        began: float,
    ) -> None:
        """`began` is when this agent's work on the call did, by the monotonic clock."""
        self._ctx = ctx
        self._services = services
        self._snapshot = snapshot
        self._generation = lease.generation
        self._ids = (snapshot.tenant_id, snapshot.session_id)
        self._clock = time.monotonic
        self._began = began
        self._ending: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._model_up = asyncio.Event()
        self._answered = False

        self._call_end = CallEnd(services, snapshot, lease.generation)
        self._watch = CallWatch(snapshot.agent, self._clock)
        self._goodbye = Goodbye(self._watch, self._clock, self._on_goodbye_heard)
        self._hold_sound = HoldSound(ctx.room)
        self._caller = Caller(ctx.room, self._on_caller_left)
        self._log = CallLog(self._write_events, generation=lease.generation, now=services.now)
        self._lease = LeaseKeeper(
            services.sessions,
            snapshot,
            lease,
            alone=lambda: not other_agents(ctx.room),
            on_lost=lambda: self._end(Ending("left", "another agent took over")),
            now=services.now,
        )
        environment = ToolEnvironment(
            registry=services.registry,
            fetch_secret=services.secrets.access,
            credential=lambda tool: services.credential(snapshot, tool),
            call=self,
            record=self._function_ended,
            is_called_off=lambda call_id: self._conversation.is_called_off(call_id),
            running=self._watch.tool_runs,
            now=services.now,
        )
        self._executor = AgentExecutor(snapshot, environment)
        self._conversation = Conversation(
            PhoneModel(
                snapshot.agent,
                services.settings,
                services.tls,
                self._watch,
                self,
                withdrawn=withdrawn_functions(self._executor),
            ),
            agent_prompt.system_instruction(snapshot, services.now()),
            bind_tools(self._executor),
            self,
        )
        ctx.room.on("disconnected", self._on_disconnected)

    # The story of a call.

    async def serve(self) -> None:
        """Returns when the caller has been seen to and this agent may go."""
        serving = asyncio.create_task(self._serve(), name="serve-call")
        await asyncio.wait([serving, self._ending], return_when=asyncio.FIRST_COMPLETED)
        if not self._ending.done():
            # Serving goes on until the call is over, so this is a fault of ours; the caller is not to suffer.
            log.error("the call broke", exc_info=serving.exception())
            self._end(Ending("fallback", "the agent broke"))
        serving.cancel()
        await self._finish(self._ending.result())

    async def _serve(self) -> None:
        surplus = asyncio.create_task(self._is_surplus())
        history = await self._earlier()
        tested = self._snapshot.called is None
        await self._conversation.start(self._ctx.room, history, captions=tested)
        if await surplus:
            self._end(Ending("fallback", "the tenant has no free line", fallback=FallbackReason.AT_CAPACITY))
            return
        self._go(self._tell_when_ready())
        caller = await self._caller_comes()
        await self._model_up.wait()
        # LiveKit answers the call now that an agent's audio is published. The first words are asked for while
        # the phone still rings, and held back until the caller hears them.
        self._conversation.hold()
        self._conversation.answer(caller)
        self._open(history)
        await self._caller.listens()
        self._conversation.release()
        self._mark_answered()
        while True:
            await asyncio.sleep(WATCH_EVERY)
            if self._watch.caller_waits_in_silence():
                self._hold_sound.play()
            else:
                self._hold_sound.stop()
            if not self._goodbye.is_said:
                for due in self._watch.due():
                    self._go(self._act(due))

    async def _earlier(self) -> llm.ChatContext | None:
        """What the caller and earlier agents said and did, if that is known; empty for the first agent."""
        if self._generation == 1:
            return llm.ChatContext.empty()
        history = await read_history(
            lambda: self._services.calls.read_events(*self._ids), self._services.registry
        )
        if history is None:
            self._log.notice("What was said before this agent came could not be read.")
        return history

    async def _is_surplus(self) -> bool:
        """A caller who may not be served hears the fallback before anybody has answered."""
        if self._generation > 1:
            return False
        try:
            return await self._services.calls.is_surplus(self._snapshot)
        except UnavailableError as error:
            log.warning("the tenant's calls could not be counted: %s", error)
            return False

    async def _tell_when_ready(self) -> None:
        """Whether or not the caller is there: how long Twilio dials is not the agent's time."""
        await self._model_up.wait()
        self._log.timing("agent_ready", self._elapsed_ms())

    async def _caller_comes(self) -> str:
        try:
            async with asyncio.timeout(CALLER_COMES_WITHIN):
                return await self._caller.arrives()
        except TimeoutError:
            self._end(Ending("left", "no caller came"))
            raise

    def _open(self, history: llm.ChatContext | None) -> None:
        self._conversation.ask(self._opening(history))
        self._watch.reply_owed()

    def _opening(self, history: llm.ChatContext | None) -> str:
        language = self._snapshot.agent.language
        if history is None and self._caller.is_listening():
            return agent_prompt.take_over_unknowing(language)
        if history is not None and any(message.role == "assistant" for message in history.messages()):
            return agent_prompt.take_over(language)
        return agent_prompt.greet(self._snapshot)

    def _mark_answered(self) -> None:
        self._answered = True
        self._watch.answered(self._lasted_before())
        self._log.timing("answered", self._elapsed_ms())
        if self._generation > 1:
            self._log.notice("This agent took over.", generation=self._generation)
        at = self._services.now()
        self._go(insist(lambda: self._services.calls.mark_answered(*self._ids, at)))

    def _lasted_before(self) -> float:
        """Seconds of the call until this agent took over, ringing included: Twilio's limit begins once."""
        if self._generation == 1:
            return 0.0
        return (self._services.now() - self._snapshot.started_at).total_seconds()

    async def _act(self, due: Due) -> None:
        match due:
            case "prompt_caller":
                self._log.notice("The caller is silent.")
                self._say(agent_prompt.STILL_THERE)
            case "end_silent_call":
                self._goodbye.say(Outcome.CALLER_SILENT, self._say(agent_prompt.NOBODY_THERE))
            case "warn_of_end":
                self._say(agent_prompt.NEARLY_OVER)
            case "end_long_call":
                self._goodbye.say(Outcome.MAX_LENGTH, self._say(agent_prompt.TIME_IS_UP, last=True))
            case "tell_to_wait":
                self._say(agent_prompt.ONE_MOMENT)
            case "ask_model_again":
                self._log.notice("The model did not answer and was asked again.")
                self._conversation.ask(agent_prompt.answer_again())
            case "reconnect_model":
                self._conversation.reconnect_model()
            case "give_model_up":
                self._end(Ending("fallback", "the model does not answer"))

    def _say(self, sentence: str, *, last: bool = False) -> "asyncio.Future[bool]":
        """The future tells whether all of it was heard; the `last` is, whatever else is being said."""
        ask = self._conversation.close_with if last else self._conversation.ask
        phrase = ask(agent_prompt.say(sentence, self._snapshot.agent.language))
        self._watch.reply_owed()
        return phrase

    async def hang_up(self) -> None:
        """`CallControl`: end the call once the agent has said its goodbye, unless the caller speaks up."""
        self._goodbye.say(Outcome.AGENT_ENDED)

    def _on_goodbye_heard(self, outcome: Outcome) -> None:
        reason = "the agent ended the call" if outcome is Outcome.AGENT_ENDED else outcome.value
        self._end(Ending("ended", reason, outcome))

    def _go_on(self) -> None:
        """The caller has something more to say. The model knows what that means (`EndCallTool`)."""
        self._log.notice("The caller spoke up, so the call goes on.")
        self._watch.caller_spoke_up()

    # The end.

    def _end(self, ending: Ending) -> None:
        if not self._ending.done():
            log.info("this agent's part of the call is over: %s", ending.reason)
            self._ending.set_result(ending)

    async def _finish(self, ending: Ending) -> None:
        for task in list(self._tasks):
            task.cancel()
        self._goodbye.stop()
        self._hold_sound.stop()
        broken_off = asyncio.create_task(self._conversation.break_off(), name="break-off")
        if ending.kind == "ended":
            outcome = ending.outcome or Outcome.FAILED
            await self._call_end.hang_up(outcome, self._services.now(), self._usage())
        elif ending.kind == "fallback":
            await self._call_end.give_fallback(ending.fallback)
        handed_over = ending.kind == "handed_over"  # then the caller is waiting for the next agent
        await self._executor.settle(0.0 if handed_over else TOOLS_FINISH_WITHIN)
        await asyncio.wait([broken_off], timeout=BROKEN_OFF_WITHIN)
        self._log.notice("The agent left.", reason=ending.reason)
        await self._log.close()
        self._lease.stop()
        if handed_over:
            await self._call_end.hand_over(self._lease, self._ctx.local_participant_identity)
        if ending.kind != "ended":
            await self._call_end.store_usage(self._usage())

    def _usage(self) -> dict[str, float]:
        return {**self._conversation.usage(), "agent_seconds": round(self._elapsed_ms() / 1000, 1)}

    # What the room, the model and the conversation tell.

    def _on_caller_left(self, hung_up: bool) -> None:
        if not hung_up:  # the phone edge gives them the fallback if Twilio still has them
            self._end(Ending("left", "the line to the caller broke"))
        elif self._answered:
            self._end(Ending("ended", "the caller hung up", Outcome.CALLER_HUNG_UP))
        else:  # the phone edge knows whether the caller gave up or the dial timed out
            self._end(Ending("left", "the caller left before the call was answered"))

    def _on_disconnected(self, reason: rtc.DisconnectReason.ValueType) -> None:
        if reason in _ROOM_IS_GONE:
            self._end(Ending("left", "the room was closed"))
        else:
            name = rtc.DisconnectReason.Name(reason)
            self._end(Ending("handed_over", f"the connection to the room was lost: {name}"))

    def conversation_closed(self, error: bool) -> None:
        if error:
            self._end(Ending("fallback", "the model is out of reach"))
        else:
            self._end(Ending("handed_over", "the worker is stopping"))

    def connected(self) -> None:
        self._model_up.set()

    def _function_ended(self, event: dict[str, Any]) -> None:
        self._log.add("tool_call", **event, in_turn=self._watch.is_agent_speaking())
        self._tell_of_unknown_writes()

    def _tell_of_unknown_writes(self) -> None:
        if not self._ending.done():
            self._go(self._conversation.tell(self._notes_of_unknown_writes))

    def _notes_of_unknown_writes(self) -> list[str]:
        """For the model, which hears of them now."""
        notes: list[str] = []
        for write in self._executor.writes_unknown_to_the_model():
            notice, note = _CALLED_OFF[write.standing]
            self._log.notice(notice, function=write.function)
            notes.append(note(write.called))
        return notes

    def functions_called_off(self) -> None:
        if self._goodbye.call_off():  # the model's own word that the caller speaks
            self._go_on()
        if not self._executor.awaited():
            self._watch.tools_called_off()
        self._tell_of_unknown_writes()

    def reply_began(self) -> None:
        if self._goodbye.model_says_more():
            self._go_on()

    def reply_broke_off(self) -> None:
        self._watch.reply_broke_off()

    def reply_lost(self, said: str) -> None:
        self._log.notice("A reply broke off with the connection to the model; the rest was asked for.")
        self._go(self._ask_for_the_rest(said))

    async def _ask_for_the_rest(self, said: str) -> None:
        await self._conversation.played_out()
        self._conversation.ask(agent_prompt.go_on(said))
        self._watch.reply_owed()

    def caller_transcribed(self) -> None:
        self._watch.caller_spoke()
        if self._goodbye.caller_said_something():
            self._go_on()

    def functions_answered(self, unknown: list[str]) -> None:
        for name in unknown:
            self._log.notice("The model called a function that does not exist.", function=name)
        self._watch.reply_owed()

    def agent_speaks(self, speaking: bool) -> None:
        self._hold_sound.stop()
        self._watch.agent_speaks(speaking)

    def turn_added(self, speaker: str, text: str, *, interrupted: bool, at: datetime, turn: str) -> None:
        if speaker == "agent" and not interrupted:
            self._watch.agent_was_heard_out()
        heard = self._watch.caller_spoke_ago(turn)
        self._log.turn(speaker, text, interrupted=interrupted, at=at, heard=heard)
        if self._snapshot.agent.log_spoken_words:
            log.info("turn", extra={"speaker": speaker, "text": text, "interrupted": interrupted})

    # Small things.

    async def _write_events(self, events: list[NamedEvent]) -> None:
        await self._services.calls.append_events(*self._ids, events, expires_at=self._snapshot.expires_at)

    def _elapsed_ms(self) -> float:
        return (self._clock() - self._began) * 1000

    def _go(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a step of the call broke", exc_info=error)
