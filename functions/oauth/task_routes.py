"""What Cloud Scheduler and Cloud Tasks call. Repeating any of it does nothing more.

POST /api/v1/tasks/reconcile-secrets   {apply?: bool} -> {applied, found: [{finding, subject, error}]}
POST /api/v1/tasks/forget-secrets      {tenant_id, agent_id?, slug?, if_removed?} -> {deleted}
"""

from dataclasses import asdict

from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from functions.oauth.desk import Desk
from functions.oauth.inputs import read_json
from shared.services.secret_reconciler import SECRETS_A_RUN
from shared.services.secret_removal import FORGET_PATH, ForgetSecrets


class ReconcileRequest(BaseModel):
    model_config = ConfigDict(extra="forbid")

    apply: bool = False
    """Left out: only look."""


def task_routes(desk: Desk) -> list[Route]:
    async def known_caller(request: Request) -> None:
        with desk.rate_limit.counting_refused(request):
            await desk.tasks.verify(request.headers.get("authorization"))

    async def reconcile(request: Request) -> Response:
        await known_caller(request)
        asked = await read_json(request, ReconcileRequest)
        found = await desk.reconciler.run(apply=asked.apply, most=SECRETS_A_RUN)
        return JSONResponse({"applied": asked.apply, "found": [asdict(one) for one in found]})

    async def forget(request: Request) -> Response:
        await known_caller(request)
        asked = await read_json(request, ForgetSecrets)
        if asked.if_removed and asked.agent_id is not None:
            deleted = await desk.revocations.forget_removed(asked.tenant_id, asked.agent_id, asked.slug)
        else:
            deleted = await desk.revocations.forget(asked.tenant_id, asked.agent_id, asked.slug)
        return JSONResponse({"deleted": deleted})

    return [
        Route("/api/v1/tasks/reconcile-secrets", reconcile, methods=["POST"]),
        Route(FORGET_PATH, forget, methods=["POST"]),
    ]
