import type { Catalogue } from "../catalogue";

export const session: Catalogue["session"] = {
  signingIn: "Sie werden angemeldet …",
  unreachable: "Das Dashboard konnte nicht starten",
  unreachableText:
    "Seine Konfiguration war nicht lesbar. Prüfen Sie Ihre Verbindung und versuchen Sie es erneut.",
  failedTitle: "Die Anmeldung ist fehlgeschlagen",
  failedText: "Der Anmeldedienst meldet: {reason}",
  again: "Erneut anmelden",
  otherAccount: "Anderes Konto verwenden",
  refusedTitle: "Dieses Konto wird nicht angenommen",
  refusedText:
    "Sie sind angemeldet, aber der Dienst nimmt das nicht an. Verwenden Sie ein anderes Konto oder fragen Sie den Betreiber.",
  expiredTitle: "Ihre Anmeldung ist abgelaufen",
  expiredText: "Melden Sie sich in einem kleinen Fenster neu an: Was Sie noch nicht gespeichert haben, bleibt hier.",
  handedOver: "Sie sind wieder angemeldet. Dieses Fenster kann geschlossen werden.",
  signOut: "Abmelden",
  signedOutTitle: "Sie sind abgemeldet",
  signedInAs: "Angemeldet als {who}",
  noTenantTitle: "Sie gehören noch zu keiner Organisation",
  noTenantText: "Sie sind als {who} angemeldet. Bitten Sie einen Inhaber, diese Adresse einzuladen.",
};
