"""The reconciler as a target of Cloud Scheduler.

POST /api/v1/tasks/reconcile-secrets   {apply?: bool} -> {applied, found: [{finding, subject, error}]}
"""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.oauth.desk import Desk
from functions.oauth.problems import answering, read_json


class ReconcileRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    apply: bool = False
    """Left out: only look."""


def reconcile_routes(desk: Desk) -> list[Route]:
    async def reconcile(request: Request) -> Response:
        await desk.scheduler.verify(request.headers.get("authorization"))
        asked = await read_json(request, ReconcileRequest)
        found = await desk.reconciler.run(apply=asked.apply)
        return JSONResponse({"applied": asked.apply, "found": [asdict(one) for one in found]})

    return [Route("/api/v1/tasks/reconcile-secrets", answering(reconcile), methods=["POST"])]
