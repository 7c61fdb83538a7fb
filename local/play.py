"""Plays scenarios against a running laptop cloud and judges what came of them.

The judge does not trust the telephone alone: it reads the stored call, its events and the calendar.
"""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp

from local.cloud import Cloud
from local.phone.phone import CallResult, Phone, unused_number
from local.phone.timeline import Moment
from local.report import CallReport, build_report
from local.scenario import Expect, Scenario, fill_dates
from local.seed import Seed
from shared.errors import NotFoundError, UnavailableError
from shared.models.call import Call, CallEvent
from shared.models.session import session_id_for
from shared.services.call_service import CallService

OUTCOME_SECONDS = 20.0
"""So long after the telephone is down the platform may take to write the call's outcome."""
POLL_SECONDS = 0.25
CONTROL_TIMEOUT = aiohttp.ClientTimeout(total=10)
SPEAKING_TIMEOUT = aiohttp.ClientTimeout(total=300)
"""A line that has no recording takes the speech engine seconds on a slow machine, and a scenario has many."""
TOLD_AFTER_SECONDS = 2.0
SPEAKING = "Lines that have no recording are spoken by the speech engine first; that may take a minute…"

Follow = Callable[[CallEvent], None]


class Player:
    """`seed` tells whose numbers and calendars the scenarios use."""

    def __init__(
        self, cloud: Cloud, seed: Seed, out: Path, say: Callable[[str], None] = lambda _: None
    ) -> None:
        """`say` tells a person why nothing happens yet."""
        self._say = say
        self._cloud = cloud
        self._seed = seed
        self._out = out
        self._calls = CallService(cloud.database)

    async def play(
        self,
        scenario: Scenario,
        *,
        name: str,
        follow: Follow | None = None,
        on_moment: Callable[[Moment], None] = lambda _: None,
    ) -> CallReport:
        """Make one call; `follow` gets its events as they are stored, `on_moment` what happens on the line.

        The recording is `<out>/<name>.wav`.
        """
        caller = scenario.caller or unused_number()
        tenant_id, agent_id = self._answering(scenario)
        now = datetime.now(ZoneInfo(self._seed.tenants[tenant_id].agents[agent_id].time_zone))
        telling = asyncio.get_running_loop().call_later(TOLD_AFTER_SECONDS, self._say, SPEAKING)

        def note(moment: Moment) -> None:
            telling.cancel()  # by the first: it is dialled
            on_moment(moment)

        following: asyncio.Task[None] | None = None
        try:
            await self._control(
                "gemini_control",
                "POST",
                "/_local/scenarios",
                {"caller": caller, "scenario": scenario.model_dump(mode="json"), "now": now.isoformat()},
                within=SPEAKING_TIMEOUT,
            )
            following = asyncio.create_task(self._follow(tenant_id, caller, follow)) if follow else None
            async with Phone(self._cloud.ports.url("twilio"), self._out) as phone:
                result = await phone.play(scenario, caller, name=name, on_moment=note)
            call = await self._ended_call(tenant_id, result)
        finally:
            telling.cancel()
            if following:
                # What was stored last is printed before the report.
                await asyncio.sleep(POLL_SECONDS * 2)
                following.cancel()
        events = await self._events(tenant_id, result.call_sid)
        report = build_report(result, call, events)
        report.failures += await self._model_errors(caller)
        report.failures += await self._differences(scenario, report, now, tenant_id, agent_id)
        return report

    def _answering(self, scenario: Scenario) -> tuple[str, str]:
        for tenant_id, tenant in self._seed.tenants.items():
            if scenario.dials in tenant.numbers:
                return tenant_id, tenant.numbers[scenario.dials]
        raise NotFoundError(f"no tenant of the seed has the number {scenario.dials}")

    async def _ended_call(self, tenant_id: str, result: CallResult) -> Call | None:
        if (call_sid := result.call_sid) is None:
            return None
        session_id = session_id_for(call_sid)
        return await ended_call(lambda: self._calls.get_call(tenant_id, session_id), self._cloud.state)

    async def _events(self, tenant_id: str, call_sid: str | None) -> list[CallEvent]:
        if call_sid is None:
            return []
        return [event for _, event in await self._calls.read_events(tenant_id, session_id_for(call_sid))]

    async def _follow(self, tenant_id: str, caller: str, follow: Follow) -> None:
        seen: set[str] = set()
        call_sid: str | None = None
        while True:
            await asyncio.sleep(POLL_SECONDS)
            if call_sid is None:
                calls = await self._control("twilio", "GET", "/_local/calls")
                call_sid = next((call["call_sid"] for call in calls if call["from"] == caller), None)
                continue
            for event_id, event in await self._calls.read_events(tenant_id, session_id_for(call_sid)):
                if event_id not in seen:
                    seen.add(event_id)
                    follow(event)

    async def _model_errors(self, caller: str) -> list[str]:
        """What the scripted model found wrong, such as a tool's answer without an expected text."""
        if os.environ.get("GEMINI_API_KEY"):
            return []
        status = await self._control("gemini_control", "GET", f"/_local/scenarios/{caller}")
        return [f"model: {error}" for error in status["errors"]]

    async def _differences(
        self, scenario: Scenario, report: CallReport, now: datetime, tenant_id: str, agent_id: str
    ) -> list[str]:
        expect: Expect = scenario.expect
        found: list[str] = []
        if expect.outcome and report.outcome != expect.outcome:
            found.append(f"outcome: expected {expect.outcome}, found {report.outcome}")
        if expect.fallback_reason and report.fallback_reason != expect.fallback_reason:
            found.append(
                f"fallback_reason: expected {expect.fallback_reason}, found {report.fallback_reason}"
            )
        tools = [tool.name for tool in report.tools if tool.ok]
        missing = _missing_in_order(expect.tools, tools, lambda name, tool: name == tool)
        found += [f"tools: expected {name} to succeed" for name in missing]
        heard = [text for speaker, text in report.transcript if speaker == "agent"]
        found += [
            f"hears: {text!r} was not said" for text in _missing_in_order(expect.hears, heard, _is_part)
        ]
        first_word = report.step("first word")
        if expect.greeting_within_ms and (first_word is None or first_word > expect.greeting_within_ms):
            found.append(f"greeting: expected within {expect.greeting_within_ms} ms, heard at {first_word}")
        if expect.calendar:
            account = self._seed.tenants[tenant_id].agents[agent_id].tools["google_calendar"].connect
            path = f"/_local/accounts/{account}/calendars/primary/events"
            events = (await self._control("google", "GET", path))["events"]
            for entry in fill_dates([entry.model_dump() for entry in expect.calendar], now):
                if not any(_is_entry(event, entry) for event in events):
                    found.append(f"calendar: no event {entry['summary']!r} at {entry['start']}")
        return found

    async def _control(
        self,
        part: str,
        method: str,
        path: str,
        body: Any = None,
        within: aiohttp.ClientTimeout = CONTROL_TIMEOUT,
    ) -> Any:
        try:
            async with (
                aiohttp.ClientSession(self._cloud.ports.url(part), timeout=within) as session,
                session.request(method, path, json=body) as response,
            ):
                if response.status >= 400:
                    raise PlayError(f"{part}: {await response.text()}")
                return await response.json()
        except (aiohttp.ClientError, TimeoutError) as error:
            Cloud.attach(self._cloud.state)  # says so when all has been stopped
            raise UnavailableError(f"{part} does not answer: {type(error).__name__}") from error


async def ended_call(
    read: Callable[[], Awaitable[Call]], state: Path, seconds: float = OUTCOME_SECONDS
) -> Call | None:
    """The stored call once it has an outcome, or as it is after so long; None: there is none.

    Raises `NotRunningError` when the laptop cloud on `state` was stopped meanwhile.
    """
    call = None
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            call = await read()
        except NotFoundError:
            return None
        except UnavailableError:  # Firestore may be the part whose death is tried out
            Cloud.attach(state)
        else:
            if call.outcome is not None:
                return call
        await asyncio.sleep(POLL_SECONDS)
    return call


class PlayError(Exception):
    """A stand-in refused what the player asked, for example a line that cannot be spoken here."""


def _is_entry(event: dict[str, Any], entry: dict[str, str]) -> bool:
    start = event.get("start", {})
    begins = str(start.get("dateTime") or start.get("date"))
    return event.get("summary") == entry["summary"] and begins.startswith(entry["start"])


def _is_part(text: str, of: str) -> bool:
    return text.lower() in of.lower()


def _missing_in_order(
    expected: list[str], found: list[str], matches: Callable[[str, str], bool]
) -> list[str]:
    """The expected texts of which no match comes, in `found`, after the last one's."""
    missing: list[str] = []
    position = 0
    for text in expected:
        at = next((i for i in range(position, len(found)) if matches(text, found[i])), None)
        if at is None:
            missing.append(text)
        else:
            position = at
    return missing
