"""The words of the page after the provider's, in the languages of the dashboard."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.services.consent_errors import Failure

ENGLISH = "en"


@dataclass(frozen=True)
class PageTexts:
    connected: str
    connected_to: str
    """With `{account}`."""
    may_be_closed: str
    not_connected: str
    back: str
    failures: Mapping[Failure, tuple[str, str]]
    """What happened, and what to do."""


def page_language(asked: str | None, accepted: str) -> str:
    """A language that there are texts in: `asked`, such as "de", else the best of `accepted`, a browser's
    Accept-Language (RFC 9110, section 12.5.4)."""
    wishes = [asked or "", *_by_preference(accepted)]
    return next((language for language in wishes if language in TEXTS), ENGLISH)


def _by_preference(accepted: str) -> list[str]:
    """Without regions: "de-AT" is "de"."""
    weighted: list[tuple[float, str]] = []
    for each in accepted.split(","):
        tag, _, weight = each.strip().lower().partition(";q=")
        try:
            weighted.append((float(weight or 1), tag.split("-")[0]))
        except ValueError:
            continue
    weighted.sort(key=lambda one: one[0], reverse=True)
    return [language for weight, language in weighted if weight > 0]


_AGAIN_IN_GERMAN = "Schließen Sie dieses Fenster und verbinden Sie erneut."

TEXTS = {
    ENGLISH: PageTexts(
        connected="Connected",
        connected_to="The tool is connected to {account}.",
        may_be_closed="You can close this window.",
        not_connected="Not connected",
        back="Back to the dashboard",
        failures={failure: failure.value for failure in Failure},
    ),
    "de": PageTexts(
        connected="Verbunden",
        connected_to="Das Werkzeug ist mit {account} verbunden.",
        may_be_closed="Sie können dieses Fenster schließen.",
        not_connected="Nicht verbunden",
        back="Zurück zum Dashboard",
        failures={
            Failure.DENIED: (
                "Der Zugriff wurde nicht erlaubt, also wurde nichts verbunden.",
                _AGAIN_IN_GERMAN,
            ),
            Failure.PARTIAL: (
                "Nicht alles, was das Werkzeug braucht, wurde erlaubt, also wurde nichts verbunden.",
                "Verbinden Sie erneut und lassen Sie alle Häkchen stehen.",
            ),
            Failure.WRONG_ACCOUNT: (
                "Es wurde ein anderes Konto gewählt als das, das verbunden werden sollte, also wurde nichts "
                "geändert.",
                "Verbinden Sie erneut und wählen Sie {account}.",
            ),
            Failure.UNKNOWN: (
                "Diese Seite gehört zu keiner Verbindung, die hier begonnen wurde.",
                "Gehen Sie zum Dashboard und verbinden Sie dort.",
            ),
            Failure.REPLAYED: (
                "Diese Seite wurde schon einmal benutzt. Was sie damals bewirkte, gilt weiter.",
                "Sehen Sie im Dashboard nach; wenn das Werkzeug dort nicht verbunden ist, verbinden Sie "
                "erneut.",
            ),
            Failure.EXPIRED: (
                "Die Rückkehr hat mehr als zehn Minuten gedauert, also wurde nichts verbunden.",
                _AGAIN_IN_GERMAN,
            ),
            Failure.ANOTHER_USER: (
                "Die Verbindung wurde in einem anderen Browser begonnen, also wurde hier nichts verbunden.",
                "Machen Sie in dem Browser weiter, in dem Sie begonnen haben, oder verbinden Sie in diesem "
                "hier, im Dashboard.",
            ),
            Failure.NOT_ALLOWED: (
                "Sie dürfen diesen Agenten nicht mehr ändern, also wurde nichts verbunden.",
                "Fragen Sie einen Inhaber Ihrer Organisation.",
            ),
            Failure.AGENT_GONE: (
                "Diesen Agenten gibt es nicht mehr, also wurde nichts verbunden.",
                "Gehen Sie zum Dashboard und wählen Sie einen anderen Agenten.",
            ),
            Failure.CODE_REFUSED: (
                "Der Anbieter hat seine eigene Antwort nicht angenommen: Sie wurde schon benutzt oder ist zu "
                "alt.",
                _AGAIN_IN_GERMAN,
            ),
            Failure.PROVIDER_FAILED: (
                "Der Anbieter antwortet nicht, wie er sollte, also wurde nichts verbunden.",
                "Warten Sie einige Minuten, dann verbinden Sie erneut.",
            ),
            Failure.TOO_MANY: (
                "Aus Ihrem Netz kommen gerade zu viele Anfragen, also wurde noch nichts verbunden.",
                "Warten Sie einen Augenblick, dann laden Sie diese Seite neu.",
            ),
            Failure.OUR_FAILURE: (
                "Wir konnten die Verbindung nicht abschließen.",
                "Sehen Sie in einer Minute im Dashboard nach; wenn das Werkzeug dort nicht verbunden ist, "
                "verbinden Sie erneut.",
            ),
            Failure.SUPERSEDED: (
                "Jemand anderes hat dieses Werkzeug zur gleichen Zeit verbunden. Diese Verbindung gilt.",
                "Sprechen Sie sich ab, bevor Sie erneut verbinden.",
            ),
        },
    ),
}
