"""How secrets are named. The ids behind a secret stand in its labels; its name alone tells nothing."""

import hashlib

PREFIX = "trunkline-"
"""IAM conditions grant access to secrets by this prefix."""


def secret_id_for(tenant_id: str, agent_id: str, slug: str, field: str) -> str:
    """One secret per tool of an agent and field; every new value is a version of it."""
    # Ids cannot contain "/", so no two paths give the same text.
    path = "/".join((tenant_id, agent_id, slug, field))
    return PREFIX + hashlib.sha256(path.encode()).hexdigest()[:32]


def secret_labels(tenant_id: str, agent_id: str, slug: str, field: str) -> dict[str, str]:
    """Labels by which a tenant's or an agent's secrets are found again; values are at most 63 characters."""
    labels = {"tenant": tenant_id, "agent": agent_id, "tool": slug, "field": field}
    return {key: value.lower()[:63] for key, value in labels.items()}
