"""`python -m bench.variants NAME FOLDER`: one variant, for `bench.voice` to steer.

Imports everything, then forks a process for each wave of calls, as livekit-agents does for each job. A wave
is a line of JSON on standard input, `{"callers": [E.164…], "laps": N}`. Its process answers `{"pid": …}`
when every call has been through the script and all are still up, ends them when it reads another line, and
answers with `cpu_start` (seconds a call, up to the greeting), `cpu_minute` (seconds per minute of a call from
there on) and `calls` (E.164 → Times).
"""

import asyncio
import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from bench.variants.call import CallSpec
from bench.variants.caller import Ear, Mouth, converse, question_in, speaking

BETWEEN_CALLS = 0.13
"""Seconds: calls do not begin in the same instant."""


def main() -> int:
    name, folder = sys.argv[1], Path(sys.argv[2])
    # pyOpenSSL comes with the laptop's telephone, and boto3 would take it along: the worker's image has none.
    sys.modules["OpenSSL"] = None  # pyright: ignore[reportArgumentType] - what the import system calls "not there"
    variant = importlib.import_module(f"bench.variants.{name}")
    # Libraries may print; the answers go where nothing else does.
    answers = os.dup(1)
    os.dup2(2, 1)
    requests = open(0, "rb", buffering=0)  # noqa: SIM115 - unbuffered: parent and child read in turn
    variant.prepare()
    gc.collect()
    gc.freeze()
    _answer(answers, {"ready": name})
    while line := requests.readline():
        child = os.fork()
        if not child:
            asyncio.run(_wave(variant, folder, json.loads(line), requests.readline, answers))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            return os.waitstatus_to_exitcode(status)
    return 0


async def _wave(variant: Any, folder: Path, asked: dict[str, Any], read: Any, answers: int) -> None:
    question = question_in(folder)
    all_greeted, all_done, over = asyncio.Event(), asyncio.Event(), asyncio.Event()
    ears: dict[str, Ear] = {}
    greeted, done = set[str](), set[str]()

    async def one(number: int, caller: str) -> None:
        await asyncio.sleep(number * BETWEEN_CALLS)
        ear = ears[caller] = Ear()
        async with variant.call(CallSpec(caller), ear) as hear:
            mouth = Mouth(hear)
            async with speaking(mouth):
                await ear.hears(lambda times: len(times.replies), 1)
                await _together(greeted, caller, len(asked["callers"]), all_greeted)
                await asyncio.sleep(number * BETWEEN_CALLS)
                await converse(ear, mouth, question, asked["laps"])
                await _together(done, caller, len(asked["callers"]), all_done)
                await over.wait()

    async with asyncio.TaskGroup() as calls:
        for number, caller in enumerate(asked["callers"]):
            calls.create_task(one(number, caller))
        await all_greeted.wait()
        starting, began = time.process_time(), time.monotonic()
        await all_done.wait()
        talking = time.process_time() - starting
        minutes = (time.monotonic() - began) * len(ears) / 60
        _answer(answers, {"pid": os.getpid()})
        await asyncio.to_thread(read)
        over.set()
    usage = {"cpu_start": starting / len(ears), "cpu_minute": talking / minutes if asked["laps"] else None}
    _answer(answers, usage | {"calls": {caller: ear.times.as_json() for caller, ear in ears.items()}})


async def _together(here: set[str], caller: str, expected: int, all_here: asyncio.Event) -> None:
    here.add(caller)
    if len(here) == expected:
        all_here.set()
    await all_here.wait()


def _answer(descriptor: int, value: dict[str, Any]) -> None:
    os.write(descriptor, json.dumps(value).encode() + b"\n")


if __name__ == "__main__":
    raise SystemExit(main())
