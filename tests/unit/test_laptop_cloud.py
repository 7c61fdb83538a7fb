"""The laptop cloud on its folder: what another, or an earlier, one does to it."""

import fcntl
import os
import socket
from pathlib import Path

import psutil
import pytest

from local import cloud as cloud_module
from local.cloud import NotRunningError, Running, laptop_cloud
from local.environment import Ports
from local.play import ended_call
from local.supervisor import PartError
from shared.errors import UnavailableError
from shared.models.call import Call

pytestmark = pytest.mark.unit


async def test_what_an_earlier_version_left_is_named_as_a_reason_why_a_part_does_not_start(
    tmp_path: Path,
) -> None:
    state = tmp_path / "my state"
    for left_behind in (False, True):
        (state / "firestore").mkdir(parents=True, exist_ok=True)
        (state / "firestore" / "firestore.sqlite").write_text("of another version")
        if left_behind:
            (state / "tls" / "server.pem").write_text("damaged")
        with pytest.raises(PartError, match="firestore ended at once") as error:
            async with laptop_cloud(state):
                pass
        assert str(error.value).endswith(f"start empty: rm -r '{state}'") == left_behind


async def test_a_folder_on_which_a_laptop_cloud_runs_is_refused_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second `make up` on the same folder used to kill the first one's parts as left-overs."""
    ended: list[dict[int, float]] = []
    monkeypatch.setattr(cloud_module, "end_leftovers", ended.append)
    (tmp_path / "running.json").write_text(Running(ports=Ports.choose(), pids={1: 1.0}).model_dump_json())
    (tmp_path / "kept").touch()
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("4711")
        lock.flush()
        for _ in range(2):  # being refused changes nothing
            with pytest.raises(PartError, match="runs on this folder already, as process 4711; stop it"):
                async with laptop_cloud(tmp_path, fresh=True):
                    pass
    assert ended == []
    assert (tmp_path / "kept").exists()


async def test_a_fresh_start_forgets_what_earlier_runs_left(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(PartError, match="cannot be used"):
        async with laptop_cloud(tmp_path, fresh=True, base_port=taken.getsockname()[1]):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["lock"]
    assert (tmp_path / "lock").read_text() == str(os.getpid())


async def test_a_port_that_somebody_uses_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            PartError, match=f"firestore: port {port} cannot be used: Address already in use$"
        ):
            async with laptop_cloud(tmp_path, base_port=port):
                pass


async def never() -> Call:
    raise UnavailableError("Firestore does not answer")


async def test_a_laptop_cloud_that_is_stopped_during_a_call_ends_the_waiting_for_its_outcome(
    tmp_path: Path,
) -> None:
    """The player once asked a Firestore that was gone for minutes, without a word."""
    with pytest.raises(NotRunningError, match="no laptop cloud runs on"):
        await ended_call(never, tmp_path)


async def test_the_outcome_is_waited_for_while_firestore_starts_again(tmp_path: Path) -> None:
    me = psutil.Process()
    running = Running(ports=Ports.choose(), pids={me.pid: me.create_time()})
    (tmp_path / "running.json").write_text(running.model_dump_json())
    assert await ended_call(never, tmp_path, seconds=0.1) is None
