"""The webhook when warm: latency, round trips, throughput, and 200 calls at once, each delivered twice.

    python -m bench.webhook [--calls N] [--at-once N]

Runs the function as the cloud does, with one process. The Firestore and LiveKit stand-ins take their share of
the same CPUs, so that the figures are a lower bound of what the function can do.
"""

import argparse
import asyncio
import logging
import tempfile
import time
from pathlib import Path

from bench import report
from bench.round_trips import RoundTrips
from functions.incoming_call.edge import Edge
from functions.incoming_call.handle_incoming import handle_twilio_incoming
from functions.incoming_call.settings import EdgeSettings
from functions.incoming_call.twilio_requests import TwilioCall
from shared.models.session import room_name_for
from tests.edge_stack import INCOMING, TENANT, EdgeStack, call_params

ALLOWED_ROUND_TRIPS = 3


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.webhook", description=__doc__)
    parser.add_argument("--calls", type=int, default=200, help="one after another, and again side by side")
    parser.add_argument("--at-once", type=int, default=8, help="side by side, for the throughput")
    given = parser.parse_args()
    logging.disable(logging.WARNING)  # the stand-ins say that no worker takes the agents' jobs
    with tempfile.TemporaryDirectory() as folder:
        async with EdgeStack(Path(folder), announces_rooms=False) as stack:
            await stack.seed(max_concurrent_calls=1_000_000)
            await stack.start_function(LOG_LEVEL="ERROR")
            trips = await _round_trips(stack)
            await _ring(stack, 1)  # what the first call alone pays for is not warm
            latencies = [await _ring(stack, 10_000 + number) for number in range(given.calls)]
            per_second = await _throughput(stack, given.calls, given.at_once)
            burst = await _burst(stack)
    results = {
        "round_trips": trips.waves,
        "latency_ms": report.summary(latencies),
        "calls_per_second": round(per_second, 1),
        "at_once": given.at_once,
        "burst": burst,
    }
    report.table(
        "Webhook, warm",
        ["measure", "value"],
        [
            ("sequential round trips", trips.sequential),
            ("latency p50, ms", report.percentile(latencies, 50)),
            ("latency p95, ms", report.percentile(latencies, 95)),
            (f"calls per second, {given.at_once} at once", per_second),
            ("200 calls at once, twice each: sessions", burst["sessions"]),
            ("  rooms", burst["rooms"]),
            ("  errors", burst["errors"]),
            ("  slowest answer, ms", burst["slowest_ms"]),
        ],
    )
    report.write_json("webhook", results)
    right = burst["sessions"] == burst["rooms"] == 200 and burst["errors"] == 0
    return 0 if right and trips.sequential <= ALLOWED_ROUND_TRIPS else 1


async def _round_trips(stack: EdgeStack) -> RoundTrips:
    """Of one call, counted at the real gateways in this process."""
    plain = Edge.connect(EdgeSettings.from_env(stack.variables))
    trips = RoundTrips()
    edge = Edge(
        plain.settings,
        trips.watch(plain.database),
        trips.watch(plain.livekit),
        trips.watch(plain.tasks),
        trips.watch(plain.twilio),
    )
    params = call_params(2)
    document = await handle_twilio_incoming(
        edge, TwilioCall(params["CallSid"], params["From"], params["To"], "ringing")
    )
    await plain.livekit.aclose()
    if "<Sip" not in document:
        raise RuntimeError(f"the call was not connected: {document}")
    return trips


async def _ring(stack: EdgeStack, number: int) -> float:
    """Milliseconds of one new call's webhook."""
    began = time.perf_counter()
    status, body = await stack.post(INCOMING, call_params(number))
    took = (time.perf_counter() - began) * 1000
    if status != 200 or "<Sip" not in body:
        raise RuntimeError(f"call {number} was answered {status}: {body}")
    return took


async def _throughput(stack: EdgeStack, calls: int, at_once: int) -> float:
    waiting = iter(range(20_000, 20_000 + calls))

    async def keep_calling() -> None:
        for number in waiting:
            await _ring(stack, number)

    began = time.perf_counter()
    await asyncio.gather(*(keep_calling() for _ in range(at_once)))
    return calls / (time.perf_counter() - began)


async def _burst(stack: EdgeStack) -> dict[str, float]:
    numbers = range(30_000, 30_200)
    began = time.perf_counter()
    slowest = 0.0

    async def deliver(number: int) -> tuple[int, str]:
        nonlocal slowest
        answer = await stack.post(INCOMING, call_params(number))
        slowest = max(slowest, (time.perf_counter() - began) * 1000)
        return answer

    answers = await asyncio.gather(*(deliver(number) for number in [*numbers, *numbers]))
    wanted = {f"ca{number:032x}" for number in numbers}
    sessions = {session_id for session_id, _ in await stack.database.query(f"tenants/{TENANT}/sessions")}
    rooms = await stack.rooms()
    return {
        "sessions": len(wanted & sessions),
        "rooms": len({room_name_for(session_id) for session_id in wanted} & rooms),
        "errors": sum(status != 200 or "<Sip" not in body for status, body in answers),
        "slowest_ms": round(slowest),
    }


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
