"""Workers that serve agent jobs: registration, choice, assignment and termination.

The worker protocol (`/agent`) and its rules are those of livekit-server: a job is offered to one worker at
a time, to a less loaded one rather; when no worker takes it, it is dropped for good. Workers register for
rooms (JT_ROOM); the other job types are not implemented.
"""

import asyncio
import logging
import random
import time
from dataclasses import dataclass, field

from aiohttp import WSMsgType, web
from google.protobuf.message import DecodeError
from livekit.protocol import agent as ag
from livekit.protocol import models as m

from local.livekit.embedded.config import VERSION, Config
from local.livekit.embedded.ids import new_id
from local.livekit.embedded.tokens import agent_token

log = logging.getLogger(__name__)

_ASSIGN_TIMEOUT_SECONDS = 10
_REGISTER_TIMEOUT_SECONDS = 10
_SEND_TIMEOUT_SECONDS = 5
_AGENT_NAME_ATTRIBUTE = "lk.agent_name"
_ENDED = (ag.JobStatus.JS_SUCCESS, ag.JobStatus.JS_FAILED)


class _WorkerDeclinedError(Exception):
    """This worker will not have the job; another may."""


def _now_ns() -> int:
    return time.time_ns()


@dataclass(eq=False)
class Worker:
    socket: web.WebSocketResponse
    agent_name: str
    permission: m.ParticipantPermission
    id: str = field(default_factory=lambda: new_id("AW"))
    status: ag.WorkerStatus = ag.WorkerStatus.WS_AVAILABLE
    load: float = 0
    jobs: dict[str, ag.Job] = field(default_factory=dict[str, ag.Job])
    offers: dict[str, asyncio.Future[ag.AvailabilityResponse]] = field(
        default_factory=dict[str, "asyncio.Future[ag.AvailabilityResponse]"]
    )

    @property
    def available(self) -> bool:
        return self.status == ag.WorkerStatus.WS_AVAILABLE

    async def send(self, message: ag.ServerMessage) -> None:
        try:
            await asyncio.wait_for(self.socket.send_bytes(message.SerializeToString()), _SEND_TIMEOUT_SECONDS)
        except (ConnectionError, TimeoutError):
            raise _WorkerDeclinedError("its connection has gone") from None

    async def ask(self, job: ag.Job) -> ag.AvailabilityResponse:
        answer: asyncio.Future[ag.AvailabilityResponse] = asyncio.get_running_loop().create_future()
        self.offers[job.id] = answer
        try:
            await self.send(ag.ServerMessage(availability=ag.AvailabilityRequest(job=job)))
            response = await asyncio.wait_for(answer, _ASSIGN_TIMEOUT_SECONDS)
        finally:
            self.offers.pop(job.id, None)
        if not response.available and not response.terminate:
            raise _WorkerDeclinedError("it is not available")
        return response

    def closed(self) -> None:
        for answer in self.offers.values():
            if not answer.done():
                answer.set_exception(_WorkerDeclinedError("its connection has gone"))


class AgentPool:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._workers: dict[str, Worker] = {}

    # Dispatching

    async def launch(self, job: ag.Job) -> bool:
        """Offer the job to workers in turn; true when one took it, with `job.state` saying which agent comes.

        False is final: there is no queue.
        """
        refused: set[Worker] = set()
        while worker := self._choose(job.agent_name, refused):
            refused.add(worker)
            try:
                return await self._assign(worker, job)
            except _WorkerDeclinedError as reason:
                log.info("worker %s declined job %s: %s", worker.id, job.id, reason)
            except TimeoutError:
                log.warning("worker %s did not answer about job %s", worker.id, job.id)
                return False
        level = logging.WARNING if job.agent_name else logging.DEBUG  # the nameless agent is nobody's wish
        log.log(level, "no worker takes job %s (agent %r, room %s)", job.id, job.agent_name, job.room.name)
        return False

    def _choose(self, agent_name: str, refused: set[Worker]) -> Worker | None:
        workers = [w for w in self._workers.values() if w.agent_name == agent_name and w.available]
        if not any(worker.load < self._config.target_load for worker in workers):
            return None
        free = [(worker, max(0.0, 1 - worker.load)) for worker in workers if worker not in refused]
        if not any(weight for _, weight in free):
            return None
        return random.choices([worker for worker, _ in free], [weight for _, weight in free])[0]

    async def _assign(self, worker: Worker, job: ag.Job) -> bool:
        job.state.worker_id = worker.id
        job.state.started_at = job.state.updated_at = _now_ns()
        job.state.status = ag.JobStatus.JS_RUNNING
        answer = await worker.ask(job)
        if answer.terminate:
            job.state.status = ag.JobStatus.JS_SUCCESS
            return True
        job.state.participant_identity = answer.participant_identity
        token = agent_token(
            self._config.key,
            self._config.secret,
            room=job.room.name,
            identity=answer.participant_identity,
            name=answer.participant_name,
            metadata=answer.participant_metadata,
            attributes={**answer.participant_attributes, _AGENT_NAME_ATTRIBUTE: worker.agent_name},
            permission=worker.permission,
        )
        await worker.send(ag.ServerMessage(assignment=ag.JobAssignment(job=job, token=token)))
        worker.jobs[job.id] = job
        log.info("job %s for room %s assigned to worker %s", job.id, job.room.name, worker.id)
        return True

    async def terminate(self, job: ag.Job, *, agent_left: bool) -> None:
        """Tell the job's worker to end it. A job that ended already is left alone."""
        worker = next((w for w in self._workers.values() if job.id in w.jobs), None)
        if worker is None:
            return
        del worker.jobs[job.id]
        job.state.ended_at = job.state.updated_at = _now_ns()
        job.state.status = ag.JobStatus.JS_FAILED if agent_left else ag.JobStatus.JS_SUCCESS
        job.state.error = "agent worker left the room" if agent_left else ""
        try:
            await worker.send(ag.ServerMessage(termination=ag.JobTermination(job_id=job.id)))
        except _WorkerDeclinedError:
            log.info("worker %s has gone with job %s", worker.id, job.id)

    # The workers' connections

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        worker: Worker | None = None
        try:
            worker = await asyncio.wait_for(self._register(socket), _REGISTER_TIMEOUT_SECONDS)
            async for message in socket:
                if message.type == WSMsgType.BINARY:
                    await self._handle(worker, message.data)
        except (TimeoutError, DecodeError, _WorkerDeclinedError) as error:
            log.warning("closing a worker's connection: %r", error)
        finally:
            if worker:
                del self._workers[worker.id]
                worker.closed()
                log.info("worker %s (agent %r) has gone", worker.id, worker.agent_name)
            await socket.close()
        return socket

    async def _register(self, socket: web.WebSocketResponse) -> Worker:
        while True:
            message = await socket.receive()
            if message.type != WSMsgType.BINARY:
                raise _WorkerDeclinedError("it closed the connection before it registered")
            request = ag.WorkerMessage.FromString(message.data)
            if request.WhichOneof("message") == "register":
                break
        register = request.register
        if register.type != ag.JobType.JT_ROOM:
            raise _WorkerDeclinedError(f"UNIMPLEMENTED: job type {ag.JobType.Name(register.type)}")
        default = m.ParticipantPermission(
            can_subscribe=True, can_publish=True, can_publish_data=True, can_update_metadata=True
        )
        allowed = register.allowed_permissions if register.HasField("allowed_permissions") else default
        worker = Worker(socket, register.agent_name, allowed)
        info = m.ServerInfo(edition=m.ServerInfo.Standard, version=VERSION, protocol=16, agent_protocol=1)
        await worker.send(
            ag.ServerMessage(register=ag.RegisterWorkerResponse(worker_id=worker.id, server_info=info))
        )
        self._workers[worker.id] = worker
        log.info("worker %s registered for agent %r", worker.id, worker.agent_name)
        return worker

    async def _handle(self, worker: Worker, data: bytes) -> None:
        request = ag.WorkerMessage.FromString(data)
        match request.WhichOneof("message"):
            case "availability":
                answer = worker.offers.get(request.availability.job_id)
                if answer and not answer.done():
                    answer.set_result(request.availability)
            case "update_worker":
                if request.update_worker.HasField("status"):
                    worker.status = request.update_worker.status
                worker.load = request.update_worker.load
            case "update_job":
                self._update_job(worker, request.update_job)
            case "ping":
                pong = ag.WorkerPong(last_timestamp=request.ping.timestamp, timestamp=int(time.time() * 1000))
                await worker.send(ag.ServerMessage(pong=pong))
            case other:
                log.warning("UNIMPLEMENTED: worker message %s", other)

    def _update_job(self, worker: Worker, update: ag.UpdateJobStatus) -> None:
        job = worker.jobs.get(update.job_id)
        if job is None:  # its room may have closed first
            return
        job.state.status = update.status
        job.state.error = update.error
        job.state.updated_at = _now_ns()
        if update.status in _ENDED:
            job.state.ended_at = job.state.updated_at
            del worker.jobs[update.job_id]
