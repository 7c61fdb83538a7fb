import type { Catalogue } from "../catalogue";

export const problems: Catalogue["problems"] = {
  agent_has_numbers: "Dieser Agent nimmt noch Anrufe an einer Rufnummer an. Lösen Sie zuerst die Nummer.",
  already_exists: "Das gibt es bereits.",
  already_member: "Sie sind bereits Mitglied.",
  at_capacity: "Es laufen schon so viele Anrufe, wie diese Organisation gleichzeitig führen darf.",
  call_goes_on: "Dieser Anruf läuft noch. Beenden Sie ihn zuerst.",
  forbidden: "Das dürfen Sie nicht.",
  invalid_fields: "Einige Eingaben stimmen nicht.",
  invitation_for_another:
    "Diese Einladung gilt für eine andere E-Mail-Adresse. Melden Sie sich mit der an, an die sie ging.",
  invitation_invalid: "Diese Einladung gilt nicht mehr.",
  last_owner: "Eine Organisation braucht einen Inhaber: Machen Sie zuerst jemand anderen dazu.",
  members_changed: "Gerade ändert noch jemand Mitglieder. Versuchen Sie es noch einmal.",
  no_recording: "Von diesem Anruf gibt es keine Aufnahme.",
  no_such_agent: "Diesen Agenten gibt es nicht.",
  no_such_voice: "Diese Stimme gibt es nicht.",
  no_voice_samples: "Stimmproben sind hier nicht eingerichtet.",
  not_found: "Das gibt es nicht mehr.",
  number_taken: "Diese Nummer hat gerade jemand anderes übernommen.",
  recording_too_long: "Diese Aufnahme ist zu lang, um sie hier abzuspielen.",
  test_call_over: "Dieser Testanruf ist vorbei.",
  too_large: "Das ist mehr, als auf einmal gesendet werden kann.",
};
