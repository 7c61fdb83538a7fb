"""Events are written in batches, in order, once, and in spite of failures."""

import asyncio
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from shared.errors import UnavailableError
from shared.repositories.calls import NamedEvent
from worker import call_log
from worker.call_log import CallLog

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Store:
    def __init__(self, failures: int = 0) -> None:
        self.batches: list[list[str]] = []
        self.failures = failures
        self.documents: dict[str, NamedEvent] = {}
        self.wrote = asyncio.Event()

    async def write(self, events: list[NamedEvent]) -> None:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("down")
        self.batches.append([event_id for event_id, _ in events])
        self.documents |= {event_id: (event_id, event) for event_id, event in events}
        self.wrote.set()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "BATCH_SECONDS", 0.01)
    monkeypatch.setattr(call_log, "RETRY_SECONDS", (0.01,))


def make(store: Store, generation: int = 1) -> CallLog:
    return CallLog(store.write, generation=generation, now=lambda: NOW)


async def write_full_batch(log: CallLog, store: Store) -> None:
    for _ in range(call_log.BATCH_EVENTS):
        log.notice("one of many")
    async with asyncio.timeout(5):
        await store.wrote.wait()


async def test_events_of_one_moment_are_one_batch_with_ids_in_order() -> None:
    store = Store()
    log = make(store, generation=2)
    log.turn("agent", "Hello.")
    log.turn("caller", "Hi.", interrupted=True, at=NOW - timedelta(seconds=1.5))
    async with asyncio.timeout(5):
        await store.wrote.wait()
    await log.close()
    assert store.batches == [["worker-2-000001", "worker-2-000002"]]
    event = store.documents["worker-2-000002"][1]
    assert (event.source, event.kind) == ("worker-2", "turn")
    assert event.data == {"speaker": "caller", "text": "Hi.", "interrupted": True, "seconds": 1.5}


async def test_a_turn_of_a_caller_who_was_heard_tells_when_they_spoke_and_stays_in_its_place() -> None:
    store = Store()
    log = make(store)
    log.turn("caller", "Hi.", at=NOW - timedelta(seconds=1), heard=(4.25, 1.5))
    await log.close()
    [(_, event)] = store.documents.values()
    assert event.at == NOW - timedelta(seconds=1)
    assert {name: event.data[name] for name in ("voice_from", "voice_until", "seconds")} == {
        "voice_from": "2026-11-23T08:59:55.750+00:00",
        "voice_until": "2026-11-23T08:59:58.500+00:00",
        "seconds": 2.75,
    }


async def test_as_many_events_as_a_batch_holds_wait_for_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "BATCH_SECONDS", 60)
    store = Store()
    log = make(store)
    await write_full_batch(log, store)
    await log.close()


async def test_of_a_turn_that_does_not_end_the_beginning_is_kept() -> None:
    store = Store()
    log = make(store)
    log.turn("agent", "x" * (call_log.MAX_TEXT + 1))
    await log.close()
    [(_, event)] = store.documents.values()
    assert event.data["text"] == "x" * call_log.MAX_TEXT


async def test_an_event_tells_when_it_happened_however_late_it_is_written() -> None:
    store, clock = Store(failures=2), iter(NOW + timedelta(seconds=n) for n in range(9))
    log = CallLog(store.write, generation=1, now=lambda: next(clock))
    log.notice("one")
    log.notice("two")
    assert await log.flush()
    happened = [event.at for _, event in store.documents.values()]
    assert happened == [NOW, NOW + timedelta(seconds=1)]


async def test_closing_writes_the_rest() -> None:
    store = Store()
    log = make(store)
    log.notice("The end.")
    await log.close()
    assert store.batches == [["worker-1-000001"]]


async def test_a_failed_batch_is_written_again_with_the_same_ids() -> None:
    store = Store(failures=2)
    log = make(store)
    log.notice("one")
    log.notice("two")
    assert await log.flush()
    assert sorted(store.documents) == ["worker-1-000001", "worker-1-000002"]


async def test_writes_that_fail_one_after_the_other_are_tried_again_after_longer_pauses(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without any, a store that is down would be asked as fast as the worker can."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(call_log, "asyncio", SimpleNamespace(**{**vars(asyncio), "sleep": sleep}))
    monkeypatch.setattr(call_log, "RETRY_SECONDS", (1.0, 2.0))
    store = Store(failures=3)
    log = make(store)
    log.notice("one")
    async with asyncio.timeout(5):
        await store.wrote.wait()
    assert pauses == [1.0, 2.0, 2.0]
    store.failures = 1
    store.wrote.clear()
    log.notice("two")
    async with asyncio.timeout(5):
        await store.wrote.wait()
    assert pauses == [1.0, 2.0, 2.0, 1.0]
    await log.close()


async def test_a_store_that_stays_down_holds_nothing_up() -> None:
    store = Store(failures=10_000)
    log = make(store)
    log.notice("lost")
    assert await log.flush(seconds=0.05) is False


async def test_batches_have_a_largest_size() -> None:
    store = Store()
    log = make(store)
    for number in range(250):
        log.notice(str(number))
    await log.close()
    assert [len(batch) for batch in store.batches] == [100, 100, 50]


async def test_beyond_the_bound_the_oldest_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The notice takes the place of one as well, which was not counted."""
    monkeypatch.setattr(call_log, "MAX_PENDING", 10)
    store = Store()
    log = make(store)
    for number in range(15):
        log.notice(str(number))
    await log.close()
    notices = [event.data for _, event in store.documents.values()]
    [dropped] = [data["count"] for data in notices if "count" in data]
    kept = [data["text"] for data in notices if "count" not in data]
    assert kept == [str(number) for number in range(dropped, 15)]
    assert len(notices) == 10


async def test_what_is_dropped_while_it_is_being_written_takes_nothing_else_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_log, "MAX_PENDING", 3)
    store = Store()
    write = store.write

    async def slow(events: list[NamedEvent]) -> None:
        if not store.batches:
            log.notice("4")
            log.notice("5")
        await write(events)

    log = CallLog(slow, generation=1, now=lambda: NOW)
    for number in (1, 2, 3):
        log.notice(str(number))
    await log.close()
    texts = [event.data["text"] for _, event in store.documents.values()]
    assert set("12345") <= set(texts)


async def test_after_a_full_batch_events_wait_for_others_again(monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store()
    log = make(store)
    await write_full_batch(log, store)
    monkeypatch.setattr(call_log, "BATCH_SECONDS", 60)
    store.wrote.clear()
    log.notice("one")
    for _ in range(20):
        await asyncio.sleep(0)
    log.notice("two")
    await log.close()
    assert [len(batch) for batch in store.batches] == [call_log.BATCH_EVENTS, 2]


async def test_a_batch_that_is_written_early_does_not_shorten_the_wait_of_the_next() -> None:
    log = make(Store())
    log.notice("one")
    timer = log._timer
    assert timer is not None
    assert await log.flush()
    assert timer.cancelled()
    await log.close()


async def test_events_that_cannot_be_written_for_good_do_not_keep_later_ones() -> None:
    store = Store()
    write, poisoned = store.write, {"worker-1-000001"}

    async def refuse(events: list[NamedEvent]) -> None:
        if poisoned & {event_id for event_id, _ in events}:
            raise ValueError("no such value")
        await write(events)

    log = CallLog(refuse, generation=1, now=lambda: NOW)
    log.notice("poison")
    assert await log.flush()
    log.notice("later")
    await log.close()
    notices = [event.data for _, event in store.documents.values()]
    assert {"text": "later"} in notices
    assert [data["count"] for data in notices if "count" in data] == [1]


async def test_what_a_model_makes_up_does_not_keep_the_batch_from_being_written() -> None:
    store = Store()
    log = make(store)
    log.add("tool_call", tool="shop", arguments={"days": [["mon"]]})
    await log.close()
    [(_, event)] = store.documents.values()
    assert event.data["arguments"] == {"days": ['["mon"]']}
