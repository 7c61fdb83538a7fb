"""LiveKit: jobs find their workers, once.

The same cases run against the embedded server and livekit-server; where the latter is not found, its cases
are skipped, visibly (`make livekit-server` builds it). Workers come before rooms: livekit-server makes a list
of the agents that there are with the first room, and makes it anew only a moment after another one has come.
"""

import asyncio

import pytest
from livekit import api
from livekit.agents import AgentServer, JobContext, JobExecutorType, JobRequest
from livekit.protocol import agent as ag
from livekit.protocol import models as m

from tests.contract.livekit_clients import KEY, SECRET, WAIT_SECONDS, Member, Worker, token
from tests.contract.livekit_servers import (
    AGENT,
    ROOM,
    Join,
    Server,
    create_room,
    dispatch,
    dispatch_until_offered,
    join,
    server,
    wanted,
)

__all__ = ["join", "server"]

pytestmark = pytest.mark.contract


async def test_a_dispatch_that_finds_no_worker_is_lost_and_a_later_one_works(server: Server) -> None:
    await create_room(server, agents=wanted("lost"))
    await dispatch(server, "lost too")
    async with Worker(server.url, AGENT) as worker:
        await dispatch_until_offered(server, "found", worker.offers)
        job = (await worker.job("found")).job
    # The real server answers before it looks for a worker, and may do that only when one has come, so that
    # the loss is of the embedded one alone for certain.
    if not server.is_real:
        assert {item.metadata for item in worker.offers} == {"found"}
    assert (job.room.name, job.agent_name) == (ROOM, AGENT)


async def test_the_assigned_token_admits_an_agent_that_carries_its_name(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        await create_room(server, agents=wanted("go"), metadata="ids")
        assignment = await worker.job("go")
        agent = await Member().connect(server.url, assignment.token)
        request = api.RoomParticipantIdentity(room=ROOM, identity=f"agent-{assignment.job.id}")
        seen = await server.api.room.get_participant(request)
        assert seen.kind == m.ParticipantInfo.AGENT
        assert seen.attributes["lk.agent_name"] == AGENT
        assert (assignment.job.room.metadata, assignment.job.metadata) == ("ids", "go")
        await agent.leave()


async def test_a_job_whose_agent_has_left_the_room_is_terminated(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        await create_room(server, agents=wanted("go"))
        assignment = await worker.job("go")
        agent = await Member().connect(server.url, assignment.token)
        # The real server knows whose job it is only when this lists it, up to 5 s later.
        await server.lists_a_job(ROOM)
        await agent.leave()
        await worker.until(lambda: worker.terminated, "the termination")
        assert worker.terminated == [assignment.job.id]


async def test_a_full_worker_gets_no_job_and_a_free_one_does(server: Server) -> None:
    async with Worker(server.url, AGENT) as full, Worker(server.url, AGENT) as free:
        await create_room(server)
        await full.report(1.0, ag.WorkerStatus.WS_FULL)
        await free.report(0.1, ag.WorkerStatus.WS_AVAILABLE)
        for number in range(3):
            await dispatch(server, str(number))
            await free.job(str(number))
    assert not full.offers


async def test_a_job_that_one_worker_declines_goes_to_the_next(server: Server) -> None:
    async with (
        Worker(server.url, AGENT, available=False) as unwilling,
        Worker(server.url, AGENT) as willing,
    ):
        await create_room(server)
        await unwilling.report(0.0, ag.WorkerStatus.WS_AVAILABLE)
        await willing.report(0.9, ag.WorkerStatus.WS_AVAILABLE)
        await dispatch(server, "go")
        await willing.job("go")


async def test_a_worker_that_died_gets_no_job(server: Server) -> None:
    async with Worker(server.url, AGENT) as dead:
        await create_room(server)
        await dispatch(server, "before")
        await dead.job("before")
    async with Worker(server.url, AGENT) as alive:
        await dispatch_until_offered(server, "after", alive.offers)
        await alive.job("after")
    assert [item.metadata for item in dead.offers] == ["before"]


async def test_a_deleted_dispatch_ends_the_job_and_removes_the_agent(server: Server) -> None:
    async with Worker(server.url, AGENT) as worker:
        await create_room(server)
        dispatch_id = await dispatch(server, "go")
        assignment = await worker.job("go")
        agent = await Member().connect(server.url, assignment.token)
        listed = await server.api.agent_dispatch.list_dispatch(ROOM)
        assert dispatch_id in [item.id for item in listed]
        await server.api.agent_dispatch.delete_dispatch(dispatch_id, ROOM)
        assert await agent.gone() == "PARTICIPANT_REMOVED"
        assert worker.terminated == [assignment.job.id]
        await agent.leave()


async def test_a_dispatch_to_a_room_that_does_not_exist_fails(server: Server) -> None:
    with pytest.raises(api.TwirpError) as error:
        await dispatch(server, "nowhere")
    assert error.value.code == "unavailable"


async def test_room_settings_in_a_token_create_the_room_and_call_the_agent(server: Server) -> None:
    config = api.RoomConfiguration(agents=wanted("from token"), metadata="ids")
    access = token("browser", room_join=True, room=ROOM, room_create=True, config=config)
    async with Worker(server.url, AGENT) as worker:
        browser = await Member().connect(server.url, access)
        job = (await worker.job("from token")).job
        await browser.leave()
    assert (job.room.name, job.room.metadata) == (ROOM, "ids")


async def test_a_worker_of_the_agents_framework_gets_its_job_and_joins(server: Server, join: Join) -> None:
    """livekit-agents' own AgentServer, its job in a thread of this process."""
    offers: list[JobRequest] = []
    jobs: list[tuple[str, str]] = []

    async def entrypoint(context: JobContext) -> None:
        await context.connect()
        jobs.append((context.room.name, context.job.metadata))
        await context.room.local_participant.set_attributes({"state": "ready"})

    async def accept(request: JobRequest) -> None:
        offers.append(request)
        await request.accept()

    worker = AgentServer(
        job_executor_type=JobExecutorType.THREAD,
        num_idle_processes=0,
        host="127.0.0.1",
        port=0,
        ws_url=server.url,
        api_key=KEY,
        api_secret=SECRET,
        load_fnc=lambda: 0.0,
    )
    worker.rtc_session(entrypoint, agent_name=AGENT, on_request=accept)
    registered = asyncio.Event()
    worker.on("worker_registered", lambda *_: registered.set())
    running = asyncio.create_task(worker.run(devmode=True))
    try:
        await asyncio.wait_for(registered.wait(), WAIT_SECONDS)
        await create_room(server)
        await dispatch_until_offered(server, "go", offers)
        caller = await join("caller", kind="sip")
        agent = await caller.until(lambda: next(iter(caller.others.values()), None), "the agent")
        assert agent.kind == m.ParticipantInfo.AGENT
        await caller.until(lambda: agent.attributes.get("state") == "ready", "the agent's attribute")
        assert set(jobs) == {(ROOM, "go")}
        assert len(jobs) == 1 or server.is_real
    finally:
        await worker.aclose()
        await asyncio.gather(running, return_exceptions=True)
