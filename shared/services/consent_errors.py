"""Why a consent came to nothing. Each says what happened and what to do; none has changed anything stored."""

from shared.errors import TrunklineError


class ConsentError(TrunklineError):
    """`sentence` says what happened, `remedy` what to do."""

    kind = "failed"
    remedy = "Close this window and click Connect again."

    def __init__(self, message: str, *, sentence: str | None = None, remedy: str | None = None) -> None:
        super().__init__(message, sentence=sentence)
        if remedy is not None:
            self.remedy = remedy


class ConsentDeniedError(ConsentError):
    kind = "denied"
    sentence = "Access was not allowed, so nothing was connected."


class PartialConsentError(ConsentError):
    kind = "partial"
    sentence = "Not everything that the tool needs was allowed, so nothing was connected."
    remedy = "Click Connect again and leave all boxes ticked."


class WrongAccountError(ConsentError):
    kind = "wrong_account"
    sentence = "Another account was chosen than the one to be connected, so nothing was changed."


class UnknownStateError(ConsentError):
    kind = "unknown"
    sentence = "This page does not belong to any connection that was started here."
    remedy = "Go to the dashboard and click Connect there."


class ReplayedStateError(ConsentError):
    kind = "replayed"
    sentence = "This page was used before. What it led to then still holds."
    remedy = "Look at the dashboard; if the tool is not connected there, click Connect again."


class ExpiredStateError(ConsentError):
    kind = "expired"
    sentence = "It took more than ten minutes to come back, so nothing was connected."


class AnotherUserError(ConsentError):
    kind = "another_user"
    sentence = "The connection was started in another browser, so nothing was connected here."
    remedy = "Go back to the browser that you started in, or click Connect in the dashboard of this one."


class NotAllowedError(ConsentError):
    kind = "not_allowed"
    sentence = "You may no longer change this agent, so nothing was connected."
    remedy = "Ask an owner of your organisation."


class CodeRefusedError(ConsentError):
    kind = "code_refused"
    sentence = "The provider did not accept its own answer: it was used before or is too old."


class ProviderFailedError(ConsentError):
    kind = "provider_failed"
    sentence = "The provider does not answer as it should, so nothing was connected."
    remedy = "Wait a few minutes, then click Connect again."


class OurFailureError(ConsentError):
    kind = "our_failure"
    sentence = "We could not finish the connection."
    remedy = (
        "Wait a minute and look at the dashboard; if the tool is not connected there, click Connect again."
    )


class SupersededConsentError(ConsentError):
    kind = "superseded"
    sentence = "Somebody else connected this tool at the same time. Their connection is the one that holds."
    remedy = "Talk to them before you connect it again."
