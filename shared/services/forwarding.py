"""Callers are not forwarded to a number that this platform answers: they would come back, again and again."""

from shared.errors import InvalidField, InvalidFieldsError
from shared.repositories.agents import PhoneNumberRepository


async def check_forwarding(numbers: PhoneNumberRepository, number: str | None, field: str) -> None:
    """`number` is what somebody put into `field` (its path), None: nothing. Raises `InvalidFieldsError`."""
    if number is not None and await numbers.find(number) is not None:
        reason = "is answered by this platform, so callers would come back: take a number where people answer"
        raise InvalidFieldsError([InvalidField(field, reason, "platform_number")])
