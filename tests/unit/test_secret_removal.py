"""When a removal's task runs, and which removals share one."""

from typing import Any

import pytest

from shared.services.secret_removal import WINDOW, SecretRemovalQueue
from tests.fakes import FakeClock, FakeTasks

pytestmark = pytest.mark.unit


async def prepared(tasks: Any, clock: FakeClock, slug: str | None = None) -> None:
    queue = SecretRemovalQueue(tasks, "https://oauth.example.com", now=clock)
    await queue.prepare("harbor", "reception", slug)


async def test_the_task_runs_when_the_removal_is_certainly_over() -> None:
    tasks, clock = FakeTasks(), FakeClock()
    clock.advance(seconds=WINDOW.total_seconds() - 1)
    await prepared(tasks, clock, "crm")
    [(url, body, delay)] = tasks.tasks.values()
    assert url == "https://oauth.example.com/api/v1/tasks/forget-secrets"
    assert body == {"tenant_id": "harbor", "agent_id": "reception", "slug": "crm", "if_removed": True}
    assert WINDOW < delay <= 2 * WINDOW


async def test_repeated_at_once_it_is_one_task_and_tried_again_later_it_is_another() -> None:
    """The first one's task may have found that nothing was removed."""
    tasks, clock = FakeTasks(), FakeClock()
    await prepared(tasks, clock)
    await prepared(tasks, clock)
    assert len(tasks.tasks) == 1
    clock.advance(seconds=WINDOW.total_seconds())
    await prepared(tasks, clock)
    assert len(tasks.tasks) == 2


async def test_an_agent_and_each_of_its_tools_have_tasks_of_their_own() -> None:
    tasks, clock = FakeTasks(), FakeClock()
    for slug in (None, "crm", "google_calendar"):
        await prepared(tasks, clock, slug)
    assert len(tasks.tasks) == 3
