import type { Catalogue } from "../catalogue";

export const settings: Catalogue["settings"] = {
  title: "Organisation",
  intro: "Was für alle Agenten gilt.",
  name: "Name",
  fallbackNumber: "Ersatzrufnummer",
  fallbackNumberHint:
    "Wohin Anrufe gehen, wenn ein Agent nicht antworten kann und keinen eigenen Ersatz nennt, zum Beispiel +4930123456.",
  retention: "Anrufe aufbewahren (Tage)",
  retentionHint: "Neue Anrufe werden danach gelöscht, samt Mitschrift und Aufnahme.",
  limit: "Anrufe zugleich",
  limitHint: "Teil Ihres Tarifs. Weitere Anrufer bekommen den Ersatz.",
  saved: "Gespeichert.",
  conflictTitle: "Jemand anderes hat die Organisation inzwischen geändert",
  deletion: "Soll die Organisation mit allem, was sie enthält, gelöscht werden, wenden Sie sich an den Betreiber dieses Dienstes.",
  ownersOnly: "Nur ein Inhaber kann das ändern.",
};
