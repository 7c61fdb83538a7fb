"""Call set-up: from Twilio's webhook to the greeting in the caller's ear, through a laptop cloud of its own.

    python -m bench.call_setup [--calls N] [--embedded-livekit]

Whole calls, one after the other: webhook, function, Firestore, LiveKit, worker, model, WebRTC, telephone
sound. They end as soon as the greeting has been heard.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench import report
from local.cloud import laptop_cloud
from local.commands import seed_cloud
from local.livekit.real import find_server
from local.play import Player
from local.scenario import Expect, Say, Scenario
from local.seed import DEMO, Seed
from shared.input_files import load_yaml

TARGET_MS = 1500
"""From the webhook to the greeting, at the 95th percentile."""

GREETED = Scenario(
    name="The caller hears the greeting and hangs up",
    dials="+14155550100",
    greeting=[Say(say="Hello, how can I help you?")],
    expect=Expect(),
)
STEPS = {
    "TwiML": "webhook → TwiML",
    "agent ready": "webhook → agent in the room",
    "answered": "webhook → answered",
    "first word": "webhook → greeting heard",
}


async def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.call_setup", description=__doc__)
    parser.add_argument("--calls", type=int, default=10)
    parser.add_argument("--embedded-livekit", action="store_true", help="even where livekit-server is found")
    given = parser.parse_args(arguments)
    embedded = given.embedded_livekit or find_server() is None
    with tempfile.TemporaryDirectory(prefix="bench-call-setup-") as folder:
        times = await measure(Path(folder), given.calls, embedded)
    summaries = {name: report.summary(times[step]) for step, name in STEPS.items()}
    server = "embedded" if embedded else "livekit-server"
    report.table(
        f"Call set-up, {given.calls} calls one after the other, LiveKit: {server}, ms",
        ["", "median", "p95", "max"],
        [(name, row["median"], row["p95"], row["max"]) for name, row in summaries.items()],
    )
    report.write_json(
        "call_setup",
        {"calls": given.calls, "livekit": server, "milliseconds": summaries, "target_ms": TARGET_MS},
    )
    return 0 if summaries[STEPS["first word"]]["p95"] <= TARGET_MS else 1


async def measure(folder: Path, calls: int, embedded_livekit: bool) -> dict[str, list[float]]:
    """Milliseconds by step. Raises `RuntimeError` when a call does not come about."""
    times: dict[str, list[float]] = {step: [] for step in STEPS}
    seed = load_yaml(DEMO, Seed)
    async with laptop_cloud(folder, embedded_livekit=embedded_livekit) as cloud:
        await seed_cloud(cloud, seed)
        player = Player(cloud, seed, folder / "calls")
        for number in range(-1, calls):  # the first one warms the function and does not count
            played = await player.play(GREETED, name=f"call-{number}")
            if not played.ok:
                raise RuntimeError(f"call {number}: {'; '.join(played.failures)}")
            for step in STEPS if number >= 0 else ():
                milliseconds = played.step(step)
                if milliseconds is None:
                    raise RuntimeError(f"call {number}: no moment {step!r}")
                times[step].append(milliseconds)
    return times


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
