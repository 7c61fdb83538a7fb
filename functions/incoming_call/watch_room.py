"""What LiveKit tells of a room: agents come and go, the caller hangs up, the room ends.

LiveKit tries a dispatch once and never replaces an agent; the platform does.
https://docs.livekit.io/home/server/webhooks/
"""

import logging
from datetime import UTC, datetime

from livekit.protocol.models import DisconnectReason, ParticipantInfo
from livekit.protocol.webhook import WebhookEvent
from pydantic import ValidationError

from functions.incoming_call import tasks
from functions.incoming_call.edge import Edge
from functions.incoming_call.outcomes import outcome_when_caller_left
from shared import telemetry
from shared.errors import NotFoundError
from shared.models.call import Call, CallEvent
from shared.models.session import RoomMetadata
from shared.services.call_service import needs_agent

log = logging.getLogger(__name__)

ROLES = {ParticipantInfo.Kind.AGENT: "agent", ParticipantInfo.Kind.SIP: "caller"}


async def handle_livekit_event(edge: Edge, event: WebhookEvent) -> None:
    """Raises `UnavailableError`; LiveKit delivers the event again then."""
    try:
        room = RoomMetadata.model_validate_json(event.room.metadata)
    except ValidationError:
        log.info("an event of a room that is not ours", extra={"event": event.event})
        return
    with telemetry.bind(tenant_id=room.tenant_id, session_id=room.session_id):
        match event.event:
            case "room_started":
                # The session's commit may be a moment behind; the check comes a second later.
                await tasks.begin_watch(edge, room)
            case "room_finished":
                await _on_finished(edge, room)
            case "participant_joined":
                await _on_joined(edge, room, event)
            case "participant_left" | "participant_connection_aborted":
                await _on_left(edge, room, event.participant)
            case _:
                return


async def _on_joined(edge: Edge, room: RoomMetadata, event: WebhookEvent) -> None:
    """Write down how long it took: the room's creation is the zero of a call's set-up."""
    participant = event.participant
    role = ROLES.get(participant.kind)
    call = await _find_call(edge, room)
    if role is None or call is None:
        return
    data = {
        "name": f"{role}_joined",
        "identity": participant.identity,
        "milliseconds": max(0, participant.joined_at_ms - event.room.creation_time_ms),
    }
    at = datetime.fromtimestamp(participant.joined_at_ms / 1000, UTC)
    joined = CallEvent(at=at, source="livekit", kind="timing", data=data)
    event_id = f"livekit-joined-{participant.sid}"
    await edge.calls.append_events(
        room.tenant_id, room.session_id, [(event_id, joined)], expires_at=call.expires_at
    )


async def _on_finished(edge: Edge, room: RoomMetadata) -> None:
    call = await _find_call(edge, room)
    if call is not None and call.source == "web":
        # No Twilio will tell of it, and whoever deleted the room wrote what it knew before.
        await tasks.close_call(edge, tasks.CloseCall(room=room, cause="room-finished"))
    else:
        await tasks.enqueue_close(edge, room, "room-finished", tasks.TWILIO_SPEAKS_FIRST)


async def _on_left(edge: Edge, room: RoomMetadata, left: ParticipantInfo) -> None:
    call = await _find_call(edge, room)
    if call is None or not needs_agent(call):
        return
    if left.kind == ParticipantInfo.Kind.AGENT:
        await tasks.replace_agent(edge, room, call, left)
    elif left.kind == ParticipantInfo.Kind.SIP:
        await _on_caller_left(edge, room, call, left)


async def _on_caller_left(edge: Edge, room: RoomMetadata, call: Call, left: ParticipantInfo) -> None:
    if call.answered_at is not None and left.disconnect_reason == DisconnectReason.CLIENT_INITIATED:
        outcome = outcome_when_caller_left(call)
        await edge.calls.end_call(room.tenant_id, room.session_id, outcome, edge.now(), source="livekit")
    else:
        # The leg broke, or Twilio let it ring long enough: that looks like a caller who gives up. The caller
        # may still be on the line with Twilio, who will tell.
        await tasks.enqueue_close(edge, room, "caller-left", tasks.TWILIO_SPEAKS_FIRST)


async def _find_call(edge: Edge, room: RoomMetadata) -> Call | None:
    try:
        return await edge.calls.get_call(room.tenant_id, room.session_id)
    except NotFoundError:
        log.info("the call is not known (yet)")
        return None
