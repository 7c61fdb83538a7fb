import type { Catalogue } from "../catalogue";

export const connect: Catalogue["connect"] = {
  title: "Konto",
  connect: "{provider} verbinden",
  reconnect: "{account} neu verbinden",
  otherAccount: "Anderes Konto nehmen",
  never: "Nicht verbunden",
  connected: "Verbunden",
  disconnected: "Getrennt",
  connectedTo: "Mit {account} verbunden.",
  account: "Konto",
  since: "Seit",
  endedAt: "Seit",
  allows: "Erlaubt",
  willAsk: "Wird erfragt",
  scopeIdentity: "Zu sehen, wessen Konto es ist",
  reconnectText: "Bis es wieder verbunden ist, sagt der Agent Anrufern, dass er das nicht kann.",
  waiting: "Machen Sie im Fenster von {provider} weiter, das sich gerade geöffnet hat. Diese Seite merkt, wenn Sie fertig sind.",
  closed:
    "Das Fenster wurde geschlossen, bevor von {provider} etwas zurückkam. Es hat sich nichts geändert; verbinden Sie, wann Sie möchten.",
  failed: "Das Konto konnte nicht verbunden werden. Es hat sich nichts geändert.",
  failedDenied:
    "Der Zugriff wurde beim Anbieter nicht erlaubt, also wurde nichts verbunden. Verbinden Sie erneut, wenn das ein Versehen war.",
  failedPartial:
    "Nicht alles, was das Werkzeug braucht, wurde erlaubt, also wurde nichts verbunden. Verbinden Sie erneut und lassen Sie alle Häkchen stehen.",
  failedWrongAccount: "Es wurde ein anderes Konto gewählt als das hier verbundene, also wurde nichts geändert.",
  failedExpired: "Die Rückkehr hat mehr als zehn Minuten gedauert, also wurde nichts verbunden. Verbinden Sie erneut.",
  failedNotAllowed:
    "Sie dürfen diesen Agenten nicht mehr ändern, also wurde nichts verbunden. Fragen Sie einen Inhaber Ihrer Organisation.",
  failedSuperseded: "Jemand anderes hat dieses Werkzeug zur gleichen Zeit verbunden. Diese Verbindung gilt.",
  failedProvider:
    "Der Anbieter antwortet nicht, wie er sollte, also wurde nichts verbunden. Versuchen Sie es in einigen Minuten erneut.",
  disconnect: "Trennen",
  disconnectTitle: "{account} trennen?",
  disconnectText:
    "Der Agent kann dieses Konto nicht mehr nutzen, auch nicht in laufenden Anrufen. Der Zugriff wird auch beim Anbieter zurückgenommen.",
  disconnectedRevoked: "{account} ist getrennt, und der Zugriff wurde beim Anbieter zurückgenommen.",
  disconnectedKept:
    "{account} ist hier getrennt. Beim Anbieter bleibt die Erlaubnis, solange andere Werkzeuge sie nutzen oder bis er wieder antwortet.",
  windowDone: "Dieses Fenster kann geschlossen werden.",
};
