"""Calls as the platform stores them, for the pages that show calls."""

import asyncio
from datetime import UTC, datetime, timedelta

from local.cloud import Cloud
from shared.models.call import Call, CallEvent, CallState, Outcome
from shared.repositories.calls import CallRepository

TENANT = "harbor-dental"


def seeded(number: int, *, day: int = 20, **fields: object) -> Call:
    """On `day` of November 2026. Who counts a day's calls takes one to itself: the cloud is everybody's."""
    started = datetime(2026, 11, day, 9, number, tzinfo=UTC)
    values: dict[str, object] = {
        "session_id": f"seeded-{number}",
        "agent_id": "front-desk",
        "call_sid": f"CA{number:032d}",
        "state": CallState.ENDED,
        "caller": f"+1415555{300 + number:04d}",
        "called": "+14155550100",
        "started_at": started,
        "answered_at": started + timedelta(seconds=1),
        "ended_at": started + timedelta(seconds=30),
        "outcome": Outcome.CALLER_HUNG_UP,
    }
    return Call.model_validate(values | fields)


async def store(cloud: Cloud, *calls: Call) -> None:
    documents = CallRepository(cloud.database)
    await asyncio.gather(*(documents.create(TENANT, call, []) for call in calls))


def event(at: datetime, kind: str, **data: object) -> CallEvent:
    return CallEvent.model_validate({"at": at, "source": "worker-1", "kind": kind, "data": data})


async def store_events(cloud: Cloud, call: Call, *events: CallEvent) -> None:
    """The first ones that the call has."""
    numbered = [(f"worker-1-{number:06d}", each) for number, each in enumerate(events, 1)]
    await CallRepository(cloud.database).append_events(TENANT, call.session_id, numbered, None)
