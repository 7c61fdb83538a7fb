"""Cloud Tasks v2 with HTTP targets, as the Python client speaks it to cloudtasks.googleapis.com."""

import re
import sqlite3
import uuid
from collections.abc import Callable
from datetime import timedelta

from google.cloud import tasks_v2 as ct
from google.protobuf import empty_pb2

from local.google.messages import dump, duration, load, seconds, timestamp
from local.google.rpc import Code, RpcError, method

NAME = "google.cloud.tasks.v2.CloudTasks"
HOST = "cloudtasks.googleapis.com"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS queues (name TEXT PRIMARY KEY, proto BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tasks (
    name TEXT PRIMARY KEY, queue TEXT NOT NULL, due REAL NOT NULL, proto BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS tasks_by_due ON tasks (due);
CREATE TABLE IF NOT EXISTS ended_tasks (name TEXT PRIMARY KEY, ended REAL NOT NULL);
"""
_QUEUE_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/queues/[A-Za-z0-9-]{1,100}")
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,500}")
_NAME_KEPT_SECONDS = 3600
"""A name cannot be used again for about an hour after its task ran or was deleted."""
_FURTHEST_SCHEDULE_SECONDS = 30 * 86400
_MAX_TASK_BYTES = 1024 * 1024
_DEFAULT_DEADLINE = timedelta(minutes=10)
_DEFAULT_RETRIES = ct.RetryConfig(
    max_attempts=100,
    min_backoff=duration(timedelta(seconds=0.1)),
    max_backoff=duration(timedelta(hours=1)),
    max_doublings=16,
)

View = ct.Task.View


class CloudTasks:
    """Queues and their waiting tasks; `local.google.delivery` carries them out."""

    def __init__(
        self, database: sqlite3.Connection, clock: Callable[[], float], changed: Callable[[], None]
    ) -> None:
        """`changed` is called when a task may have become due earlier than known."""
        self._database = database
        self._clock = clock
        self._changed = changed
        database.executescript(_SCHEMA)

    def ensure_queue(self, name: str) -> None:
        """Make the queue of a deployment's configuration unless it is there."""
        if self._find_queue(name) is None:
            self.CreateQueue(
                ct.CreateQueueRequest(parent=name.partition("/queues/")[0], queue=ct.Queue(name=name))
            )

    @method(ct.CreateQueueRequest, ct.Queue, "cloudtasks.queues.create")
    def CreateQueue(self, request: ct.CreateQueueRequest) -> ct.Queue:
        queue = ct.Queue(request.queue)
        if not _QUEUE_NAME.fullmatch(queue.name) or not queue.name.startswith(f"{request.parent}/queues/"):
            raise RpcError(Code.INVALID_ARGUMENT, f"Invalid resource field value: queue name '{queue.name}'.")
        if self._find_queue(queue.name) is not None:
            raise RpcError(Code.ALREADY_EXISTS, "Queue already exists.")
        queue.state = ct.Queue.State.RUNNING
        queue.retry_config = _with_defaults(queue.retry_config)
        self._database.execute("INSERT INTO queues VALUES (?, ?)", (queue.name, dump(queue)))
        return queue

    @method(ct.GetQueueRequest, ct.Queue, "cloudtasks.queues.get")
    def GetQueue(self, request: ct.GetQueueRequest) -> ct.Queue:
        return self.queue(request.name)

    @method(ct.CreateTaskRequest, ct.Task, "cloudtasks.tasks.create")
    def CreateTask(self, request: ct.CreateTaskRequest) -> ct.Task:
        queue = self.queue(request.parent)
        task = ct.Task(request.task)
        task.name = task.name or f"{queue.name}/tasks/{uuid.uuid4().int % 10**19}"
        self._check(task, queue.name)
        if self._find(task.name) is not None or self._ended_recently(task.name):
            raise RpcError(
                Code.ALREADY_EXISTS,
                "The task cannot be created because a task with this name existed too recently.",
            )
        now = self._clock()
        due = max(seconds(task.schedule_time), now) if "schedule_time" in task else now
        task.create_time = timestamp(now)
        task.schedule_time = timestamp(due)
        if "dispatch_deadline" not in task:
            task.dispatch_deadline = duration(_DEFAULT_DEADLINE)
        self._database.execute(
            "INSERT INTO tasks VALUES (?, ?, ?, ?)",
            (task.name, queue.name, seconds(task.schedule_time), dump(task)),
        )
        self._changed()
        return _view(task, request.response_view)

    @method(ct.GetTaskRequest, ct.Task, "cloudtasks.tasks.get")
    def GetTask(self, request: ct.GetTaskRequest) -> ct.Task:
        return _view(self._task(request.name), request.response_view)

    @method(ct.ListTasksRequest, ct.ListTasksResponse, "cloudtasks.tasks.list")
    def ListTasks(self, request: ct.ListTasksRequest) -> ct.ListTasksResponse:
        queue = self.queue(request.parent)
        size = min(request.page_size or 1000, 1000)
        rows = self._database.execute(
            "SELECT proto FROM tasks WHERE queue = ? AND name > ? ORDER BY name LIMIT ?",
            (queue.name, request.page_token, size),
        ).fetchall()
        tasks = [load(ct.Task, row["proto"]) for row in rows]
        return ct.ListTasksResponse(
            tasks=[_view(task, request.response_view) for task in tasks],
            next_page_token=tasks[-1].name if len(tasks) == size else "",
        )

    @method(ct.DeleteTaskRequest, empty_pb2.Empty, "cloudtasks.tasks.delete")
    def DeleteTask(self, request: ct.DeleteTaskRequest) -> empty_pb2.Empty:
        self.end(self._task(request.name).name)
        return empty_pb2.Empty()

    @method(ct.RunTaskRequest, ct.Task, "cloudtasks.tasks.run")
    def RunTask(self, request: ct.RunTaskRequest) -> ct.Task:
        task = self._task(request.name)
        task.schedule_time = timestamp(self._clock())
        self.save(task)
        self._changed()
        return _view(task, request.response_view)

    # What delivery needs.

    def queue(self, name: str) -> ct.Queue:
        queue = self._find_queue(name)
        if queue is None:
            raise RpcError(Code.NOT_FOUND, "Requested entity was not found. The queue does not exist.")
        return queue

    def due(self) -> list[ct.Task]:
        rows = self._database.execute(
            "SELECT proto FROM tasks WHERE due <= ? ORDER BY due", (self._clock(),)
        ).fetchall()
        return [load(ct.Task, row["proto"]) for row in rows]

    def next_due(self) -> float | None:
        """When the next task that is not due yet becomes due."""
        row = self._database.execute("SELECT min(due) FROM tasks WHERE due > ?", (self._clock(),)).fetchone()
        return None if row[0] is None else float(row[0])

    def exists(self, name: str) -> bool:
        return self._find(name) is not None

    def save(self, task: ct.Task) -> None:
        """Write the task's new state, unless it was deleted meanwhile."""
        self._database.execute(
            "UPDATE tasks SET due = ?, proto = ? WHERE name = ?",
            (seconds(task.schedule_time), dump(task), task.name),
        )

    def end(self, name: str) -> None:
        """Remove the task and remember its name."""
        self._database.execute("DELETE FROM tasks WHERE name = ?", (name,))
        self._database.execute("INSERT OR REPLACE INTO ended_tasks VALUES (?, ?)", (name, self._clock()))

    def _check(self, task: ct.Task, queue: str) -> None:
        parent, _, task_id = task.name.rpartition("/tasks/")
        if parent != queue or not _TASK_ID.fullmatch(task_id):
            raise RpcError(Code.INVALID_ARGUMENT, f"Invalid resource field value: task name '{task.name}'.")
        if not task.http_request.url.startswith(("http://", "https://")):
            raise RpcError(Code.INVALID_ARGUMENT, "HttpRequest.url must start with 'http://' or 'https://'.")
        if (
            "schedule_time" in task
            and seconds(task.schedule_time) > self._clock() + _FURTHEST_SCHEDULE_SECONDS
        ):
            raise RpcError(Code.INVALID_ARGUMENT, "The schedule_time is more than 30 days in the future.")
        if len(dump(task)) > _MAX_TASK_BYTES:
            raise RpcError(Code.INVALID_ARGUMENT, "Task size too large.")
        if task.http_request.oauth_token.service_account_email:
            raise RpcError(Code.UNIMPLEMENTED, "The laptop cloud sends OIDC tokens only, not oauth_token.")

    def _find_queue(self, name: str) -> ct.Queue | None:
        row = self._database.execute("SELECT proto FROM queues WHERE name = ?", (name,)).fetchone()
        return None if row is None else load(ct.Queue, row["proto"])

    def _find(self, name: str) -> ct.Task | None:
        row = self._database.execute("SELECT proto FROM tasks WHERE name = ?", (name,)).fetchone()
        return None if row is None else load(ct.Task, row["proto"])

    def _task(self, name: str) -> ct.Task:
        task = self._find(name)
        if task is None:
            gone = self._ended_recently(name)
            message = "The task no longer exists." if gone else "Requested entity was not found."
            raise RpcError(Code.NOT_FOUND, message)
        return task

    def _ended_recently(self, name: str) -> bool:
        oldest = self._clock() - _NAME_KEPT_SECONDS
        self._database.execute("DELETE FROM ended_tasks WHERE ended <= ?", (oldest,))
        return (
            self._database.execute("SELECT 1 FROM ended_tasks WHERE name = ?", (name,)).fetchone() is not None
        )


def _with_defaults(given: ct.RetryConfig) -> ct.RetryConfig:
    filled = ct.RetryConfig(_DEFAULT_RETRIES)
    ct.RetryConfig.pb(filled).MergeFrom(ct.RetryConfig.pb(given))
    return filled


def _view(task: ct.Task, view: ct.Task.View) -> ct.Task:
    """BASIC, the default, leaves out the body, which may be large or confidential."""
    shown = ct.Task(task)
    shown.view = view or View.BASIC
    if shown.view == View.BASIC:
        shown.http_request.body = b""
    return shown
