"""Calls: looked up, followed as they happen, ended, deleted; test calls from the browser; usage."""

from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from pydantic import BaseModel, Field
from starlette.responses import StreamingResponse

from functions.tools_api.access import Allow, ApiDep, Principal
from functions.tools_api.http import POSITION, AgentId, Cursor, Day, IdempotencyKey, Limit, Moment, PageOf
from functions.tools_api.problems import error_responses
from shared.models.agent import TimeZoneName
from shared.models.api_key import Scope
from shared.models.base import DocumentId, PhoneNumber
from shared.models.call import Call, CallState, EventKind, FallbackReason, Outcome
from shared.models.member import Role
from shared.models.prices import AS_OF, CURRENCY
from shared.repositories.call_history import CallFilter
from shared.services.call_cost import cost_of

router = APIRouter(prefix="/tenants/{tenant_id}", tags=["calls"])

Viewer = Annotated[Principal, Depends(Allow(Role.VIEWER, Scope.CALLS_READ))]
Editor = Annotated[Principal, Depends(Allow(Role.EDITOR, Scope.CALLS_WRITE))]
Owner = Annotated[Principal, Depends(Allow(Role.OWNER, Scope.CALLS_WRITE))]
CallId = Annotated[DocumentId, Path()]

MAX_WAIT_SECONDS = 25
"""Shorter than what proxies on the way allow."""


class VoicemailOut(BaseModel):
    seconds: int


class CostOut(BaseModel):
    """An estimate from list prices; see docs/costs.md."""

    currency: str
    total: float
    model: float = Field(description="The speech model's tokens.")
    telephony: float
    livekit: float
    platform: float = Field(description="The worker's share, and the database.")
    prices_of: date = Field(description="When the list prices were looked at.")


class CallOut(BaseModel):
    id: str
    agent_id: str
    source: str = Field(description="`phone`, or `web` for a test call.")
    state: CallState
    caller: PhoneNumber | None = Field(description="null: withheld, or a test call.")
    called: PhoneNumber | None
    started_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    outcome: Outcome | None = Field(description="null until the call is over.")
    fallback_reason: FallbackReason | None
    fallback_served: str | None = Field(description="`forward`, `voicemail` or `say`.")
    voicemail: VoicemailOut | None
    usage: dict[str, float] = Field(description="Model tokens by kind, and `agent_seconds`.")
    cost: CostOut | None = Field(description="null until the call is over, and for a model without a price.")
    expires_at: datetime | None = Field(description="When the call is deleted by itself.")


class EventOut(BaseModel):
    id: str
    at: datetime
    source: str
    kind: EventKind
    data: dict[str, Any]


class EventsOut(BaseModel):
    items: list[EventOut] = Field(description="In order of time.")
    after: str = Field(description="Pass it as `after` for what follows.")
    ended: bool = Field(description="The call is over and these were its last events.")


class TestCallOut(BaseModel):
    __test__ = False

    call_id: str
    livekit_url: str
    room: str
    token: str = Field(description="Lets one browser join the room; LiveKit's client takes it.")
    expires_at: datetime = Field(description="Until when the token can be used to join.")


class DayOut(BaseModel):
    day: date
    calls: int
    agent_seconds: float = Field(description="How long agents were on the line.")


class UsageOut(BaseModel):
    items: list[DayOut]


@router.get("/calls", responses=error_responses(401, 403, 422, 429, 503))
async def list_calls(
    who: Viewer,
    api: ApiDep,
    agent_id: Annotated[DocumentId | None, Query()] = None,
    state: CallState | None = None,
    outcome: Outcome | None = None,
    caller: Annotated[PhoneNumber | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="Started at this moment or later.")] = None,
    until: Annotated[Moment | None, Query(description="Started before this moment.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> PageOf[CallOut]:
    """Newest first."""
    wanted = CallFilter(agent_id, state, outcome, caller, since, until)
    page = await api.calls.list_calls(who.tenant_id, wanted, limit, cursor)
    return PageOf(items=[_out(call) for call in page.items], next_cursor=page.next_cursor)


@router.get("/calls/{call_id}", responses=error_responses(401, 403, 404, 422, 429, 503))
async def get_call(who: Viewer, call_id: CallId, api: ApiDep) -> CallOut:
    return _out(await api.calls.get(who.tenant_id, call_id))


@router.get("/calls/{call_id}/events", responses=error_responses(401, 403, 404, 422, 429, 503))
async def follow_call(
    who: Viewer,
    call_id: CallId,
    api: ApiDep,
    after: Annotated[
        str | None,
        Query(
            max_length=12_000,
            pattern=POSITION,
            description="`after` of the last answer; left out: from the start.",
        ),
    ] = None,
    wait: Annotated[
        int, Query(ge=0, le=MAX_WAIT_SECONDS, description="Seconds to wait while there is nothing new.")
    ] = 0,
    limit: Annotated[int, Query(ge=1, le=200)] = 100,
) -> EventsOut:
    """What happens in the call: turns, tool calls, changes of state. Ask again with `after` until `ended`."""
    tail = await api.calls.tail(who.tenant_id, call_id, after, limit, wait)
    items = [
        EventOut(id=event_id, **event.model_dump(exclude={"expires_at"})) for event_id, event in tail.events
    ]
    return EventsOut(items=items, after=tail.position, ended=tail.ended)


@router.get(
    "/calls/{call_id}/recording",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The sound.",
            "content": {"audio/wav": {"schema": {"type": "string", "format": "binary"}}},
        },
        **error_responses(401, 403, 404, 422, 429, 503),
    },
)
async def get_recording(who: Viewer, call_id: CallId, api: ApiDep) -> StreamingResponse:
    """The message that the caller left, as WAV. 404: there is none, or it has been deleted."""
    audio = await api.call_control.open_recording(who.tenant_id, call_id)
    length = {} if audio.length is None else {"Content-Length": str(audio.length)}
    return StreamingResponse(audio.read(), media_type="audio/wav", headers=length)


@router.post("/calls/{call_id}/end", responses=error_responses(401, 403, 404, 422, 429, 503))
async def end_call(who: Editor, call_id: CallId, api: ApiDep) -> CallOut:
    """Hang up. A call that is over already stays as it is."""
    return _out(await api.call_control.stop(who.tenant_id, who.actor, call_id))


@router.delete(
    "/calls/{call_id}", status_code=204, responses=error_responses(401, 403, 404, 409, 422, 429, 503)
)
async def delete_call(who: Owner, call_id: CallId, api: ApiDep) -> None:
    """With its transcript, events and recording. This cannot be undone. Refused while the call goes on."""
    await api.call_control.delete(who.tenant_id, who.actor, call_id)


@router.post(
    "/agents/{agent_id}/test-calls",
    status_code=201,
    responses=error_responses(401, 403, 404, 409, 413, 422, 429, 503),
)
async def start_test_call(
    who: Editor, agent_id: AgentId, key: IdempotencyKey, api: ApiDep, response: Response
) -> TestCallOut:
    """Talk to the agent from a browser, without a phone: as in any call it runs on what is set up now."""
    call = await api.call_control.start_test_call(who.tenant_id, who.actor, agent_id, key)
    response.headers["Location"] = f"/api/v1/tenants/{who.tenant_id}/calls/{call.call_id}"
    return TestCallOut(
        call_id=call.call_id,
        livekit_url=call.livekit_url,
        room=call.room,
        token=call.token.get_secret_value(),
        expires_at=call.expires_at,
    )


@router.get("/usage", responses=error_responses(401, 403, 422, 429, 503))
async def get_usage(
    who: Viewer,
    api: ApiDep,
    first: Annotated[Day, Query(description="The first day.")],
    last: Annotated[Day, Query(description="The last day, at most 31 with it.")],
    time_zone: Annotated[TimeZoneName, Query(description="Whose days: an IANA name.")] = "UTC",
) -> UsageOut:
    """Calls and minutes by day."""
    days = await api.calls.usage(who.tenant_id, first, last, time_zone)
    return UsageOut(items=[DayOut.model_validate(day, from_attributes=True) for day in days])


def _out(call: Call) -> CallOut:
    fields = call.model_dump(include=set(CallOut.model_fields) - {"voicemail"})
    voicemail = None if call.voicemail is None else VoicemailOut(seconds=call.voicemail.seconds)
    return CallOut(id=call.session_id, voicemail=voicemail, cost=_cost(call), **fields)


def _cost(call: Call) -> CostOut | None:
    cost = cost_of(call)
    if cost is None:
        return None
    parts = {name: round(dollars, 6) for name, dollars in asdict(cost).items()}
    return CostOut(currency=CURRENCY, total=round(cost.total, 6), prices_of=AS_OF, **parts)
