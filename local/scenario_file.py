"""A scenario that a person wrote, held against what is here before anything starts."""

import os
from collections.abc import Generator
from pathlib import Path

from local.scenario import CallTool, Scenario, tool_of
from local.seed import Seed
from local.speech import MissingSpeech, check_speech
from shared.input_files import InputError, load_yaml


def load_scenario(file: Path, seed_file: Path, seed: Seed) -> Scenario:
    """`seed` is what stands in `seed_file`.

    Raises `InputError` about a number that nobody has, a function that no tool has or no tool of the agent
    who answers, a calendar that this agent does not have, a line that cannot be spoken, and all that
    `load_yaml` finds.
    """
    scenario = load_yaml(file, Scenario)
    answering = {
        number: (agent_id, tenant.agents[agent_id])
        for tenant in seed.tenants.values()
        for number, agent_id in tenant.numbers.items()
    }
    if scenario.dials not in answering:
        expected = f"expected a number of {seed_file}: {', '.join(answering) or 'it has none'}"
        raise InputError(f"{file}: dials: {expected} (found {scenario.dials!r})")
    agent_id, agent = answering[scenario.dials]
    for place, function in _functions(scenario):
        # Not a part of the model: a test may have the model call what is no function of ours.
        try:
            slug = tool_of(function)
        except ValueError as error:
            raise InputError(f"{file}: {place}: {error}") from None
        if slug not in agent.tools:
            raise InputError(
                f"{file}: {place}: expected {slug} among the tools of {agent_id} in {seed_file} (found "
                f"{', '.join(agent.tools) or 'none'})"
            )
    calendar = agent.tools.get("google_calendar")
    if scenario.expect.calendar and not (calendar and calendar.connect):
        expected = f"expected {agent_id} in {seed_file} to have google_calendar, connected to an account"
        raise InputError(f"{file}: expect.calendar: {expected}")
    _check_speech(file, scenario)
    return scenario


def _functions(scenario: Scenario) -> Generator[tuple[str, str]]:
    """The place and name of each that is called, or expected to have been."""
    places = {"greeting": scenario.greeting}
    places |= {f"turns.{number}.agent": turn.agent for number, turn in enumerate(scenario.turns)}
    for place, steps in places.items():
        for number, step in enumerate(steps):
            if isinstance(step, CallTool):
                yield f"{place}.{number}.call", step.call
    for number, name in enumerate(scenario.expect.tools):
        yield f"expect.tools.{number}", name


def _check_speech(file: Path, scenario: Scenario) -> None:
    """With the real model only the caller's lines are spoken here."""
    for voice, line in sorted(scenario.spoken_lines()):
        if voice == "agent" and os.environ.get("GEMINI_API_KEY"):
            continue
        try:
            check_speech(line, voice)
        except MissingSpeech as error:
            raise InputError(f"{file}: {error}") from None
