import type { Catalogue } from "../catalogue";

export const platform: Catalogue["platform"] = {
  took_over: "Dieser Agent hat übernommen.",
  earlier_unknown: "Was vor diesem Agenten gesprochen wurde, konnte nicht gelesen werden.",
  caller_silent: "Der Anrufer schweigt.",
  asked_again: "Das Modell antwortete nicht und wurde noch einmal gefragt.",
  caller_spoke_up: "Der Anrufer hat noch etwas gesagt, also geht der Anruf weiter.",
  agent_left: "Der Agent hat das Gespräch verlassen.",
  reply_broke_off: "Eine Antwort brach mit der Verbindung zum Modell ab; nach dem Rest wurde gefragt.",
  no_such_function: "Das Modell rief eine Funktion auf, die es nicht gibt.",
  done_though_called_off: "Eine Funktion lief noch, die das Modell zurückgenommen hatte; das Modell erfährt es.",
  runs_on_though_called_off: "Eine Funktion läuft noch, die das Modell zurückgenommen hatte; das Modell erfährt es.",
  failed_though_called_off: "Eine Funktion schlug fehl, die das Modell zurückgenommen hatte; das Modell erfährt es.",
  events_dropped: "Hier fehlen Ereignisse, weil sie nicht geschrieben werden konnten.",
  forwarded: "Der Anrufer wird an einen Menschen weitergeleitet.",
  asked_for_message: "Der Anrufer wird um eine Nachricht gebeten.",
  hears_message: "Der Anrufer hört eine Ansage.",
  message_left: "Der Anrufer hat eine Nachricht hinterlassen.",
  disconnected_by_member: "Ein Mitglied Ihrer Organisation hat es getrennt.",
  agent_removed: "Der Agent wurde entfernt.",
  connection_refused: "Der Anbieter nimmt die Verbindung nicht mehr an: Sie wurde zurückgenommen oder ist abgelaufen.",
  credential_gone: "Die gespeicherten Zugangsdaten gibt es nicht mehr. Verbinden Sie das Konto erneut.",
};
