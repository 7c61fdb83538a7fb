"""What `up`, `demo`, `call` and `token` do, once their arguments are checked."""

import asyncio
import contextlib
import functools
import json
import os
import shlex
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil

from local.cloud import Cloud, laptop_cloud
from local.environment import PROJECT
from local.folders import made_folder
from local.identity.seeding import seed_members
from local.interrupts import until_interrupted
from local.next_steps import DEPLOYMENT, OPERATOR_ENV
from local.phone.timeline import Moment
from local.play import CONTROL_TIMEOUT, Player
from local.report import CallReport, percentiles_text, timeline_text
from local.scenario import Scenario
from local.seed import Seed, Seeder
from local.transcript import Transcript
from shared.errors import ConfigurationError
from shared.gateways.secret_manager import SecretManagerGateway

NO_TIME_LEFT = 95
"""Per cent of all processors, over a second: sound comes late before it is 100."""
TOO_LONG = 5
"""Such seconds in a run, from which on they are named as a reason."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


async def up(
    seed: Seed,
    state: Path,
    base_port: int | None,
    embedded_livekit: bool,
    next_steps: Callable[[Cloud], str],
) -> int:
    """Run until Ctrl-C or SIGTERM. What is in `state` stays; seeds come back as they were."""
    started = time.monotonic()
    say("Starting the laptop cloud…")
    with until_interrupted(say_stopping):
        async with laptop_cloud(
            state, base_port=base_port, embedded_livekit=embedded_livekit, console=True, say=say
        ) as cloud:
            await seed_cloud(cloud, seed)
            members = {tenant_id: tenant.members for tenant_id, tenant in seed.tenants.items()}
            await seed_members(cloud.database, cloud.ports.url("identity"), members)
            say(f"The laptop cloud runs since {time.monotonic() - started:.1f} s. Logs: {state}/logs\n")
            _write_for_operator(cloud)
            say(next_steps(cloud))
            await asyncio.Event().wait()
    return 0


async def demo(scenario: Scenario, seed: Seed, out: Path, embedded_livekit: bool) -> int:
    """One call through a stack of its own, which starts empty and is gone afterwards."""
    started = time.monotonic()
    status = INTERRUPTED
    state = made_folder(out) / "demo"
    say("Starting the laptop cloud…")
    with until_interrupted(say_stopping):
        async with laptop_cloud(state, fresh=True, embedded_livekit=embedded_livekit, say=say) as cloud:
            await seed_cloud(cloud, seed)
            say(f"The stack is up after {time.monotonic() - started:.1f} s. Dialling {scenario.dials}…\n")
            async with _measured_load() as load:
                report = await followed(Player(cloud, seed, out, say), scenario)
            (out / "call.json").write_text(report.model_dump_json(indent=2), encoding="utf-8")
            say("\n" + timeline_text(report))
            files = f"{report.wav} (caller left, agent right), {out}/call.json"
            say(f"\noutcome: {report.outcome}; recording: {files}; logs: {state}/logs")
            status = verdict([report], load)
            # What follows takes seconds.
            say("Stopping…")
    return status


async def call(scenario: Scenario, seed: Seed, state: Path, calls: int, out: Path) -> int:
    """Against a running stack. Each of several calls has a copy of the tenant: none is in another's way."""
    cloud = Cloud.attach(state)
    made_folder(out)
    if calls == 1:
        await seed_cloud(cloud, seed)
        async with _measured_load() as load:
            report = await followed(Player(cloud, seed, out, say), scenario)
        files = f"recording: {report.wav}; logs: {state}/logs"
        print("\n" + timeline_text(report) + f"\noutcome: {report.outcome}; {files}")
        reports = [report]
    else:
        copies = [seed.copy_for(number) for number in range(1, calls + 1)]
        for copy in copies:
            await seed_cloud(cloud, copy)
        say_once = functools.cache(say)  # what one waits for, all wait for
        plays = (
            Player(cloud, copy, out, say_once).play(
                # By the caller's number the model knows which call it is in.
                scenario.model_copy(update={"dials": copy.number_like(seed, scenario.dials), "caller": None}),
                name=f"call-{number}",
            )
            for number, copy in enumerate(copies, 1)
        )
        say(f"Playing {calls} calls at once…")
        async with _measured_load() as load:
            reports = await asyncio.gather(*plays)
        print(percentiles_text(reports))
    text = json.dumps([report.model_dump(mode="json") for report in reports], indent=2)
    (out / "calls.json").write_text(text, encoding="utf-8")
    return verdict(reports, load)


async def token(email: str, state: Path) -> int:
    """Sign somebody in at a running stack and print the ID token.

    Raises `ConfigurationError` when nobody has that e-mail: the issuer would make somebody up.
    """
    issuer = Cloud.attach(state).ports.url("identity")
    async with aiohttp.ClientSession(issuer, raise_for_status=True, timeout=CONTROL_TIMEOUT) as http:
        async with http.get("/_local/users") as answer:
            known = [user["email"] for user in await answer.json()]
        if email not in known:
            raise ConfigurationError(f"email: expected one of {', '.join(known) or 'none'}, found {email!r}")
        async with http.post("/_local/tokens", json={"email": email}) as answer:
            print((await answer.json())["id_token"])
    return 0


async def seed_cloud(cloud: Cloud, seed: Seed) -> None:
    database = cloud.database  # first: it also lets this process in as the owner
    secrets = SecretManagerGateway(PROJECT, os.environ["SECRET_MANAGER_ENDPOINT"])
    try:
        await Seeder(database, secrets, cloud.ports).apply(seed)
    finally:
        await secrets.aclose()


async def followed(player: Player, scenario: Scenario) -> CallReport:
    transcript = Transcript(time.time(), say)

    def count_from_dialling(moment: Moment) -> None:
        if moment.name == "dialed":
            transcript.started = moment.at

    try:
        return await player.play(scenario, name="call", follow=transcript.add, on_moment=count_from_dialling)
    finally:
        transcript.flush()


@asynccontextmanager
async def _measured_load() -> AsyncGenerator[list[float]]:
    """How busy all processors are, in per cent; each second adds its own."""
    load: list[float] = []

    async def measure() -> None:
        psutil.cpu_percent()
        while True:
            await asyncio.sleep(1)
            load.append(psutil.cpu_percent())

    task = asyncio.create_task(measure())
    try:
        yield load
    finally:
        task.cancel()


def verdict(reports: list[CallReport], load: list[float]) -> int:
    """Prints what failed, and whether it was for want of computing time; returns the exit status.

    `load` is how busy all processors were in each second, in per cent.
    """
    for number, report in enumerate(reports, 1):
        for failure in report.failures:
            print(f"call {number}: {failure}")
    good = sum(report.ok for report in reports)
    without_time = sum(busy >= NO_TIME_LEFT for busy in load)
    if good < len(reports) and without_time >= TOO_LONG:
        calls = "a call" if len(reports) == 1 else f"{len(reports)} calls at once"
        share = f"{without_time} of {len(load)} s"
        print(f"The processors had no time left in {share}: {calls} may be too much for them.")
    print(f"{good} of {len(reports)} went as the scenario says.")
    return 0 if good == len(reports) else 1


def _write_for_operator(cloud: Cloud) -> None:
    """What the trunkline command needs: the deployment, and its environment with the laptop's secrets."""
    deployment = json.dumps(cloud.environment.deployment(), indent=2)
    (cloud.state / DEPLOYMENT).write_text(deployment, encoding="utf-8")
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in cloud.environment.operator().items()]
    file = cloud.state / OPERATOR_ENV
    file.touch(mode=0o600)
    file.write_text("".join(lines), encoding="utf-8")


def say(text: str) -> None:
    with contextlib.suppress(OSError):  # a terminal that was closed, which is no reason to stop halfway
        print(text, flush=True)


def say_stopping() -> None:
    say("\nStopping…")  # after the terminal's ^C
