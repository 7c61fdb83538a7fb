"""Faults on demand: the next so many requests under a path fail, or are slow."""

import asyncio
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

GRPC_CODE_OF_HTTP_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


class Fault(BaseModel):
    """`path` is a prefix: `/calendar/v3/`, `/token`, or `/google.cloud.secretmanager.v1` for gRPC."""

    model_config = ConfigDict(extra="forbid")

    path: Annotated[str, Field(pattern=r"^/")]
    count: int = Field(default=1, ge=1)
    status: int | None = None
    """An HTTP status; gRPC answers with the code that belongs to it. None: the request succeeds, late."""
    delay_seconds: float = Field(default=0, ge=0)


class Faults:
    def __init__(self) -> None:
        self._planned: list[Fault] = []

    def plan(self, fault: Fault) -> None:
        self._planned.append(fault)

    def clear(self) -> None:
        self._planned.clear()

    async def meet(self, path: str) -> int | None:
        """Wait as planned for a request to `path`; the status it must fail with, if any."""
        fault = next((fault for fault in self._planned if path.startswith(fault.path)), None)
        if fault is None:
            return None
        fault.count -= 1
        if fault.count == 0:
            self._planned.remove(fault)
        await asyncio.sleep(fault.delay_seconds)
        return fault.status
