"""What a command found and did: printed as lines for people, or as JSON."""

from abc import abstractmethod
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

OK, FINDINGS, USAGE, INTERRUPTED = 0, 1, 2, 130
"""Exit codes: nothing to do or all done; something found or failed; the command itself is wrong; Ctrl-C."""


class Report(BaseModel):
    model_config = ConfigDict(frozen=True)

    @property
    @abstractmethod
    def exit_code(self) -> int: ...

    @abstractmethod
    def lines(self) -> list[str]: ...


class Difference(BaseModel):
    """Of one field. Of a secret it says only whether it is set, and whether it is another."""

    before: Any = None
    after: Any = None


Action = Literal["create", "change", "delete"]


class PlannedChange(BaseModel):
    subject: str
    action: Action
    fields: dict[str, Difference] = Field(default_factory=dict[str, Difference])
    done: bool = False

    def lines(self) -> list[str]:
        sign = {"create": "+", "change": "~", "delete": "-"}[self.action]
        shown = [
            f"    {name}: {_text(each.before)} -> {_text(each.after)}"
            for name, each in self.fields.items()
            if _text(each.before) != _text(each.after)
        ]
        return [f"{sign} {self.subject}{'  done' if self.done else ''}", *shown]


class TenantReport(Report):
    tenant_id: str
    applied: bool
    changes: list[PlannedChange]
    notes: list[str] = Field(default_factory=list[str])

    @property
    def exit_code(self) -> int:
        return FINDINGS if self.changes and not self.applied else OK

    def lines(self) -> list[str]:
        found = [line for each in self.changes for line in each.lines()]
        if not found:
            found = ["Everything is as it must be."]
        dry = ["Nothing was changed: dry run. Make it so with --apply."] if self.exit_code else []
        return [*found, *self.notes, *dry]


class Problem(BaseModel):
    """What the command cannot put right itself, with what a person has to do."""

    subject: str
    finding: str
    fix: str

    def lines(self) -> list[str]:
        return [f"! {self.subject}: {self.finding}", f"    fix: {self.fix}"]


def _text(value: Any) -> str:
    return "(none)" if value in (None, "", []) else str(value)
