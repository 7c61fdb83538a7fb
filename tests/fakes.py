"""The gateways in memory, for unit tests. Each keeps what it was asked to do and can be told to fail."""

import asyncio
import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from livekit.protocol.models import ParticipantInfo

from shared.errors import AlreadyExistsError, NotFoundError, UnavailableError
from shared.gateways.firestore import Create, Exists, Fields, Filter, Order, Put, Remove, Write
from shared.gateways.twilio import AccountCall, AccountRecording
from shared.models.session import RoomMetadata

OPERATORS_ENV = {
    "GOOGLE_CLOUD_PROJECT": "example-project",
    "INCOMING_CALL_URL": "https://api.example.com",
    "OAUTH_URL": "https://api.example.com",
    "TOOLS_API_URL": "https://api.example.com",
    "TASKS_QUEUE": "projects/example-project/locations/us-central1/queues/calls",
    "LIVEKIT_URL": "wss://livekit.example.com",
    "SIP_HOST": "sip.example.com",
    "TRUNKLINE_TEST_AGENT": "harbor/reception",
}
"""Where the `trunkline` command finds a deployment without a file."""


class FakeClock:
    def __init__(self, now: datetime = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)) -> None:
        self.at = now

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> None:
        self.at += timedelta(**by)


class Faulty:
    """`fails`: every request is refused. `hangs`: none is answered until `fake.revive()`."""

    def __init__(self) -> None:
        self.fails = False
        self._blocked: asyncio.Event | None = None

    def hang(self) -> None:
        self._blocked = asyncio.Event()

    def revive(self) -> None:
        self.fails = False
        if self._blocked is not None:
            self._blocked.set()
            self._blocked = None

    async def _request(self) -> None:
        if self._blocked is not None:
            await self._blocked.wait()
        if self.fails:
            raise UnavailableError(f"{type(self).__name__} is told to fail")
        await asyncio.sleep(0)  # others get to run in between, as with a real request


class FakeDatabase(Faulty):
    """`shared.gateways.firestore.Database` over a dict of path → fields."""

    def __init__(self, documents: Mapping[str, Fields] | None = None) -> None:
        super().__init__()
        self.documents: dict[str, Fields] = dict(documents or {})

    async def get(self, path: str) -> Fields | None:
        await self._request()
        return copy.deepcopy(self.documents.get(path))

    async def get_all(self, *paths: str) -> list[Fields | None]:
        await self._request()
        return [copy.deepcopy(self.documents.get(path)) for path in paths]

    async def query(
        self, collection: str, *filters: Filter, order_by: str | None = None
    ) -> list[tuple[str, Fields]]:
        await self._request()
        return self._matching(collection, filters, order_by)

    async def count(self, collection: str, *filters: Filter) -> int:
        await self._request()
        return len(self._matching(collection, filters, None))

    async def group(
        self, collection_id: str, *filters: Filter, order: Order | None = None, limit: int | None = None
    ) -> list[tuple[str, Fields]]:
        await self._request()
        collections = {path.rpartition("/")[0] for path in self.documents}
        found = [
            (f"{collection}/{document_id}", fields)
            for collection in sorted(collections)
            if collection.rpartition("/")[2] == collection_id
            for document_id, fields in self._matching(collection, filters, None)
        ]
        if order is not None:
            name, direction = order
            found.sort(key=lambda document: document[1][name], reverse=direction == "DESCENDING")
        return found[:limit]

    async def commit(self, writes: Iterable[Write]) -> None:
        await self._request()
        self._apply(list(writes))

    async def update(
        self,
        path: str,
        decide: Callable[[Fields], tuple[Fields, list[Write]]],
        *,
        reading: Sequence[str] | None = None,
    ) -> bool:
        while True:
            await self._request()
            if path not in self.documents:
                raise NotFoundError(f"no document {path}")
            read = copy.deepcopy(self.documents[path])
            shown = {name: read[name] for name in read if reading is None or name in reading}
            changes, writes = decide(copy.deepcopy(shown))
            if not changes:
                return False
            await self._request()
            if self.documents.get(path) != read:
                continue  # changed meanwhile: Firestore refuses the commit, and we start again
            self._apply(writes)
            self.documents[path].update(copy.deepcopy(changes))
            return True

    def _apply(self, writes: list[Write]) -> None:
        for write in writes:
            if isinstance(write, Create) and write.path in self.documents:
                raise AlreadyExistsError(f"{write.path} exists already")
            if isinstance(write, Exists) and write.path not in self.documents:
                raise NotFoundError(f"no document {write.path}")
        for write in writes:
            match write:
                case Create() | Put():
                    self.documents[write.path] = copy.deepcopy(write.fields)
                case Remove():
                    self.documents.pop(write.path, None)
                case Exists():
                    pass

    def _matching(
        self, collection: str, filters: Iterable[Filter], order_by: str | None
    ) -> list[tuple[str, Fields]]:
        found = [
            (path.rpartition("/")[2], copy.deepcopy(fields))
            for path, fields in sorted(self.documents.items())
            if path.rpartition("/")[0] == collection and all(_passes(fields, f) for f in filters)
        ]
        return sorted(found, key=lambda document: document[1][order_by]) if order_by else found


def _passes(fields: Fields, condition: Filter) -> bool:
    name, operator, wanted = condition
    value = fields.get(name)
    if wanted is None:
        return operator == "==" and name in fields and value is None
    if value is None:
        return False
    match operator:
        case "==":
            return value == wanted
        case "<":
            return value < wanted
        case "<=":
            return value <= wanted
        case ">":
            return value > wanted
        case ">=":
            return value >= wanted


class FakeLiveKit(Faulty):
    """`shared.gateways.livekit.LiveKitGateway`: rooms with participants."""

    def __init__(self) -> None:
        super().__init__()
        self.rooms: dict[str, list[ParticipantInfo]] = {}
        self.created: list[tuple[str, RoomMetadata]] = []
        """One entry a room that really came into being: each got an agent dispatched."""
        self.dispatches: list[tuple[str, RoomMetadata]] = []
        self.asked: list[str] = []
        """The releases that agents were asked of, rooms' first ones included."""
        self.deleted: list[str] = []

    async def create_room(self, room: str, metadata: RoomMetadata, agent_name: str) -> None:
        await self._request()
        if room not in self.rooms:
            self.rooms[room] = []
            self.asked.append(agent_name)
            self.created.append((room, metadata))

    async def delete_room(self, room: str) -> None:
        await self._request()
        self.rooms.pop(room, None)
        self.deleted.append(room)

    async def create_dispatch(self, room: str, metadata: RoomMetadata, agent_name: str) -> None:
        await self._request()
        self.asked.append(agent_name)
        self.dispatches.append((room, metadata))

    async def list_participants(self, room: str) -> list[ParticipantInfo]:
        await self._request()
        return list(self.rooms.get(room, []))

    async def remove_participant(self, room: str, identity: str) -> None:
        await self._request()
        self.rooms[room] = [one for one in self.rooms.get(room, []) if one.identity != identity]

    async def aclose(self) -> None:
        return


class FakeTasks(Faulty):
    """`shared.gateways.cloud_tasks.CloudTasksGateway`: tasks by name, with (url, body, delay)."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks: dict[str, tuple[str, dict[str, Any], timedelta]] = {}

    async def enqueue(
        self,
        url: str,
        body: Mapping[str, Any],
        *,
        name: str,
        delay: timedelta = timedelta(0),
        audience: str | None = None,
    ) -> bool:
        await self._request()
        if name in self.tasks:
            return False
        self.tasks[name] = (url, dict(body), delay)
        return True


class FakeTwilio(Faulty):
    """`shared.gateways.twilio.TwilioGateway`."""

    def __init__(self) -> None:
        super().__init__()
        self.redirected: list[tuple[str, str]] = []
        self.hung_up: list[str] = []
        self.calls: dict[str, AccountCall] = {}
        self.recordings: dict[str, list[AccountRecording]] = {}
        """By the SID of their call."""

    async def find_call(self, call_sid: str) -> AccountCall | None:
        await self._request()
        return self.calls.get(call_sid)

    async def recordings_of(self, call_sid: str) -> list[AccountRecording]:
        await self._request()
        return list(self.recordings.get(call_sid, []))

    async def messages_since(self, since: datetime) -> list[AccountRecording]:
        """All: when they were recorded is not told."""
        await self._request()
        return [recording for found in self.recordings.values() for recording in found]

    async def redirect_call(self, call_sid: str, url: str) -> bool:
        await self._request()
        self.redirected.append((call_sid, url))
        return True

    async def hang_up(self, call_sid: str) -> bool:
        await self._request()
        self.hung_up.append(call_sid)
        return True
