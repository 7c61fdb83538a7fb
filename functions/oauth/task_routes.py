"""What Cloud Scheduler and Cloud Tasks call. Repeating any of it does nothing more.

POST /api/v1/tasks/reconcile-secrets   {apply?: bool} -> {applied, found: [{finding, subject, error}]}
POST /api/v1/tasks/forget-secrets      {tenant_id, agent_id?} -> {deleted}
"""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.oauth.desk import Desk
from functions.oauth.problems import answering, read_json
from shared.models.base import DocumentId


class ReconcileRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    apply: bool = False
    """Left out: only look."""


class ForgetRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    tenant_id: DocumentId
    agent_id: DocumentId | None = None
    """Left out: all of the tenant's."""


def task_routes(desk: Desk) -> list[Route]:
    async def reconcile(request: Request) -> Response:
        await desk.tasks.verify(request.headers.get("authorization"))
        asked = await read_json(request, ReconcileRequest)
        found = await desk.reconciler.run(apply=asked.apply)
        return JSONResponse({"applied": asked.apply, "found": [asdict(one) for one in found]})

    async def forget(request: Request) -> Response:
        await desk.tasks.verify(request.headers.get("authorization"))
        asked = await read_json(request, ForgetRequest)
        return JSONResponse({"deleted": await desk.auth.forget(asked.tenant_id, asked.agent_id)})

    return [
        Route("/api/v1/tasks/reconcile-secrets", answering(reconcile), methods=["POST"]),
        Route("/api/v1/tasks/forget-secrets", answering(forget), methods=["POST"]),
    ]
