"""A call: fetches TwiML, follows it verb by verb, and can be interrupted by a hang-up or over REST."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urljoin

from local.phone.timeline import Moment
from local.twilio import twiml
from local.twilio.lines import Line
from local.twilio.store import CallRecord, Number, rfc2822
from local.twilio.webhooks import Answer, Params, Target, WebhookError

if TYPE_CHECKING:
    from local.twilio.exchange import Exchange

log = logging.getLogger(__name__)

APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye."
INVALID_CONTENT_TYPE = 12300
_XML_TYPES = frozenset({"text/xml", "application/xml", "application/rss+xml", "text/html"})

T = TypeVar("T")
EndedBy = Literal["caller", "agent", "twiml", "api", "error"]


@dataclass(frozen=True)
class Fetch:
    """TwiML to be asked for."""

    target: Target
    extra: Params


@dataclass(frozen=True)
class Document:
    verbs: list[twiml.Verb]
    url: str
    """Relative addresses in it are relative to this; empty when it came over REST."""


class Interrupted(Exception):
    """Something from outside ends what the call is doing."""


class HungUp(Interrupted):
    def __init__(self, by: EndedBy) -> None:
        super().__init__(by)
        self.by: EndedBy = by


class Redirected(Interrupted):
    def __init__(self, to: Fetch | Document) -> None:
        super().__init__()
        self.to = to


class Finished(Exception):
    """A verb ended the call."""

    def __init__(self, status: str = "completed") -> None:
        super().__init__(status)
        self.status = status


class ApplicationError(Exception):
    """Neither the application nor its fallback gave usable TwiML."""


class Call:
    def __init__(
        self, exchange: "Exchange", number: Number, record: CallRecord, line: Line, perform: "Perform"
    ) -> None:
        self.exchange = exchange
        self.number = number
        self.record = record
        self.line = line
        self.timeline: list[Moment] = []
        self.ended_by: EndedBy | None = None
        self.far_end_hung_up = False
        """The latest thing that happened is that a dialled party hung up."""
        self.done = asyncio.Event()
        self._failed = False
        self._perform_verb = perform
        self._interruption: Interrupted | None = None
        self._interrupted = asyncio.Event()
        self._sequence: dict[str, int] = {}

    @property
    def sid(self) -> str:
        return self.record.sid

    # What others may do to a call ---------------------------------------------------------------

    def hang_up(self, by: EndedBy) -> None:
        self._interrupt(HungUp(by))

    def redirect(self, to: Fetch | Document) -> None:
        self._interrupt(Redirected(to))

    def _interrupt(self, interruption: Interrupted) -> None:
        if not isinstance(self._interruption, HungUp):  # a hang-up is final
            self._interruption = interruption
            self._interrupted.set()

    # What a call does ---------------------------------------------------------------------------

    async def run(self) -> None:
        """The call's whole life. Ends in a final status whatever happens."""
        status = "completed"
        try:
            self.report("initiated")
            self.report("ringing")
            status = await self._follow(self._first())
        except HungUp as hang_up:
            self.ended_by = hang_up.by
            status = "completed" if self.answered or hang_up.by == "api" else "no-answer"
        except Exception:
            log.exception("call %s", self.sid)
            self.ended_by, status = "error", "failed"
        finally:
            await self._end(status)

    def _first(self) -> Fetch:
        return Fetch(Target(self.number.voice_url, self.number.voice_method), {})

    async def _follow(self, to: Fetch | Document | None) -> str:
        while to is not None:
            try:
                document = await self._load(to) if isinstance(to, Fetch) else to
                to = await self._perform(document)
            except Redirected as redirected:
                self._interruption = None
                self._interrupted.clear()
                self.note("redirected")
                to = redirected.to
            except ApplicationError:
                self.note("application_error")
                self._failed = True
                to = Document([twiml.Say(text=APPLICATION_ERROR), twiml.Hangup()], "")
            except Finished as finished:
                self.ended_by = "error" if self._failed else "twiml"
                return finished.status
        self.ended_by = "agent" if self.far_end_hung_up else "twiml"
        return "completed" if self.answered else "no-answer"

    async def _perform(self, document: Document) -> Fetch | None:
        for verb in document.verbs:
            following = await self._perform_verb(self, verb, document.url)
            if following is not None:
                return following
        return None

    async def _end(self, status: str) -> None:
        now = datetime.now(UTC)
        self._update(status=status, end_time=now)
        self.note("ended", by=self.ended_by, status=status)
        self.report("completed")
        self.done.set()
        await self.line.close()

    # Tools for the verbs ------------------------------------------------------------------------

    async def unless_interrupted(self, work: Awaitable[T]) -> T:
        """The result of `work`; an interruption that comes first cancels `work` and is raised."""
        task = asyncio.ensure_future(work)
        interrupted = asyncio.ensure_future(self._interrupted.wait())
        try:
            await asyncio.wait({task, interrupted}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and self._interruption is not None:
                raise self._interruption
            return await task
        finally:
            interrupted.cancel()
            if not task.done():
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    @property
    def answered(self) -> bool:
        return self.record.start_time is not None

    async def answer(self) -> None:
        if not self.answered:
            self._update(status="in-progress", start_time=datetime.now(UTC))
            self.note("answered")
            self.report("in-progress")

    async def say(self, text: str) -> None:
        self.far_end_hung_up = False
        self.note("say", text=text)
        await self.unless_interrupted(self.line.say(text))

    def note(self, name: str, **data: object) -> None:
        moment = Moment.now(name, **data)
        self.timeline.append(moment)
        self.line.tell(moment)

    def fetch(self, base: str, url: str, method: twiml.Method, extra: Params | None = None) -> Fetch:
        return Fetch(Target(urljoin(base, url), method), extra or {})

    def tell(self, fetch: Fetch) -> None:
        """Request TwiML that nobody will follow: the call is over."""
        params = self.params() | {"CallStatus": "completed"} | fetch.extra
        self.exchange.webhooks.tell(fetch.target, params, f"{self.sid} action")

    def params(self) -> Params:
        """What every request about this call carries."""
        return self.exchange.call_params(self.record)

    def report(self, event: str) -> None:
        """The number's status callback, where it is configured."""
        if self.number.status_callback and event in self.number.status_callback_events:
            target = Target(self.number.status_callback, self.number.status_callback_method)
            self.exchange.webhooks.tell(target, self.params() | self._progress(self.record), self.sid)

    def report_child(self, child: CallRecord, noun: twiml.Sip | twiml.Number, base: str, event: str) -> None:
        """The dialled party's status callback."""
        if noun.status_callback and event in noun.status_callback_event.split():
            target = Target(urljoin(base, noun.status_callback), noun.status_callback_method)
            params = self.exchange.call_params(child) | self._progress(child)
            self.exchange.webhooks.tell(target, params, child.sid)

    def _progress(self, record: CallRecord) -> Params:
        number = self._sequence[record.sid] = self._sequence.get(record.sid, -1) + 1
        params = {
            "CallbackSource": "call-progress-events",
            "SequenceNumber": str(number),
            "Timestamp": rfc2822(datetime.now(UTC)) or "",
        }
        if record.ended:
            params |= {"CallDuration": str(record.duration), "Duration": str(-(-record.duration // 60))}
        if record.sip_response_code is not None:
            params["SipResponseCode"] = str(record.sip_response_code)
        return params

    def _update(self, **changes: object) -> None:
        self.record = self.record.model_copy(update=changes)
        self.exchange.store.put_call(self.record)

    # Fetching TwiML -----------------------------------------------------------------------------

    async def _load(self, fetch: Fetch) -> Document:
        """The TwiML, from the number's fallback URL if need be; `ApplicationError` when that fails too."""
        try:
            return await self._ask(fetch)
        except (WebhookError, _Unusable) as error:
            self.note("webhook_failed", url=fetch.target.url, code=error.code, reason=str(error))
            if not self.number.voice_fallback_url:
                raise ApplicationError from error
            failed = {"ErrorCode": str(error.code), "ErrorUrl": fetch.target.url}
        target = Target(self.number.voice_fallback_url, self.number.voice_fallback_method)
        try:
            return await self._ask(Fetch(target, failed))
        except (WebhookError, _Unusable) as error:
            self.note("webhook_failed", url=target.url, code=error.code, reason=str(error))
            raise ApplicationError from error

    async def _ask(self, fetch: Fetch) -> Document:
        self.note("webhook_sent", url=fetch.target.url)
        asking = asyncio.ensure_future(self.exchange.webhooks.ask(fetch.target, self.params() | fetch.extra))
        asking.add_done_callback(_retrieve)  # Twilio finishes a request even when the caller has gone
        answer = await self.unless_interrupted(asyncio.shield(asking))
        self.note("twiml_received", url=fetch.target.url, twiml=scrubbed(answer.body))
        if not answer.body.strip():
            return Document([], fetch.target.url)
        if answer.content_type not in _XML_TYPES:
            raise _Unusable(INVALID_CONTENT_TYPE, f"content type {answer.content_type}")
        try:
            return Document(twiml.parse(answer.body), fetch.target.url)
        except twiml.TwimlError as error:
            raise _Unusable(error.code, str(error)) from error


class _Unusable(Exception):
    """An answer that is not TwiML."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


Perform = Callable[[Call, twiml.Verb, str], Awaitable[Fetch | None]]
"""Does what a verb says, with addresses relative to the third argument; see local/twilio/verbs.py."""

_PASSWORD = re.compile(r'(password=)"[^"]*"')


def scrubbed(document: str) -> str:
    """TwiML as it may be shown: the SIP password is a secret."""
    return _PASSWORD.sub(r'\1"…"', document)


def _retrieve(task: asyncio.Task[Answer]) -> None:
    if not task.cancelled():
        task.exception()
