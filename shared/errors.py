"""Every error the product raises on purpose.

Two audiences read an error: the log (``str(error)``, with ids and causes) and a person or the model
(``error.sentence``, one plain sentence without ids, causes or secrets). Programs read ``error.code``.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple


class TrunklineError(Exception):
    """Base of all errors raised on purpose. `sentence` may be shown to a user or spoken to a caller.

    `code` comes with a sentence of its own and stays when that is reworded: pages have it in their language.
    """

    sentence = "Something went wrong on our side."
    code: str | None = None
    names: Mapping[str, Sequence[str]] = {}
    """What the sentence names, for texts in other languages: `{"numbers": ["+14155550100"]}`."""

    def __init__(
        self,
        message: str,
        *,
        sentence: str | None = None,
        code: str | None = None,
        names: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(message)
        if sentence is not None:
            self.sentence = sentence
        if code is not None:
            self.code = code
        if names is not None:
            self.names = names


class ConfigurationError(TrunklineError):
    """The deployment's settings are incomplete or wrong; the message lists every finding."""

    sentence = "This service is not set up completely."


class UnauthenticatedError(TrunklineError):
    """The request does not prove who sends it."""

    sentence = "Please sign in."


class ForbiddenError(TrunklineError):
    """Whoever sends the request is known, and may not do this."""

    sentence = "You may not do that."


class NotFoundError(TrunklineError):
    """A document that was asked for by id does not exist (or belongs to another tenant)."""

    sentence = "That does not exist."


class AlreadyExistsError(TrunklineError):
    """A document that must be new exists already."""

    sentence = "That exists already."


class ConflictError(TrunklineError):
    """What was asked for does not fit the state that things are in; the sentence says what to do first."""


class PreconditionFailedError(TrunklineError):
    """The document was changed since it was read."""

    sentence = "Somebody changed this meanwhile. Read it again, then repeat your change."


class PreconditionRequiredError(TrunklineError):
    """A change that does not name the version that it starts from."""

    sentence = "Send the ETag of the version that you change as If-Match."


class InvalidField(NamedTuple):
    path: str
    """Such as `hours.0.opens`."""
    reason: str
    """In words for a person."""
    code: str = "value_error"
    """pydantic's name of the rule, such as `string_too_short`; `value_error`: only the reason says more."""
    limit: float | None = None
    """The rule's own number, such as the 5 of “at least 5”."""


class InvalidFieldsError(TrunklineError):
    """Values that cannot be accepted, and why; a pair is a field's path and the reason."""

    sentence = "Some values cannot be accepted."

    def __init__(self, fields: Iterable[InvalidField | tuple[str, str]]) -> None:
        self.fields = [one if isinstance(one, InvalidField) else InvalidField(*one) for one in fields]
        super().__init__("; ".join(f"{field.path}: {field.reason}" for field in self.fields))


class UnavailableError(TrunklineError):
    """An outside system failed, refused or took too long, after the retries its gateway allows."""

    sentence = "A service that I need does not answer at the moment."


class ToolError(TrunklineError):
    """A tool could not do what was asked; `sentence` is what the model tells the caller."""

    def __init__(self, sentence: str, *, message: str | None = None) -> None:
        super().__init__(message or sentence, sentence=sentence)


class DisconnectedError(ToolError):
    """The tool's connection to its provider is missing, revoked or expired; a person must reconnect it."""
