"""A scenario that a person wrote, held against what is here before anything starts."""

import os
from pathlib import Path

from local.scenario import CallTool, Scenario, known_function
from local.speech import MissingSpeech, check_speech
from shared.input_files import InputError, load_yaml


def load_scenario(file: Path, seed: Path, numbers: list[str]) -> Scenario:
    """`numbers` are those of the seed in that file.

    Raises `InputError` about a number that nobody has, a function that no tool has, a line that cannot be
    spoken, and all that `load_yaml` finds.
    """
    scenario = load_yaml(file, Scenario)
    if scenario.dials not in numbers:
        expected = f"expected a number of {seed}: {', '.join(numbers) or 'it has none'}"
        raise InputError(f"{file}: dials: {expected} (found {scenario.dials!r})")
    _check_functions(file, scenario)
    _check_speech(file, scenario)
    return scenario


def _check_functions(file: Path, scenario: Scenario) -> None:
    """A test may have the model call what is no function of ours; a person mistypes."""
    places = {"greeting": scenario.greeting}
    places |= {f"turns.{number}.agent": turn.agent for number, turn in enumerate(scenario.turns)}
    for place, steps in places.items():
        for number, step in enumerate(steps):
            if isinstance(step, CallTool):
                try:
                    known_function(step.call)
                except ValueError as error:
                    raise InputError(f"{file}: {place}.{number}.call: {error}") from None


def _check_speech(file: Path, scenario: Scenario) -> None:
    """With the real model only the caller's lines are spoken here."""
    for voice, line in sorted(scenario.spoken_lines()):
        if voice == "agent" and os.environ.get("GEMINI_API_KEY"):
            continue
        try:
            check_speech(line, voice)
        except MissingSpeech as error:
            raise InputError(f"{file}: {error}") from None
