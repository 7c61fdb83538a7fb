import type { Catalogue } from "../catalogue";

export const usage: Catalogue["usage"] = {
  title: "Nutzung",
  intro: "Anrufe und Minuten pro Tag.",
  first: "Von",
  last: "Bis",
  calls: "Anrufe",
  minutes: "Minuten mit einem Agenten",
  day: "Tag",
  total: "Insgesamt",
  callsTotal: { one: "{count} Anruf", other: "{count} Anrufe" },
  callsChart: "Anrufe pro Tag",
  minutesChart: "Minuten mit einem Agenten pro Tag",
  figures: "Alle Zahlen",
  emptyTitle: "Keine Anrufe an diesen Tagen",
  emptyText: "Wählen Sie oben andere Tage; Anrufe von jetzt an werden an ihrem Tag gezählt.",
  wrongOrder: "Der erste Tag darf nicht nach dem letzten liegen.",
  tooLong: "Höchstens {days} Tage auf einmal.",
};
