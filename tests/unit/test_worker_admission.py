"""A worker takes exactly as many calls as it may, and only calls of ours."""

from typing import Any

import pytest
from livekit.protocol import agent, models

from shared.errors import ConfigurationError
from worker.admission import FULL, CallServer, answer_request, parse_metadata
from worker.settings import WorkerSettings

pytestmark = pytest.mark.unit

METADATA = '{"tenant_id": "harbor", "agent_id": "a1", "session_id": "ca1"}'
ENVIRONMENT = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "LIVEKIT_URL": "ws://l",
    "LIVEKIT_API_KEY": "k",
    "LIVEKIT_API_SECRET": "s",
    "GEMINI_API_KEY": "g",
}


class Server(CallServer):
    """With as many running and accepted calls as a test says."""

    def __init__(self, max_calls: int) -> None:
        super().__init__(max_calls=max_calls, ws_url="ws://unused", api_key="k", api_secret="s")
        self.calls = 0
        self._reserved_slots = 0
        self._devmode = False
        self._worker_load = 0.0

    @property
    def active_jobs(self) -> list[Any]:
        return [None] * self.calls


@pytest.mark.parametrize("max_calls", [1, 3, 7, 10])
def test_exactly_so_many_calls_are_taken(max_calls: int) -> None:
    server = Server(max_calls)
    taken = 0
    while server._is_available():
        taken += 1
        server.calls += 1
    assert taken == max_calls
    assert server._load() == pytest.approx(FULL)


def test_offers_in_the_same_instant_are_counted_before_their_jobs_run() -> None:
    server = Server(5)
    taken = 0
    while server._is_available():
        taken += 1
        server._reserved_slots += 1
    assert taken == 5


def test_below_the_limit_the_load_stays_below_what_livekit_refuses() -> None:
    server = Server(10)
    server.calls = 9
    assert server._load() < FULL


class Request:
    """`JobRequest`, as far as it is asked."""

    def __init__(self, metadata: str, room: str) -> None:
        self.job = agent.Job(metadata=metadata, room=models.Room(name=room))
        self.room = self.job.room
        self.answer = ""

    async def accept(self) -> None:
        self.answer = "accepted"

    async def reject(self, *, terminate: bool) -> None:
        self.answer = f"rejected, terminate={terminate}"


@pytest.mark.parametrize(
    ("metadata", "room", "answer"),
    [
        (METADATA, "call-ca1", "accepted"),
        (METADATA, "call-ca2", "rejected, terminate=True"),
        ("", "call-ca1", "rejected, terminate=True"),
        ("{}", "call-ca1", "rejected, terminate=True"),
        ("[1]", "call-ca1", "rejected, terminate=True"),
    ],
)
async def test_only_calls_of_ours_are_accepted(metadata: str, room: str, answer: str) -> None:
    request: Any = Request(metadata, room)
    await answer_request(request)
    assert request.answer == answer


def test_ids_are_read_from_the_metadata() -> None:
    ids = parse_metadata(METADATA, room="call-ca1")
    assert ids is not None
    assert ids.tenant_id == "harbor"


def test_settings_name_everything_that_is_missing_at_once() -> None:
    with pytest.raises(ConfigurationError) as error:
        WorkerSettings.from_env({"GEMINI_BACKEND": "gemini_api", "MAX_CALLS_PER_WORKER": "0"})
    for name in ("GOOGLE_CLOUD_PROJECT", "LIVEKIT_URL", "GEMINI_API_KEY", "MAX_CALLS_PER_WORKER"):
        assert name in str(error.value)


def test_vertex_ai_needs_a_location_and_no_key() -> None:
    environment = {**ENVIRONMENT, "GEMINI_API_KEY": "", "GEMINI_BACKEND": "vertex_ai"}
    with pytest.raises(ConfigurationError, match="GOOGLE_CLOUD_LOCATION"):
        WorkerSettings.from_env(environment)
    settings = WorkerSettings.from_env({**environment, "GOOGLE_CLOUD_LOCATION": "europe-west1"})
    assert settings.live_api_version == "v1beta1"


def test_the_gemini_api_is_the_default() -> None:
    settings = WorkerSettings.from_env(ENVIRONMENT)
    assert (settings.gemini_backend, settings.live_api_version) == ("gemini_api", "v1beta")
