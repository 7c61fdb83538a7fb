"""What operators give on the command line, checked: a mistake is one line that says what was expected."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import StringConstraints, TypeAdapter, ValidationError

from shared.errors import ConfigurationError
from shared.models.base import DocumentId, PhoneNumber
from shared.tools.base.fields import EmailAddress


def _checked(kind: Any, expected: str) -> Callable[[str], str]:
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def check(text: str) -> str:
        """Raises `ConfigurationError`."""
        try:
            return adapter.validate_python(text)
        except ValidationError:
            raise ConfigurationError(f"{text!r} {expected}") from None

    return check


tenant_id_of = _checked(
    DocumentId, "cannot be a tenant's id: expected letters, digits, - and _, such as harbor-dental"
)
agent_id_of = _checked(
    DocumentId, "cannot be an agent's id: expected letters, digits, - and _, such as front-desk"
)
name_of = _checked(
    Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)],
    "is no name: a tenant needs a name, as people know it",
)
email_of = _checked(EmailAddress, "is no e-mail address")
number_of = _checked(PhoneNumber, "is no telephone number: expected international form, such as +14155550100")
