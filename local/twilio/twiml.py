"""TwiML: the XML that a webhook answers with, read into typed verbs.

Only what the product emits is known. A verb, noun or attribute beyond that fails the document like a typo
would, with the name in the message: an unnoticed `<Gather>` must not look as if it worked.
Error codes: https://www.twilio.com/docs/api/errors
"""

from typing import Any, ClassVar, Literal
from xml.etree import ElementTree

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from shared.services.field_errors import invalid_fields

DOCUMENT_PARSE_FAILURE = 12100
SCHEMA_VALIDATION = 12200


class TwimlError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


Method = Literal["GET", "POST"]


class Element(BaseModel):
    """Attributes become fields (`answerOnBridge` → `answer_on_bridge`), the text becomes `text`."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)

    takes_text: ClassVar[bool] = False
    nouns: ClassVar[dict[str, type["Element"]]] = {}


class Say(Element):
    takes_text = True
    text: str = Field(min_length=1)
    voice: str | None = None
    language: str | None = None
    loop: int = Field(default=1, ge=1)


class Play(Element):
    takes_text = True
    text: str = Field(min_length=1)
    """The URL of a WAV file."""
    loop: int = Field(default=1, ge=1)


class Pause(Element):
    length: int = Field(default=1, ge=1)


class Hangup(Element):
    pass


class Reject(Element):
    reason: Literal["rejected", "busy"] = "rejected"


class Redirect(Element):
    takes_text = True
    text: str = Field(min_length=1)
    method: Method = "POST"


class _RecordingCallback(Element):
    recording_status_callback: str | None = None
    recording_status_callback_method: Method = "POST"
    recording_status_callback_event: str = "completed"


class Record(_RecordingCallback):
    action: str | None = None
    method: Method = "POST"
    timeout: int = Field(default=5, ge=0)
    finish_on_key: str = "1234567890*#"
    max_length: int = Field(default=3600, ge=1)
    play_beep: bool = True
    trim: Literal["trim-silence", "do-not-trim"] = "trim-silence"


class _DialNoun(Element):
    takes_text = True
    text: str = Field(min_length=1)
    status_callback: str | None = None
    status_callback_method: Method = "POST"
    status_callback_event: str = "completed"


class Sip(_DialNoun):
    username: str | None = None
    password: str | None = Field(default=None, repr=False)


class Number(_DialNoun):
    pass


class Dial(_RecordingCallback):
    nouns = {"Sip": Sip, "Number": Number}
    text: str = ""
    """A number may stand in the verb itself; `noun` is then a `Number`."""
    takes_text = True
    children: tuple[Sip | Number, ...] = ()
    action: str | None = None
    method: Method = "POST"
    timeout: int = Field(default=30, ge=1)
    time_limit: int = Field(default=14400, ge=1)
    caller_id: str | None = None
    answer_on_bridge: bool = False
    record: Literal[
        "do-not-record",
        "record-from-answer",
        "record-from-ringing",
        "record-from-answer-dual",
        "record-from-ringing-dual",
    ] = "do-not-record"

    @property
    def noun(self) -> Sip | Number:
        return self.children[0] if self.children else Number(text=self.text)


Verb = Say | Play | Pause | Hangup | Reject | Redirect | Record | Dial

_VERBS: dict[str, type[Element]] = {
    model.__name__: model for model in (Say, Play, Pause, Hangup, Reject, Redirect, Record, Dial)
}


def parse(document: str) -> list[Verb]:
    """Raises `TwimlError` for anything that is not TwiML or that this stand-in does not implement."""
    try:
        root = ElementTree.fromstring(document)  # noqa: S314 - our own functions' answers
    except ElementTree.ParseError as error:
        raise TwimlError(DOCUMENT_PARSE_FAILURE, f"Document parse failure: {error}") from None
    if root.tag != "Response":
        raise TwimlError(DOCUMENT_PARSE_FAILURE, f"the root element is <{root.tag}>, expected <Response>")
    return [_read(child, _VERBS) for child in root]  # pyright: ignore[reportReturnType]


def _read(element: ElementTree.Element, known: dict[str, type[Element]]) -> Element:
    model = known.get(element.tag)
    if model is None:
        raise TwimlError(SCHEMA_VALIDATION, f"UNIMPLEMENTED: <{element.tag}>")
    values: dict[str, Any] = dict(element.attrib)
    text = (element.text or "").strip()
    if model.takes_text and text:
        values["text"] = text
    children = tuple(_read(child, model.nouns) for child in element)
    if children:
        values["children"] = children
    try:
        verb = model.model_validate(values)
    except ValidationError as error:
        raise TwimlError(SCHEMA_VALIDATION, f"<{element.tag}> {invalid_fields(error)}") from None
    if isinstance(verb, Dial) and (len(verb.children) > 1 or not (verb.children or verb.text)):
        raise TwimlError(SCHEMA_VALIDATION, "UNIMPLEMENTED: <Dial> with other than one party")
    return verb
