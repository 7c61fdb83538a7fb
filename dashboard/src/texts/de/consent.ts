import type { Catalogue } from "../catalogue";

export const consent: Catalogue["consent"] = {
  denied:
    "Der Zugriff wurde beim Anbieter nicht erlaubt, also wurde nichts verbunden. Verbinden Sie erneut, wenn das ein Versehen war.",
  partial:
    "Nicht alles, was das Werkzeug braucht, wurde erlaubt, also wurde nichts verbunden. Verbinden Sie erneut und lassen Sie alle Häkchen stehen.",
  wrong_account: "Es wurde ein anderes Konto gewählt als das hier verbundene, also wurde nichts geändert.",
  unknown: "Was zurückkam, gehört zu keiner Verbindung, die hier begonnen wurde. Verbinden Sie erneut.",
  replayed:
    "Diese Seite des Anbieters wurde schon einmal benutzt, und was sie damals bewirkte, gilt weiter. Verbinden Sie erneut, wenn das Konto hier nicht verbunden ist.",
  expired: "Die Rückkehr hat mehr als zehn Minuten gedauert, also wurde nichts verbunden. Verbinden Sie erneut.",
  another_user:
    "Die Verbindung wurde in einem anderen Browser begonnen, also wurde nichts verbunden. Machen Sie dort weiter, oder verbinden Sie hier.",
  not_allowed:
    "Sie dürfen diesen Agenten nicht mehr ändern, also wurde nichts verbunden. Fragen Sie einen Inhaber Ihrer Organisation.",
  agent_gone: "Diesen Agenten gibt es nicht mehr, also wurde nichts verbunden.",
  code_refused:
    "Der Anbieter hat seine eigene Antwort nicht angenommen: Sie wurde schon benutzt oder ist zu alt. Es wurde nichts verbunden; verbinden Sie erneut.",
  provider_failed:
    "Der Anbieter antwortet nicht, wie er sollte, also wurde nichts verbunden. Versuchen Sie es in einigen Minuten erneut.",
  too_many:
    "Aus Ihrem Netz kommen gerade zu viele Anfragen, also wurde nichts verbunden. Versuchen Sie es in einer Minute erneut.",
  our_failure:
    "Wir konnten die Verbindung nicht abschließen. Wenn das Konto in einer Minute hier nicht verbunden ist, verbinden Sie erneut.",
  superseded: "Jemand anderes hat dieses Werkzeug zur gleichen Zeit verbunden. Diese Verbindung gilt.",
};
