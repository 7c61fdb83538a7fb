"""A tenant with what it has at Google, LiveKit and Twilio, and an operator who has the rights."""

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from local.livekit.embedded import Config, EmbeddedServer
from local.twilio.server import TwilioStandIn
from local.twilio.store import Number
from operations.deployment import load_deployment
from operations.operator import Operator
from shared.gateways.firestore import Put
from shared.models.base import utc_now
from shared.models.call import Call, CallState, Outcome, Voicemail
from shared.services.call_service import CallService, state_event
from shared.services.number_service import routing_to
from tests.connect_stack import AGENT, TENANT, Stack, running_stack
from tests.contract.google_stand_in import PROJECT, QUEUE, acting_as

SID, TOKEN, NUMBER = "AC" + "0" * 32, "token", "+14155550200"
KEY, SECRET = "key", "secret-of-at-least-thirty-two-characters"
EDGE = "https://voice.example"


@dataclass
class World:
    stack: Stack
    operator: Operator
    twilio: TwilioStandIn


@asynccontextmanager
async def running_world(
    tmp_path: Path, google_clock: Callable[[], float] = time.time
) -> AsyncGenerator[World]:
    number = Number(phone_number=NUMBER, voice_url="https://before.example")
    async with (
        running_stack(tmp_path, google_clock=google_clock) as stack,
        EmbeddedServer(Config(KEY, SECRET)) as livekit,
        TwilioStandIn(tmp_path / "twilio", account_sid=SID, auth_token=TOKEN, numbers=[number]) as twilio,
    ):
        env = {
            "GOOGLE_CLOUD_PROJECT": PROJECT,
            "INCOMING_CALL_URL": EDGE,
            "OAUTH_URL": stack.url,
            "TOOLS_API_URL": "https://api.example",
            "TASKS_QUEUE": QUEUE,
            "LIVEKIT_URL": livekit.url,
            "LIVEKIT_API_KEY": KEY,
            "LIVEKIT_API_SECRET": SECRET,
            "SIP_HOST": "sip.example",
            "TWILIO_ACCOUNT_SID": SID,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_API_URL": twilio.url,
            "TRUNKLINE_OPERATOR": "Op",
        }
        with acting_as("owner", stack.google, tmp_path / "google") as google:
            deployment = load_deployment(None, env).model_copy(
                update={"service_accounts": {"scheduler": stack.settings.tasks_service_account}}
            )
            async with Operator.open(deployment, {**google, **env}) as operator:
                yield World(stack, operator, twilio)


async def under(world: World, path: str) -> list[str]:
    """Every document below `path`, however deep."""
    found: list[str] = []
    client = world.stack.database._client
    async for collection in client.document(path).collections():
        async for document in collection.list_documents():
            snapshot = await document.get()
            found += [document.path] if snapshot.exists else []
            found += await under(world, document.path)
    return found


async def furnish(world: World) -> None:
    """A connected calendar, a number, a call with a voicemail, one that goes on, and an API key."""
    async with world.stack.browser() as browser:
        await browser.connect()
    database = world.stack.database
    former = {"voice_url": "https://before.example", "voice_fallback_url": "", "status_callback": ""}
    calls = CallService(database)
    voicemail = Voicemail(recording_sid="RE1", recording_url="https://x", seconds=3)
    for session_id, state in (("ca1", CallState.ENDED), ("ca2", CallState.IN_PROGRESS)):
        call = Call(
            session_id=session_id,
            agent_id=AGENT,
            call_sid=session_id.upper(),
            state=state,
            caller=None,
            called=NUMBER,
            started_at=utc_now(),
            outcome=Outcome.VOICEMAIL if state is CallState.ENDED else None,
            voicemail=voicemail if state is CallState.ENDED else None,
        )
        path = f"tenants/{TENANT}/calls/{session_id}"
        await database.commit([Put(path, call.to_firestore())])
        await calls.append_events(TENANT, session_id, [state_event(utc_now(), "edge", state)])
        await database.commit([Put(f"tenants/{TENANT}/sessions/{session_id}", {"x": 1})])
    # Of this call only an event is left, as after Firestore's TTL.
    await calls.append_events(TENANT, "gone", [state_event(utc_now(), "edge", CallState.ENDED)])
    await database.commit(
        [
            Put(f"phone_numbers/{NUMBER}", {"tenant_id": TENANT, "agent_id": AGENT, "former": former}),
            Put(f"tenants/{TENANT}/api_keys/k1", {"name": "k"}),
            Put("oauth_states/s1", {"tenant_id": TENANT}),
            Put("oauth_states/s2", {"tenant_id": "other"}),
        ]
    )
    gateway = await world.operator.twilio()
    owned = await gateway.find_number(NUMBER)
    assert owned is not None
    await gateway.configure_number(owned.sid, routing_to(EDGE))
