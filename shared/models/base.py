"""What all Firestore documents have in common."""

from datetime import UTC, date, datetime
from typing import Annotated, Any, Self, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from shared.patterns import named

DateT = TypeVar("DateT", bound=date)


def _aware(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a time needs a time zone")
    return value


Instant = Annotated[datetime, AfterValidator(_aware)]
"""A moment in time; always with a time zone."""

FIRST_YEAR, LAST_YEAR = 1970, 2200
"""Nothing of ours is from before or after; further out, adding a time zone's offset fails."""


def in_our_time(value: DateT) -> DateT:
    if not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ValueError(f"is not between the years {FIRST_YEAR} and {LAST_YEAR}")
    return value


E164 = r"\+[1-9][0-9]{6,14}"
"""A telephone number for regular expressions, for example +14155550100."""

PhoneNumber = Annotated[
    str,
    StringConstraints(
        pattern=named(f"^{E164}$", "a phone number in international form, such as +14155550100")
    ),
]
"""E.164."""

SLUG = named(r"^[a-z][a-z0-9_]{0,39}$", "a name of small letters, digits and _, such as google_calendar")

Slug = Annotated[str, StringConstraints(pattern=SLUG)]
"""A tool's name, as it appears in document ids and in the names of functions given to the model."""

DOCUMENT_ID = named(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$", "an id: letters, digits, - and _")

DocumentId = Annotated[str, StringConstraints(pattern=DOCUMENT_ID)]

Language = Annotated[
    str, StringConstraints(pattern=named("^[a-z]{2}$", "a language in two small letters, such as de"))
]
"""That texts for people are in."""


def utc_now() -> datetime:
    """The clock that services are given unless a test gives them another."""
    return datetime.now(UTC)


class Document(BaseModel):
    """A Firestore document. Unknown fields are ignored: during a deploy two releases read the same data."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def to_firestore(self) -> dict[str, Any]:
        """Field values as the Firestore client takes them: datetimes stay datetimes, enums become strings."""
        return self.model_dump(mode="python")

    @classmethod
    def from_firestore(cls, data: dict[str, Any]) -> Self:
        return cls.model_validate(data)
