"""Why a consent came to nothing. Each says what happened and what to do; none has changed anything stored."""

from enum import Enum

from shared.errors import TrunklineError

_AGAIN = "Close this window and click Connect again."


class Failure(Enum):
    """What happened, and what to do; `{account}` is the one to be connected. The dashboard is told the name,
    in lower case."""

    DENIED = ("Access was not allowed, so nothing was connected.", _AGAIN)
    PARTIAL = (
        "Not everything that the tool needs was allowed, so nothing was connected.",
        "Click Connect again and leave all boxes ticked.",
    )
    WRONG_ACCOUNT = (
        "Another account was chosen than the one to be connected, so nothing was changed.",
        "Click Connect again and choose {account}.",
    )
    UNKNOWN = (
        "This page does not belong to any connection that was started here.",
        "Go to the dashboard and click Connect there.",
    )
    REPLAYED = (
        "This page was used before. What it led to then still holds.",
        "Look at the dashboard; if the tool is not connected there, click Connect again.",
    )
    EXPIRED = ("It took more than ten minutes to come back, so nothing was connected.", _AGAIN)
    ANOTHER_USER = (
        "The connection was started in another browser, so nothing was connected here.",
        "Go back to the browser that you started in, or click Connect in the dashboard of this one.",
    )
    NOT_ALLOWED = (
        "You may no longer change this agent, so nothing was connected.",
        "Ask an owner of your organisation.",
    )
    AGENT_GONE = (
        "The agent does not exist any more, so nothing was connected.",
        "Go to the dashboard and choose another agent.",
    )
    CODE_REFUSED = ("The provider did not accept its own answer: it was used before or is too old.", _AGAIN)
    PROVIDER_FAILED = (
        "The provider does not answer as it should, so nothing was connected.",
        "Wait a few minutes, then click Connect again.",
    )
    TOO_MANY = (
        "Too many requests come from your network at the moment, so nothing was connected yet.",
        "Wait a moment, then load this page again.",
    )
    OUR_FAILURE = (
        "We could not finish the connection.",
        "Wait a minute and look at the dashboard; if the tool is not connected there, click Connect again.",
    )
    SUPERSEDED = (
        "Somebody else connected this tool at the same time. Their connection is the one that holds.",
        "Talk to them before you connect it again.",
    )


class ConsentError(TrunklineError):
    """`account` is the one that has to be chosen, where the failure names it."""

    def __init__(self, failure: Failure, message: str, *, account: str = "") -> None:
        super().__init__(message, sentence=failure.value[0])
        self.failure = failure
        self.kind = failure.name.lower()
        self.account = account
