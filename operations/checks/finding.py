"""What a check found."""

from collections.abc import Awaitable, Callable
from typing import Literal

from pydantic import BaseModel

from operations.operator import Operator


class Finding(BaseModel):
    check: str
    status: Literal["ok", "failed", "skipped"]
    detail: str
    fix: str = ""

    def lines(self) -> list[str]:
        sign = {"ok": "ok", "failed": "FAILED", "skipped": "skipped"}[self.status]
        return [
            f"{sign:<8} {self.check:<34} {self.detail}",
            *([f"{'':9}fix: {self.fix}"] if self.fix else []),
        ]


Check = Callable[[Operator], Awaitable[list[Finding]]]


def ok(check: str, detail: str) -> Finding:
    return Finding(check=check, status="ok", detail=detail)


def failed(check: str, detail: str, fix: str) -> Finding:
    return Finding(check=check, status="failed", detail=detail, fix=fix)


def skipped(check: str, detail: str) -> Finding:
    return Finding(check=check, status="skipped", detail=detail)
