"""Types of fields that several tools use."""

from typing import Annotated

from pydantic import StringConstraints

ADDRESS_PATTERN = r"[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+"

EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=254, pattern=f"^{ADDRESS_PATTERN}$")
]
"""One bare address. Whether it exists is for the mail service to say."""
