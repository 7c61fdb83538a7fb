"""Every error the product raises on purpose.

Two audiences read an error: the log (``str(error)``, with ids and causes) and a person or the model
(``error.sentence``, one plain sentence without ids, causes or secrets).
"""


class TrunklineError(Exception):
    """Base of all errors raised on purpose. `sentence` may be shown to a user or spoken to a caller."""

    sentence = "Something went wrong on our side."

    def __init__(self, message: str, *, sentence: str | None = None) -> None:
        super().__init__(message)
        if sentence is not None:
            self.sentence = sentence


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


class InvalidFieldsError(TrunklineError):
    """Values that cannot be accepted; `fields` names each and says why, in words for a person."""

    sentence = "Some values cannot be accepted."

    def __init__(self, fields: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {reason}" for field, reason in fields))
        self.fields = fields


class UnavailableError(TrunklineError):
    """An outside system failed, refused or took too long, after the retries its gateway allows."""

    sentence = "A service that I need does not answer at the moment."


class ToolError(TrunklineError):
    """A tool could not do what was asked; `sentence` is what the model tells the caller."""

    def __init__(self, sentence: str, *, message: str | None = None) -> None:
        super().__init__(message or sentence, sentence=sentence)


class DisconnectedError(ToolError):
    """The tool's connection to its provider is missing, revoked or expired; a person must reconnect it."""
