"""The lease lets one agent speak; the outcome is written once."""

from datetime import timedelta

import pytest

from shared.errors import NotFoundError
from shared.gateways.firestore import Create
from shared.models.agent import Agent
from shared.models.call import Call, CallState, FallbackReason, Outcome, Voicemail
from shared.models.session import SessionSnapshot
from shared.services.call_service import CallService
from shared.services.session_service import LeaseHeldError, LeaseLostError, SessionManager
from tests.fakes import FakeClock, FakeDatabase

pytestmark = pytest.mark.unit

T, S = "harbor", "ca1"
TTL = timedelta(seconds=5)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def database(clock: FakeClock) -> FakeDatabase:
    database = FakeDatabase()
    ids = {"session_id": S, "agent_id": "a", "call_sid": "CA1", "caller": None, "called": "+14155550100"}
    times = {"started_at": clock(), "expires_at": clock() + timedelta(days=1)}
    call = Call.model_validate(
        ids | times | {"state": "ringing", "active_until": clock() + timedelta(hours=1)}
    )
    agent = Agent(name="A", instructions="Help.")
    snapshot = SessionSnapshot.model_validate(
        ids
        | times
        | {"tenant_id": T, "room": "call-ca1", "agent": agent, "tools": [], "max_concurrent_calls": 2}
    )
    await SessionManager(database, now=clock).start_session(snapshot, call, [])  # pyright: ignore[reportArgumentType]
    return database


@pytest.fixture
def sessions(database: FakeDatabase, clock: FakeClock) -> SessionManager:
    return SessionManager(database, now=clock)  # pyright: ignore[reportArgumentType]


@pytest.fixture
def calls(database: FakeDatabase, clock: FakeClock) -> CallService:
    return CallService(database, now=clock)  # pyright: ignore[reportArgumentType]


async def test_a_lease_that_is_held_cannot_be_claimed_by_another(sessions: SessionManager) -> None:
    lease = await sessions.claim_lease(T, S, "one", TTL)
    assert lease.generation == 1
    with pytest.raises(LeaseHeldError):
        await sessions.claim_lease(T, S, "two", TTL)


@pytest.mark.parametrize(
    ("earlier", "later", "surplus"),
    [(0, 0, False), (1, 0, False), (1, 5, False), (2, 0, True), (2, 5, True)],
)
async def test_of_calls_that_came_at_once_those_beyond_the_limit_are_surplus(
    database: FakeDatabase,
    sessions: SessionManager,
    calls: CallService,
    clock: FakeClock,
    earlier: int,
    later: int,
    surplus: bool,
) -> None:
    snapshot = await sessions.get_session(T, S)  # the tenant may have two calls
    mine = database.documents[f"tenants/{T}/calls/{S}"]
    shifts = [*range(-earlier, 0), *range(1, later + 1)]
    for number, shift in enumerate(shifts):
        at = clock() + timedelta(milliseconds=shift)
        database.documents[f"tenants/{T}/calls/other-{number}"] = mine | {
            "session_id": f"other-{number}",
            "started_at": at,
        }
    assert await calls.is_surplus(snapshot) is surplus


async def test_a_call_that_ended_leaves_its_place_to_one_that_came_at_the_same_instant(
    database: FakeDatabase, sessions: SessionManager, calls: CallService
) -> None:
    snapshot = await sessions.get_session(T, S)
    mine = database.documents[f"tenants/{T}/calls/{S}"]
    for session_id in ("a1", "a2"):  # before ours in the alphabet, which decides among equals
        database.documents[f"tenants/{T}/calls/{session_id}"] = mine | {"session_id": session_id}
    assert await calls.is_surplus(snapshot)
    database.documents[f"tenants/{T}/calls/a1"]["active_until"] = None
    assert not await calls.is_surplus(snapshot)


async def test_claiming_again_as_the_same_owner_renews(sessions: SessionManager, clock: FakeClock) -> None:
    first = await sessions.claim_lease(T, S, "one", TTL)
    clock.advance(seconds=3)
    second = await sessions.claim_lease(T, S, "one", TTL)
    assert (second.generation, second.expires_at) == (first.generation, clock() + TTL)


async def test_an_expired_lease_is_taken_over_with_the_next_generation(
    sessions: SessionManager, clock: FakeClock
) -> None:
    old = await sessions.claim_lease(T, S, "one", TTL)
    clock.advance(seconds=6)
    assert (await sessions.claim_lease(T, S, "two", TTL)).generation == 2
    with pytest.raises(LeaseLostError):
        await sessions.renew_lease(T, S, old, TTL)


async def test_an_expired_lease_that_nobody_took_can_be_renewed(
    sessions: SessionManager, clock: FakeClock
) -> None:
    lease = await sessions.claim_lease(T, S, "one", TTL)
    clock.advance(seconds=6)
    assert (await sessions.renew_lease(T, S, lease, TTL)).expires_at == clock() + TTL


async def test_a_released_lease_is_free_at_once(sessions: SessionManager) -> None:
    lease = await sessions.claim_lease(T, S, "one", TTL)
    await sessions.release_lease(T, S, lease)
    taken = await sessions.claim_lease(T, S, "two", TTL)
    assert taken.generation == 2
    await sessions.release_lease(T, S, lease)  # late, by the one who lost it
    assert await sessions.renew_lease(T, S, taken, TTL)


async def test_an_owner_that_released_its_lease_comes_back_as_a_new_generation(
    sessions: SessionManager,
) -> None:
    lease = await sessions.claim_lease(T, S, "one", TTL)
    await sessions.release_lease(T, S, lease)
    assert (await sessions.claim_lease(T, S, "one", TTL)).generation == 2


async def test_a_session_of_another_tenant_does_not_exist(sessions: SessionManager) -> None:
    with pytest.raises(NotFoundError):
        await sessions.get_session("other", S)
    with pytest.raises(NotFoundError):
        await sessions.claim_lease("other", S, "one", TTL)


async def test_the_first_outcome_stays_and_usage_is_added(calls: CallService, clock: FakeClock) -> None:
    assert await calls.end_call(T, S, Outcome.CALLER_HUNG_UP, clock(), source="livekit")
    assert not await calls.end_call(T, S, Outcome.AGENT_ENDED, clock(), {"input_tokens": 12.0})
    call = await calls.get_call(T, S)
    assert (call.outcome, call.state) == (Outcome.CALLER_HUNG_UP, CallState.ENDED)
    assert (call.usage, call.active_until) == ({"input_tokens": 12.0}, None)
    assert [event_id for event_id, _ in await calls.read_events(T, S)] == ["livekit-ended"]


async def test_what_is_written_along_with_the_outcome_is_written_by_the_first_alone(
    calls: CallService, database: FakeDatabase, clock: FakeClock
) -> None:
    usage = {"agent_seconds": 7.5}
    for agent, outcome in enumerate((Outcome.CALLER_HUNG_UP, Outcome.AGENT_ENDED), 1):
        note = Create(f"notes/{agent}", {})
        await calls.end_call(T, S, outcome, clock(), usage, agent=agent, along=[note])
    assert [path for path in database.documents if path.startswith("notes/")] == ["notes/1"]


async def test_what_each_agent_of_a_call_used_is_added_and_counts_once(
    calls: CallService, clock: FakeClock
) -> None:
    first = {"input_audio_tokens": 10.0, "agent_seconds": 5.0}
    assert await calls.store_usage(T, S, 1, first)
    assert not await calls.store_usage(T, S, 1, first), "delivered twice"
    await calls.end_call(T, S, Outcome.CALLER_HUNG_UP, clock(), {"agent_seconds": 7.5}, agent=2)
    call = await calls.get_call(T, S)
    assert call.usage == {"input_audio_tokens": 10.0, "agent_seconds": 12.5}
    assert call.agent_usage == {"1": first, "2": {"agent_seconds": 7.5}}


async def test_an_ended_call_cannot_be_answered_or_sent_to_the_fallback(
    calls: CallService, clock: FakeClock
) -> None:
    await calls.end_call(T, S, Outcome.ABANDONED, clock())
    assert not await calls.mark_answered(T, S, clock())
    assert not await calls.request_fallback(T, S, FallbackReason.NO_AGENT)
    call = await calls.get_call(T, S)
    assert (call.state, call.answered_at, call.fallback_reason) == (CallState.ENDED, None, None)


async def test_the_first_reason_for_the_fallback_stays(calls: CallService) -> None:
    assert await calls.request_fallback(T, S, FallbackReason.MODEL_UNAVAILABLE)
    assert not await calls.request_fallback(T, S, FallbackReason.AGENT_LOST)
    assert (await calls.get_call(T, S)).fallback_reason is FallbackReason.MODEL_UNAVAILABLE


async def test_events_expire_with_their_call(
    calls: CallService, database: FakeDatabase, clock: FakeClock
) -> None:
    await calls.mark_answered(T, S, clock())
    expires_at = (await calls.get_call(T, S)).expires_at
    assert [event.expires_at for _, event in await calls.read_events(T, S)] == [expires_at]


async def test_a_second_message_is_not_shown_and_goes_from_twilio_with_its_call(
    database: FakeDatabase, calls: CallService
) -> None:
    """Its caller was led to the voicemail twice; without a note it stayed at Twilio for ever."""
    first, second = (
        Voicemail(recording_sid=sid, recording_url=f"https://api.twilio.com/{sid}", seconds=7)
        for sid in ("RE1", "RE2")
    )
    assert await calls.store_voicemail(T, S, first) is True
    for told_again in (second, first, second):
        assert await calls.store_voicemail(T, S, told_again) is False
    call = await calls.get_call(T, S)
    assert call.voicemail == first
    notes = [database.documents[f"tenants/{T}/recordings/{sid}"] for sid in ("RE1", "RE2")]
    assert notes == [{"session_id": S, "delete_after": call.expires_at}] * 2
