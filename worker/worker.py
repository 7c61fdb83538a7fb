"""The worker: takes calls from LiveKit, each in a process of its own.

`python -m worker.worker start` registers with LiveKit and serves calls until SIGTERM. Then it takes no more,
hands the running calls to other workers, and is gone within the ten seconds that a container has.
"""

if __name__ == "__main__":
    from worker import fork_server  # before all else is imported

    fork_server.leave_when_told()
    fork_server.start()

import argparse
import asyncio
import functools
import logging
import signal
import sys
import time
from importlib.machinery import ModuleSpec
from typing import Any

from livekit.agents import AutoSubscribe, JobContext, JobExecutorType, JobProcess

from shared.errors import ConfigurationError, NotFoundError, TrunklineError, UnavailableError
from shared.livekit_native import keep_logs_native
from shared.models.session import Lease, RoomMetadata
from shared.services.session_service import LeaseHeldError
from shared.telemetry import configure_logging
from worker.admission import CallServer, answer_request, parse_metadata
from worker.call import Call
from worker.crash_watch import CrashWatch
from worker.health import HealthEndpoint
from worker.heartbeat import Heartbeat
from worker.lease import open_session
from worker.services import Services
from worker.settings import WorkerSettings
from worker.tool_binding import create_tool_func
from worker.warm_up import tls_context

__all__ = ["create_tool_func", "entrypoint", "main", "make_server"]

log = logging.getLogger(__name__)

JOIN_SECONDS = 9.0
"""For joining the room. The lease is not renewed meanwhile; while the phone rings the edge waits so long."""
DRAIN_SECONDS = 0.2
"""For jobs that were just accepted to get their process. Then every running call is handed over at once: the
next agent's first words are due within three seconds."""
CLOSE_SECONDS = 7.0
"""For handing over what is left; a process that takes longer is killed."""


async def entrypoint(ctx: JobContext) -> None:
    """Serve one call: claim the right to speak, read the snapshot, and stay until the call is over."""
    began = time.monotonic()
    ids = parse_metadata(ctx.job.metadata, room=ctx.job.room.name)
    if ids is None:
        ctx.shutdown("not a call of ours")
        return
    ctx.log_context_fields = {
        "tenant_id": ids.tenant_id,
        "session_id": ids.session_id,
        "job_id": ctx.job.id,
    }
    services = Services.open(WorkerSettings.from_env(), tls_context())
    # An agent in the room that has published nothing is neither seen nor heard by the caller.
    joining = asyncio.create_task(_join(ctx))
    try:
        snapshot, lease = await open_session(
            services.sessions,
            ids.tenant_id,
            ids.session_id,
            owner=ctx.job.id,
            worker=services.settings.worker_id,
        )
    except (LeaseHeldError, NotFoundError, UnavailableError) as error:
        log.warning("this agent is not needed or cannot serve: %s", error)
        await asyncio.gather(joining, return_exceptions=True)
        await services.aclose()
        ctx.shutdown("no lease")
        return
    try:
        await joining
        call = Call(ctx, services, snapshot, lease, began=began)
    except BaseException:
        await _give_back(services, ids, lease)
        raise
    ctx.proc.userdata["call"] = call
    ctx.proc.userdata["serving"] = asyncio.create_task(_serve(ctx, call, services))


async def _give_back(services: Services, ids: RoomMetadata, lease: Lease) -> None:
    """Another agent may come at once; the edge dispatches one. Or later, when the lease has run out."""
    try:
        await services.sessions.release_lease(ids.tenant_id, ids.session_id, lease)
    except TrunklineError as error:
        log.warning("the lease could not be given back: %s", error)
    finally:
        await services.aclose()


async def _join(ctx: JobContext) -> None:
    # livekit-rtc itself tries for much longer than a caller is to hear ringing.
    async with asyncio.timeout(JOIN_SECONDS):
        await ctx.connect(auto_subscribe=AutoSubscribe.AUDIO_ONLY)


async def _serve(ctx: JobContext, call: Call, services: Services) -> None:
    # Not awaited by the entrypoint: when the worker stops, livekit-agents closes the conversation only after
    # the entrypoint has returned, and that is how a call learns that it must be handed over.
    try:
        await call.serve()
    except Exception:
        log.exception("the call was not ended in order")
    finally:
        ctx.shutdown("the call is over")
        await services.aclose()


async def _on_session_end(ctx: JobContext) -> None:
    """The process may end only when the caller has been seen to."""
    call: Call | None = ctx.proc.userdata.get("call")
    if call is not None:
        # A conversation that has not begun is not closed either, so that the call has not heard of the end.
        call.conversation_closed(error=False)
        await asyncio.wait([ctx.proc.userdata["serving"]])


def _set_up_process(process: JobProcess) -> None:
    keep_logs_native()
    # Inherited from the fork server, where there is one.
    tls_context()


def make_server(settings: WorkerSettings) -> CallServer:
    agent_server = CallServer(
        max_calls=settings.max_calls_per_worker,
        ws_url=settings.livekit_url,
        api_key=settings.livekit_api_key,
        api_secret=settings.livekit_secret.get_secret_value(),
        job_executor_type=JobExecutorType.PROCESS,
        preload_modules=["worker.preload"],  # for who runs the server otherwise than by `main`
        setup_fnc=_set_up_process,
        num_idle_processes=min(settings.warm_processes, settings.max_calls_per_worker),
        drain_timeout=1,  # for who runs the server otherwise than by `main`
        # To add up the memory of each process every five seconds takes a fiftieth of what its call does, for
        # a line in the log; the deployment's dashboard shows the memory of the instance.
        job_memory_warn_mb=0,
        shutdown_process_timeout=CLOSE_SECONDS,
        session_end_timeout=CLOSE_SECONDS,
        host="127.0.0.1",  # livekit-agents' own answer to "are you well", which nobody is to believe
        port=0,
        log_level=settings.log_level,
    )
    agent_server.rtc_session(
        entrypoint,
        agent_name=settings.agent_name,
        on_request=answer_request,
        on_session_end=_on_session_end,
    )
    return agent_server


def __getattr__(name: str) -> Any:
    # `server` is made when it is asked for: importing this module must not need any settings.
    if name == "server":
        return _server()
    raise AttributeError(name)


@functools.cache
def _server() -> CallServer:
    return make_server(WorkerSettings.from_env())


async def run(agent_server: CallServer, settings: WorkerSettings) -> None:
    """Serve until SIGTERM or SIGINT, then leave in order."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with HealthEndpoint(agent_server, settings.health_port):
        await _serve_until(stop, agent_server, settings)


async def _serve_until(stop: asyncio.Event, agent_server: CallServer, settings: WorkerSettings) -> None:
    services = Services.open(settings, tls_context())
    crashes = CrashWatch(agent_server, services)
    heartbeat = Heartbeat(
        services.sessions, settings.worker_id, serving=lambda: agent_server.running_calls > 0
    )
    serving = asyncio.create_task(agent_server.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([serving, stopping], return_when=asyncio.FIRST_COMPLETED)
    if not serving.done():
        log.info("stopping: no more calls are taken, the running ones are handed over")
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await agent_server.drain()
        except TimeoutError:
            log.info("%d calls are handed over", len(agent_server.active_jobs))
        await agent_server.aclose()
    stopping.cancel()
    await crashes.aclose()
    await heartbeat.stop()
    await services.aclose()
    await serving


class _NoSpokenWords(logging.Filter):
    """livekit-agents marks what people said; that belongs to the call's events, not to logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        for name in [name for name in vars(record) if name.startswith("lk.pii") or name == "job_request"]:
            delattr(record, name)
        return True


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m worker.worker", description=__doc__)
    parser.add_argument("command", choices=["start"])
    parser.parse_args()
    try:
        settings = WorkerSettings.from_env()
    except ConfigurationError as error:
        print(error, file=sys.stderr)  # noqa: T201 - for whoever starts it
        sys.exit(2)
    configure_logging(settings.log_level)
    for handler in logging.getLogger().handlers:
        handler.addFilter(_NoSpokenWords())
    asyncio.run(run(_server(), settings))


if __name__ == "__main__":
    # Under its own name, so that a call's process finds the entrypoint in what it has inherited; and with a
    # name for this module that tells multiprocessing not to run it once more in each of them.
    from worker import worker

    __spec__ = ModuleSpec("worker.__main__", None)
    worker.main()
