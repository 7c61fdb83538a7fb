"""`python -m local.speech render [SCENARIO…]`: record the lines that have no recording yet."""

import argparse
import sys
from pathlib import Path

import yaml

from local.scenario import Scenario
from local.speech import recordings
from local.speech.lines import MissingSpeech, Voice, synthesised
from shared.input_files import InputError, load_yaml
from shared.services import agent_prompt

_PHRASES = [
    agent_prompt.STILL_THERE,
    agent_prompt.NOBODY_THERE,
    agent_prompt.NEARLY_OVER,
    agent_prompt.TIME_IS_UP,
    agent_prompt.TAKEN_OVER,
    agent_prompt.ONE_MOMENT,
    agent_prompt.NOT_HEARD,
]
_OWN_LINES = Path(__file__).parent / "lines.yaml"
_SCENARIOS = Path(__file__).parent.parent / "scenarios"


def wanted(scenarios: list[Path]) -> set[tuple[Voice, str]]:
    """Every (voice, text) of the scenarios, of `lines.yaml`, and of the phrases that the platform plans.

    Raises `InputError`.
    """
    own = yaml.safe_load(_OWN_LINES.read_text(encoding="utf-8"))
    lines: set[tuple[Voice, str]] = {(voice, text) for voice, texts in own.items() for text in texts}
    lines |= {("agent", phrase) for phrase in _PHRASES}
    for path in scenarios:
        lines |= load_yaml(path, Scenario).spoken_lines()
    return {(voice, " ".join(text.split())) for voice, text in lines}


def render(scenarios: list[Path], *, again: bool, prune: bool) -> None:
    lines = wanted(scenarios)
    for voice, text in sorted(lines):
        if again or recordings.name_of(text, voice) not in recordings.index():
            _record(text, voice)
    if prune:
        for name in set(recordings.index()) - {recordings.name_of(text, voice) for voice, text in lines}:
            recordings.remove(name)
            print(f"removed   {name}")


def _record(text: str, voice: Voice) -> None:
    pcm = synthesised(text, voice)
    recordings.save(pcm, text, voice)
    print(f"recorded  {voice:6}  {pcm.seconds:4.1f} s  {text}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.speech", description=__doc__)
    command = parser.add_subparsers(required=True).add_parser("render")
    command.add_argument("scenarios", type=Path, nargs="*", default=sorted(_SCENARIOS.glob("*.yaml")))
    command.add_argument("--again", action="store_true", help="also what has a recording already")
    command.add_argument("--prune", action="store_true", help="remove recordings that none of them needs")
    arguments = parser.parse_args()
    try:
        render(arguments.scenarios, again=arguments.again, prune=arguments.prune)
    except (InputError, MissingSpeech) as error:
        print(error, file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
