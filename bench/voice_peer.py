"""The scripted Gemini peer of `bench.voice`, in a process of its own, and what it noted of each call."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp

from bench.variants.caller import Times
from local.free_port import free_port
from local.scenario import CallTool, Say, Scenario, Turn
from local.speech import speech_for
from local.tls import ensure_certificates
from tests.waiting import eventually

QUESTION = "And on Saturday?"
GREETING = "Are you still there?"
ANSWER = "No, we are closed on Saturday."
LONG_ANSWER = (
    "We are open from Monday to Friday, from eight in the morning until six in the evening. "
    "You find us in the harbor building on the second floor, next to the ferry terminal. "
    "There is parking behind the house, and the tram stops right in front of the door."
)
TOOL_CALLS = 3
FOLLOWS_WITHIN_NS = 15_000_000_000
READY_SECONDS = 30.0


@dataclass
class Latencies:
    """In nanoseconds, of the calls of one wave."""

    start: list[int]
    reply: list[int]
    caller_frame: list[int]
    tool_call: list[int]
    tool_result: list[int]
    interruption: list[int]


class VoicePeer:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tls = ensure_certificates(folder / "tls")
        self._port, self._control = free_port(), free_port()
        self._number = 14155550100

    @property
    def variables(self) -> dict[str, str]:
        """Lead a client here."""
        return {
            "GOOGLE_GEMINI_BASE_URL": f"https://127.0.0.1:{self._port}",
            "SSL_CERT_FILE": str(self._tls.bundle),
        }

    async def __aenter__(self) -> Self:
        (self._folder / "question.pcm").write_bytes(speech_for(QUESTION, "caller").data)
        command = [
            *(sys.executable, "-m", "local.gemini", "--port", str(self._port), "--stamp"),
            *("--control-port", str(self._control), "--state", str(self._folder / "gemini")),
            *("--tls-cert", str(self._tls.cert), "--tls-key", str(self._tls.key)),
        ]
        with (self._folder / "gemini.log").open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdout=log, stderr=log, env=os.environ | {"LOG_LEVEL": "WARNING"}
            )
        self._http = aiohttp.ClientSession(f"http://127.0.0.1:{self._control}", raise_for_status=True)
        await eventually(self._is_up, "Gemini's stand-in is up", seconds=READY_SECONDS, pause=0.05)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()
        self._process.terminate()
        await self._process.wait()

    async def new_callers(self, count: int, laps: int) -> list[str]:
        """Numbers whose calls play the script of `bench.variants.caller.converse`."""
        script = _script(laps).model_dump(mode="json")
        callers: list[str] = []
        for _ in range(count):
            self._number += 1
            callers.append(f"+{self._number}")
            body = {"caller": callers[-1], "scenario": script}
            async with self._http.post("/_local/scenarios", json=body):
                pass
        await self._json("/_local/latencies")
        return callers

    async def latencies(self, calls: dict[str, Times]) -> Latencies:
        """Of these calls, which were the only ones since `new_callers`. Forgets them."""
        found = Latencies([], [], (await self._json("/_local/latencies"))["caller_to_model_ns"], [], [], [])
        for caller, times in calls.items():
            status = await self._json(f"/_local/scenarios/{caller}")
            if status["errors"]:
                raise RuntimeError(f"the peer found errors: {status['errors']}")
            events: list[dict[str, Any]] = status["events"]
            found.start.append(times.first_frame - times.started)
            found.reply += times.replies
            found.tool_call += _delays(_at(events, "tool_call"), times.tool_started)
            found.tool_result += _delays(times.tool_returned, _at(events, "tool_result"))
            found.interruption += _delays(_at(events, "interrupted"), times.cleared)
            async with self._http.delete(f"/_local/scenarios/{caller}"):
                pass
        return found

    async def notes(self, callers: list[str]) -> dict[str, list[tuple[float, str]]]:
        """What happened in each call, with seconds: for a measurement that failed."""
        found: dict[str, list[tuple[float, str]]] = {}
        for caller in callers:
            events = (await self._json(f"/_local/scenarios/{caller}"))["events"]
            found[caller] = [(round(event["monotonic_ns"] / 1e9, 2), event["event"]) for event in events]
        return found

    async def _json(self, path: str) -> dict[str, Any]:
        async with self._http.get(path) as response:
            return await response.json()

    async def _is_up(self) -> bool:
        if self._process.returncode is not None:
            raise RuntimeError((self._folder / "gemini.log").read_text(encoding="utf-8")[-2000:])
        try:
            await self._json("/_local/latencies")
        except aiohttp.ClientError:
            return False
        return True


def _script(laps: int) -> Scenario:
    looks_up = CallTool(call="look_up", arguments={"day": "{tomorrow}"}, expect=["Nothing is planned"])
    lap = [
        Turn(caller=QUESTION, agent=[*[looks_up] * TOOL_CALLS, Say(say=ANSWER)]),
        Turn(caller=QUESTION, agent=[Say(say=LONG_ANSWER)]),
    ]
    # The last interruption is a turn, too.
    return Scenario.model_validate(
        {
            "name": "bench",
            "dials": "+14155550100",
            "greeting": [Say(say=GREETING)],
            "turns": [*lap * laps, Turn(caller=QUESTION, agent=[Say(say=ANSWER)])],
        }
    )


def _at(events: list[dict[str, Any]], name: str) -> list[int]:
    return [event["monotonic_ns"] for event in events if event["event"] == name]


def _delays(causes: list[int], effects: list[int]) -> list[int]:
    """From each cause to the first effect after it. Raises `RuntimeError` where none follows soon."""
    found: list[int] = []
    for cause in causes:
        delay = min((effect - cause for effect in effects if effect >= cause), default=FOLLOWS_WITHIN_NS)
        if delay >= FOLLOWS_WITHIN_NS:
            raise RuntimeError("something that the peer did had no effect in the variant, or the reverse")
        found.append(delay)
    return found
