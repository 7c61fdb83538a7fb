"""What people read of the calendar, in their languages."""

GERMAN = {
    "Google Calendar": "Google Kalender",
    "The agent looks up your calendar, finds free times, and books, moves and cancels appointments.": (
        "Der Agent sieht in Ihrem Kalender nach, findet freie Zeiten und vereinbart, verlegt und streicht "
        "Termine."
    ),
    "To see and change the events of all calendars of the account": (
        "Termine in allen Kalendern des Kontos zu sehen und zu ändern"
    ),
    "Lists what is in the calendar between two times.": "Nennt, was in einem Zeitraum im Kalender steht.",
    "Finds times that can be booked in a period.": "Findet freie Zeiten in einem Zeitraum.",
    "Books an appointment.": "Vereinbart einen Termin.",
    "Moves an event or changes its details; what is left out stays as it is.": (
        "Verlegt einen Termin oder ändert seine Angaben; alles andere bleibt, wie es ist."
    ),
    "Cancels an event.": "Streicht einen Termin.",
    "look up appointments": "Termine nachsehen",
    "find free times": "freie Zeiten finden",
    "book an appointment": "Termin vereinbaren",
    "change an appointment": "Termin ändern",
    "cancel an appointment": "Termin streichen",
    "Calendar": "Kalender",
    "“primary”, or the id in the calendar's settings.": (
        "„primary“ oder die ID aus den Einstellungen des Kalenders."
    ),
    "Length of an appointment (minutes)": "Dauer eines Termins (Minuten)",
    "Working hours": "Arbeitszeiten",
    "When appointments may be booked. Empty: the agent's opening hours.": (
        "Wann Termine vereinbart werden dürfen. Leer: die Öffnungszeiten des Agenten."
    ),
    "Weekday": "Wochentag",
    "0 is Monday": "0 ist Montag",
    "Opens": "Von",
    "Closes": "Bis",
    "Pause between appointments (minutes)": "Pause zwischen Terminen (Minuten)",
    "Shortest notice (minutes)": "Kürzeste Vorlaufzeit (Minuten)",
    "0: at once.": "0: sofort.",
    "Furthest booking (days ahead)": "Wie weit im Voraus (Tage)",
    "Allow two appointments at the same time": "Zwei Termine zur gleichen Zeit erlauben",
    "Callers change their own appointments only": "Anrufer ändern nur ihre eigenen Termine",
    "Those that were booked by phone from the same number.": (
        "Die, die am Telefon von derselben Nummer aus vereinbart wurden."
    ),
    "E-mail guests about changes": "Gästen Änderungen per E-Mail mitteilen",
    "All guests": "Allen Gästen",
    "Only guests who do not use Google Calendar": "Nur Gästen, die Google Kalender nicht nutzen",
    "Nobody": "Niemandem",
    "Only events with guests.": "Nur bei Terminen mit Gästen.",
}
