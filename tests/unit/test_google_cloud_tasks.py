"""What Google documents about retries, and how long a task's name stays taken."""

import sqlite3
from datetime import timedelta

import pytest
from google.cloud import tasks_v2 as ct

from local.google.cloud_tasks import CloudTasks
from local.google.delivery import backoff, exhausted
from local.google.messages import duration, timestamp
from local.google.rpc import Code, RpcError

pytestmark = pytest.mark.unit

QUEUE = "projects/p/locations/l/queues/q"


def test_pauses_double_then_grow_linearly_up_to_the_maximum() -> None:
    # The example of the documentation of RetryConfig.max_doublings.
    retries = ct.RetryConfig(
        min_backoff=duration(timedelta(seconds=10)),
        max_backoff=duration(timedelta(seconds=300)),
        max_doublings=3,
    )
    pauses = [backoff(attempt, retries).total_seconds() for attempt in range(1, 9)]
    assert pauses == [10, 20, 40, 80, 160, 240, 300, 300]


@pytest.mark.parametrize(
    ("retries", "attempts", "age", "ends"),
    [
        (ct.RetryConfig(max_attempts=3), 2, 0, False),
        (ct.RetryConfig(max_attempts=3), 3, 0, True),
        (ct.RetryConfig(max_attempts=-1), 1000, 1e6, False),
        (ct.RetryConfig(max_attempts=3, max_retry_duration=duration(timedelta(seconds=60))), 9, 59, False),
        (ct.RetryConfig(max_attempts=3, max_retry_duration=duration(timedelta(seconds=60))), 9, 60, True),
        (ct.RetryConfig(max_attempts=-1, max_retry_duration=duration(timedelta(seconds=60))), 9, 60, True),
    ],
)
def test_a_task_ends_when_every_limit_of_its_queue_is_reached(
    retries: ct.RetryConfig, attempts: int, age: float, ends: bool
) -> None:
    task = ct.Task(dispatch_count=attempts, first_attempt=ct.Attempt(dispatch_time=timestamp(1000)))
    assert exhausted(task, retries, 1000 + age) is ends


def test_a_tasks_name_stays_taken_for_an_hour_after_it_ended() -> None:
    now = 1_000_000.0
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.row_factory = sqlite3.Row
    tasks = CloudTasks(database, lambda: now, changed=lambda: None)
    tasks.ensure_queue(QUEUE)
    task = ct.Task(name=f"{QUEUE}/tasks/t", http_request=ct.HttpRequest(url="http://localhost/"))
    request = ct.CreateTaskRequest(parent=QUEUE, task=task)

    tasks.CreateTask(request)
    tasks.end(task.name)
    now += 3599
    with pytest.raises(RpcError) as refused:
        tasks.CreateTask(request)
    assert refused.value.code == Code.ALREADY_EXISTS
    now += 1
    assert tasks.CreateTask(request).name == task.name
