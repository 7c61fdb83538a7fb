"""A new worker release beside the old one, with callers on the line: it goes on or back by itself, and nobody
is lost on the way."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import pytest
import pytest_asyncio

from local.phone.timeline import Moment
from local.report import CallReport
from local.scenario import Scenario
from local.supervisor import Part, Supervisor, python
from shared.gateways.firestore import Remove
from shared.models.call import Outcome
from shared.models.releases import Releases
from shared.repositories.releases import RELEASES_PATH, ReleaseRepository
from tests.calls.laptop import Laptop, TestTenant, running_cloud
from tests.calls.trunkline import Trunkline
from tests.faults.disturbed_call import GOODBYE, TALK, pid_of

pytestmark = [pytest.mark.calls, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

V1, V2 = "trunkline", "v2"
CALLERS = 2
"""At once, one call after the other."""

PATIENT = Scenario.model_validate(
    TALK.model_dump()
    | {
        "name": "Stays on the line until the release has changed",
        "turns": [{"wait_seconds": 100}, GOODBYE],
    }
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def laptop(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Laptop]:
    async with running_cloud(tmp_path_factory.mktemp("laptop")) as laptop:
        yield laptop


class ModelLine:
    """What the new release reaches its model through; `cut` ends that for good."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[int]:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        try:
            yield self._server.sockets[0].getsockname()[1]
        finally:
            self.cut()

    def cut(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers |= {writer, far_writer}
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@asynccontextmanager
async def second_release(laptop: Laptop, line: ModelLine) -> AsyncGenerator[None]:
    """Workers of V2 beside those of V1."""
    async with line.serving() as port:
        part = Part(
            "worker",
            python("-m", "worker.worker", "start"),
            ready_line="registered worker",
            env=laptop.cloud.environment.worker()
            | {
                "PYTHONPATH": os.pathsep.join(sys.path),
                "AGENT_NAME": V2,
                "WARM_PROCESSES": "2",
                "GOOGLE_GEMINI_BASE_URL": f"https://127.0.0.1:{port}",
            },
        )
        async with Supervisor([part], laptop.cloud.state / "second-release"):
            yield


class Callers:
    """Somebody always calls while the context is entered."""

    def __init__(self, tenant: TestTenant) -> None:
        self._tenant = tenant
        self._enough = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self.reports: list[CallReport] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._call_on(number)) for number in range(CALLERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._enough.set()
        await asyncio.gather(*self._tasks)

    async def _call_on(self, number: int) -> None:
        while not self._enough.is_set():
            name = f"caller-{number}-{len(self.reports)}"
            report = await self._tenant.player.play(self._tenant.dialling(TALK), name=name)
            self.reports.append(report)


async def releases(laptop: Laptop) -> Releases:
    return await ReleaseRepository(laptop.database, V1).get()


def release_command(tenant: TestTenant) -> Trunkline:
    return Trunkline(tenant.laptop.cloud, TRUNKLINE_TEST_AGENT=f"{tenant.tenant_id}/{tenant.agent_id}")


ROLLOUT = ("release", "run", V2, "--steps", "50,100", "--minimum-calls", "1", "--interval", "0.5", "--apply")


async def dispatched_to(laptop: Laptop, tenant: TestTenant, report: CallReport) -> list[str]:
    """The releases that agents of the call were asked of, in order."""
    assert report.call_sid is not None
    path = f"tenants/{tenant.tenant_id}/calls/{report.call_sid.lower()}/events"
    events = await laptop.database.query(path, ("kind", "==", "dispatch"))
    return [fields["data"]["agent_name"] for _, fields in events]


async def test_a_healthy_release_takes_over_and_the_old_ones_calls_are_handed_to_it(
    laptop: Laptop, tmp_path: Path
) -> None:
    patience = {"agent_silence_prompt_seconds": 120, "agent_silence_hangup_seconds": 120}
    tenant, waiting = await laptop.tenant(), await laptop.tenant(**patience)
    async with second_release(laptop, ModelLine(laptop.cloud.ports.gemini)):
        served = asyncio.Event()  # by V1: nothing else takes calls yet

        def note(moment: Moment) -> None:
            if moment.name == "answered":
                served.set()

        patient = asyncio.create_task(
            waiting.player.play(waiting.dialling(PATIENT), name="patient", on_moment=note)
        )
        async with asyncio.timeout(30):
            await served.wait()
        drain = f"kill -TERM {pid_of(laptop.cloud, 'worker')}"
        async with Callers(tenant) as callers:
            done = await release_command(tenant)(*ROLLOUT, "--drain-command", drain)
        report = await patient
    assert done.exit_code == 0, done.errors
    now = await releases(laptop)
    assert {each.agent_name: each.share for each in now.releases} == {V2: 100, V1: 0}
    assert [each.failures for each in callers.reports if each.failures] == []
    assert report.failures == []
    assert await dispatched_to(laptop, waiting, report) == [V1, V2]


async def test_a_release_that_breaks_goes_back_by_itself_and_its_callers_are_served(laptop: Laptop) -> None:
    await restore(laptop)
    tenant, line = await laptop.tenant(), ModelLine(laptop.cloud.ports.gemini)

    def break_it(said: str) -> None:
        if said.startswith("50 %"):
            line.cut()

    async with second_release(laptop, line), Callers(tenant) as callers:
        done = await release_command(tenant)(*ROLLOUT, on_line=break_it)
    assert done.exit_code == 1
    assert "rolled back" in done.errors
    now = await releases(laptop)
    assert {each.agent_name: each.share for each in now.releases} == {V2: 0, V1: 100}
    outcomes = {report.outcome for report in callers.reports}
    assert outcomes <= {Outcome.AGENT_ENDED, Outcome.VOICEMAIL}, "an agent or the fallback, never nothing"
    assert Outcome.VOICEMAIL in outcomes


async def test_a_release_that_does_not_speak_gets_no_call(laptop: Laptop) -> None:
    await restore(laptop)
    tenant, line = await laptop.tenant(), ModelLine(laptop.cloud.ports.gemini)
    async with second_release(laptop, line):
        line.cut()
        done = await release_command(tenant)(*ROLLOUT)
    assert done.exit_code == 1
    assert "the agent said nothing" in done.errors
    assert await releases(laptop) == Releases.only(V1)


async def restore(laptop: Laptop) -> None:
    await laptop.database.commit([Remove(RELEASES_PATH)])
    assert laptop.cloud.supervisor is not None
    await laptop.cloud.supervisor.until_ready("worker")
