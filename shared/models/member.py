"""`tenants/{t}/members/{uid}`: who may do what in a tenant."""

from enum import StrEnum

from shared.models.base import Document, Instant


class Role(StrEnum):
    """Each may do what those before it may."""

    VIEWER = "viewer"
    EDITOR = "editor"
    OWNER = "owner"

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


class Member(Document):
    role: Role
    email: str | None = None
    since: Instant | None = None
