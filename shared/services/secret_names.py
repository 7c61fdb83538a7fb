"""How secrets are named. The ids behind a secret stand in its labels; its name alone tells nothing."""

import hashlib
import re

PREFIX = "trunkline-"
"""IAM conditions grant access to secrets by this prefix."""

_LABEL_VALUE = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def secret_id_for(tenant_id: str, agent_id: str, slug: str, field: str) -> str:
    """One secret per tool of an agent and field; every new value is a version of it."""
    # Ids cannot contain "/", so no two paths give the same text.
    path = "/".join((tenant_id, agent_id, slug, field))
    return PREFIX + hashlib.sha256(path.encode()).hexdigest()[:32]


def secret_labels(tenant_id: str, agent_id: str, slug: str, field: str) -> dict[str, str]:
    """Labels by which a tenant's or an agent's secrets are found again."""
    return {
        "tenant": label_value(tenant_id),
        "agent": label_value(agent_id),
        "tool": label_value(slug),
        "field": label_value(field),
    }


def label_value(name: str) -> str:
    """`name`, if it is a label value as it stands ([a-z0-9_-], at most 63), else its hash.

    Never the same for two names: to delete one tenant's secrets must not touch those of another one
    whose id differs in case. No id begins with the hash's underscore.
    """
    if _LABEL_VALUE.fullmatch(name):
        return name
    return "_" + hashlib.sha256(name.encode()).hexdigest()[:40]
