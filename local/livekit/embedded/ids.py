"""Identifiers with the prefixes that clients and logs expect (RM_…, PA_…, TR_…)."""

import secrets
import string

_ALPHABET = string.ascii_letters + string.digits


def new_id(prefix: str) -> str:
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(12))
