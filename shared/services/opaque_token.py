"""Tokens that we hand out once and recognise later: API keys and invitations.

`<prefix>.<tenant>.<id>.<secret>`: the tenant and the id say where the hash is stored, the secret proves it.
The prefix lets scanners of leaked credentials find them.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import Self

from pydantic import SecretStr

from shared.errors import UnauthenticatedError
from shared.models.base import DOCUMENT_ID

_SECRET_BYTES = 32


@dataclass(frozen=True)
class OpaqueToken:
    prefix: str
    tenant_id: str
    id: str
    secret: SecretStr

    @classmethod
    def issue(cls, prefix: str, tenant_id: str) -> Self:
        return cls(prefix, tenant_id, secrets.token_hex(8), SecretStr(secrets.token_urlsafe(_SECRET_BYTES)))

    @classmethod
    def parse(cls, prefix: str, text: str) -> Self:
        """Raises `UnauthenticatedError`. Nothing of it is proven yet."""
        parts = text.split(".")
        if len(parts) != 4 or parts[0] != prefix or not all(map(_is_id, parts[1:3])):
            raise UnauthenticatedError(f"not a token of the kind {prefix}")
        return cls(prefix, parts[1], parts[2], SecretStr(parts[3]))

    def reveal(self) -> str:
        """The whole token, for the one answer that shows it."""
        return ".".join((self.prefix, self.tenant_id, self.id, self.secret.get_secret_value()))

    @property
    def sha256(self) -> str:
        """What is stored of the secret."""
        return hashlib.sha256(self.secret.get_secret_value().encode()).hexdigest()

    def proves(self, sha256: str) -> bool:
        return hmac.compare_digest(self.sha256, sha256)


def _is_id(text: str) -> bool:
    return re.fullmatch(DOCUMENT_ID, text) is not None
