"""Numbers: what the Twilio account owns, and which agent answers."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response
from pydantic import BaseModel, Field

from functions.tools_api.access import Allow, ApiDep, Principal
from functions.tools_api.http import Body, Cursor, IfMatch, Limit, OptionalIfMatch, PageOf, set_etag
from functions.tools_api.problems import error_responses
from shared.models.api_key import Scope
from shared.models.base import DocumentId, PhoneNumber
from shared.models.member import Role
from shared.services.number_service import TenantNumber

router = APIRouter(prefix="/tenants/{tenant_id}/numbers", tags=["numbers"])

Viewer = Annotated[Principal, Depends(Allow(Role.VIEWER, Scope.NUMBERS_READ))]
Editor = Annotated[Principal, Depends(Allow(Role.EDITOR, Scope.NUMBERS_WRITE))]
Number = Annotated[PhoneNumber, Path(description="E.164, such as +14155550100.")]


class NumberOut(BaseModel):
    number: PhoneNumber
    name: str = Field(description="As the Twilio account calls it.")
    agent_id: str | None = Field(description="Who answers; null: the number is free.")
    routed: bool = Field(description="Twilio sends its calls to this platform. If not, attach it once more.")
    etag: str = Field(description="To send as `If-Match` with a change.")


class AttachNumber(Body):
    agent_id: DocumentId


@router.get("", responses=error_responses(401, 403, 422, 429, 503))
async def list_numbers(
    who: Viewer, api: ApiDep, limit: Limit = 50, cursor: Cursor = None
) -> PageOf[NumberOut]:
    """The Twilio account's numbers that this tenant holds, or could have."""
    page = await api.numbers.list_numbers(who.tenant_id, limit, cursor)
    return PageOf(items=[_out(number) for number in page.items], next_cursor=page.next_cursor)


@router.get("/{number}", responses=error_responses(401, 403, 404, 422, 429, 503))
async def get_number(who: Viewer, number: Number, api: ApiDep, response: Response) -> NumberOut:
    found = await api.numbers.get(who.tenant_id, number)
    set_etag(response, found.etag)
    return _out(found)


@router.put("/{number}", responses=error_responses(401, 403, 404, 409, 412, 413, 422, 428, 429, 503))
async def attach_number(
    who: Editor, number: Number, wanted: AttachNumber, if_match: IfMatch, api: ApiDep, response: Response
) -> NumberOut:
    """The agent answers this number from now on: Twilio's voice, fallback and status URLs lead here."""
    attached = await api.numbers.attach(who.tenant_id, who.actor, number, wanted.agent_id, if_match)
    set_etag(response, attached.etag)
    return _out(attached)


@router.delete("/{number}", status_code=204, responses=error_responses(401, 403, 404, 412, 422, 429, 503))
async def detach_number(who: Editor, number: Number, api: ApiDep, if_match: OptionalIfMatch = None) -> None:
    """No agent answers it any more; Twilio's settings are what they were before it was attached."""
    await api.numbers.detach(who.tenant_id, who.actor, number, if_match)


def _out(number: TenantNumber) -> NumberOut:
    return NumberOut(
        number=number.account.number,
        name=number.account.name,
        agent_id=number.document.agent_id if number.document else None,
        routed=number.routed and number.document is not None,
        etag=number.etag,
    )
