import type { Catalogue } from "../catalogue";

export const problems: Catalogue["problems"] = {
  agent_has_numbers: {
    one: "Dieser Agent geht noch bei {numbers} ans Telefon. Lösen Sie zuerst die Nummer.",
    other: "Dieser Agent geht noch bei {numbers} ans Telefon. Lösen Sie zuerst die Nummern.",
  },
  already_exists: "Das gibt es bereits.",
  already_member: "Sie sind bereits Mitglied.",
  another_provider: "Dieses Werkzeug verbindet sich nicht mit so einem Konto.",
  at_capacity: "Es laufen schon so viele Anrufe, wie diese Organisation gleichzeitig führen darf.",
  call_goes_on: "Dieser Anruf läuft noch. Beenden Sie ihn zuerst.",
  call_just_ended: "Dieser Anruf ist gerade erst zu Ende. Löschen Sie ihn in ein paar Sekunden.",
  creation_undone: "Was diese Anfrage angelegt hat, wurde inzwischen gelöscht.",
  forbidden: "Das dürfen Sie nicht.",
  invalid_fields: "Einige Eingaben stimmen nicht.",
  invitation_for_another:
    "Diese Einladung gilt für eine andere E-Mail-Adresse. Melden Sie sich mit der an, an die sie ging.",
  invitation_invalid: "Diese Einladung gilt nicht mehr.",
  last_owner: "Eine Organisation braucht einen Inhaber: Machen Sie zuerst jemand anderen dazu.",
  members_changed: "Gerade ändert noch jemand Mitglieder. Versuchen Sie es noch einmal.",
  no_recording: "Von diesem Anruf gibt es keine Aufnahme.",
  no_such_agent: "Diesen Agenten gibt es nicht.",
  no_such_tool: "Dieses Werkzeug gibt es nicht.",
  no_such_voice: "Diese Stimme gibt es nicht.",
  no_voice_samples: "Stimmproben sind hier nicht eingerichtet.",
  not_connected: "Dort ist kein Konto verbunden.",
  not_found: "Das gibt es nicht mehr.",
  number_is_fallback: "Anrufer werden an diese Nummer weitergeleitet, wenn ein Agent nicht erreichbar ist. Wählen Sie dafür zuerst eine andere.",
  number_kept:
    "Der Telefonanbieter antwortet nicht. Die Nummer bleibt beim Agenten: Reparieren Sie sie in der Liste, oder lösen Sie sie.",
  number_taken: "Diese Nummer hat gerade jemand anderes übernommen.",
  people_only: "Das ist Menschen vorbehalten, nicht API-Schlüsseln.",
  provider_not_set_up: "Dieser Anbieter ist hier nicht eingerichtet. Fragen Sie, wer die Plattform betreibt.",
  recording_too_long: "Diese Aufnahme ist zu lang, um sie hier abzuspielen.",
  scope_missing: "Das darf dieser API-Schlüssel nicht.",
  test_call_over: "Dieser Testanruf ist vorbei.",
  too_large: "Das ist mehr, als auf einmal gesendet werden kann.",
};
