"""Types of fields that several tools use."""

from typing import Annotated

from pydantic import StringConstraints

from shared.patterns import named

_CHARACTER = r"[^@<>,;\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f\u3000]"
"""No control characters and no spaces: spelt out, since what `\\s` is differs from language to language."""

ADDRESS_PATTERN = rf"{_CHARACTER}+@{_CHARACTER}+\.{_CHARACTER}+"

EmailAddress = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True, max_length=254, pattern=named(f"^{ADDRESS_PATTERN}$", "an e-mail address")
    ),
]
"""One bare address. Whether it exists is for the mail service to say."""
