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
  disconnect: "Trennen",
  disconnectTitle: "{account} trennen?",
  disconnectText:
    "Der Agent kann dieses Konto nicht mehr nutzen, auch nicht in laufenden Anrufen, und sagt das Anrufern. Was im Konto steht, bleibt, und die Einstellungen hier bleiben auch; Sie können es jederzeit wieder verbinden. Auch beim Anbieter wird der Zugriff zurückgenommen, außer ein anderes Werkzeug nutzt ihn noch.",
  disconnectedRevoked: "{account} ist getrennt, und der Zugriff wurde beim Anbieter zurückgenommen.",
  disconnectedKept:
    "{account} ist hier getrennt. Beim Anbieter bleibt die Erlaubnis, solange andere Werkzeuge sie nutzen oder bis er wieder antwortet.",
  windowDone: "Dieses Fenster kann geschlossen werden.",
};
