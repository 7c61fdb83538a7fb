import type { Catalogue } from "../catalogue";

export const versions: Catalogue["versions"] = {
  text: "Wählen Sie Feld für Feld, was bleiben soll. Noch ist nichts gespeichert.",
  same: "Die andere Fassung widerspricht Ihrer nirgends.",
  mine: "Ihre",
  theirs: "Die andere",
  allMine: "Alle meine",
  allTheirs: "Alle anderen",
  keepChosen: "Auswahl speichern",
};
