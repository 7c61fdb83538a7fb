"""trunkline telephony attach and detach: which agent answers a number, for who operates the platform.

Members do it in the dashboard. An operator needs it where none is hosted, and for a tenant's first number.
"""

from typing import Annotated

import typer

from operations.cli import ApplyOption, DeploymentOption, JsonOption, run
from operations.operator import Operator
from operations.report import Action, Difference, PlannedChange, TenantReport
from operations.tenant_invitations import TenantArgument
from operations.tenant_values import agent_id_of, number_of, tenant_id_of
from shared.errors import NotFoundError
from shared.repositories.configured_agents import ConfiguredAgentRepository
from shared.repositories.phone_numbers import TenantNumberRepository
from shared.services.number_service import NumberService, routing_to

NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="Such as +14155550100.")]


def attach(
    number: NumberArgument,
    tenant_id: TenantArgument,
    agent_id: Annotated[str, typer.Argument(metavar="AGENT", help="The agent's id.")],
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """A number of the Twilio account is answered by a tenant's agent from now on."""

    async def work(operator: Operator) -> TenantReport:
        tenant, agent, wanted = tenant_id_of(tenant_id), agent_id_of(agent_id), number_of(number)
        await ConfiguredAgentRepository(operator.database).get(tenant, agent)
        service = await _service(operator)
        before = await service.get(tenant, wanted)
        was = before.document.agent_id if before.document else None
        url = routing_to(operator.deployment.urls.incoming_call).voice_url
        fields = {
            **({} if was == agent else {"agent": Difference(before=was, after=agent)}),
            **(
                {}
                if before.routed
                else {"voice_url": Difference(before=before.account.routing.voice_url, after=url)}
            ),
        }
        if apply and fields:
            await service.attach(tenant, operator.actor, wanted, agent, before.etag)
        return _report(tenant, wanted, "create" if was is None else "change", fields, apply=apply)

    run(work, deployment, as_json)


def detach(
    number: NumberArgument,
    tenant_id: TenantArgument,
    deployment: DeploymentOption = None,
    as_json: JsonOption = False,
    apply: ApplyOption = False,
) -> None:
    """No agent answers the number any more; Twilio gets back what it had before."""

    async def work(operator: Operator) -> TenantReport:
        tenant, wanted = tenant_id_of(tenant_id), number_of(number)
        document = await TenantNumberRepository(operator.database).find(tenant, wanted)
        fields = {} if document is None else {"agent": Difference(before=document.agent_id)}
        if apply and fields:
            service = await _service(operator)
            try:
                await service.detach(tenant, operator.actor, wanted, None)
            except NotFoundError:  # the Twilio account does not own it any more
                await service.forget(tenant, operator.actor, wanted)
        return _report(tenant, wanted, "delete", fields, apply=apply)

    run(work, deployment, as_json)


async def _service(operator: Operator) -> NumberService:
    twilio = await operator.twilio()
    return NumberService(operator.database, twilio, operator.deployment.urls.incoming_call)


def _report(
    tenant_id: str, number: str, action: Action, fields: dict[str, Difference], *, apply: bool
) -> TenantReport:
    change = PlannedChange(subject=f"number {number}", action=action, fields=fields, done=apply)
    return TenantReport(tenant_id=tenant_id, applied=apply, changes=[change] if fields else [])
