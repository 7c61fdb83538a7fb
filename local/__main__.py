"""python -m local: the laptop cloud's commands.

up       keep the stack running until Ctrl-C
demo     play one call through a fresh stack, print what happened, exit
call     play a scenario against a running stack, once or many times at once
doctor   say what is missing on this machine
"""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from local import doctor
from local.inputs import InputError, load_yaml
from local.scenario import Scenario

SCENARIOS = Path(__file__).parent / "scenarios"
STATE = Path(__file__).parent.parent / ".laptop"


def main() -> int:
    given = _parser().parse_args()
    if given.command == "doctor":
        return doctor.main()
    # gRPC reports on its own that a server went away, which here is the normal end.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # Only now: the commands below import everything.
    from local import commands
    from local.cloud import NotRunningError
    from local.play import PlayError
    from local.supervisor import PartError

    try:
        match given.command:
            case "up":
                return asyncio.run(commands.up(given.state, given.base_port, given.embedded_livekit))
            case "demo":
                scenario = load_yaml(given.scenario, Scenario)
                return asyncio.run(commands.demo(scenario, given.out, given.embedded_livekit))
            case "token":
                return asyncio.run(commands.token(given.email, given.state))
            case _:
                scenario = load_yaml(given.scenario, Scenario)
                return asyncio.run(commands.call(scenario, given.state, given.calls, given.out))
    except (InputError, PlayError) as error:
        print(error, file=sys.stderr)
        return 2
    except (NotRunningError, PartError) as error:
        print(error, file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    up = commands.add_parser("up", help="keep the stack running until Ctrl-C")
    up.add_argument("--state", type=Path, default=STATE, help="folder that survives a restart")
    up.add_argument("--base-port", type=int, help="first of the consecutive ports; default: free ones")
    demo = commands.add_parser("demo", help="play one call through a fresh stack")
    demo.add_argument("--scenario", type=Path, default=SCENARIOS / "book-a-slot.yaml")
    for parts in (up, demo):
        parts.add_argument(
            "--embedded-livekit", action="store_true", help="even where the real livekit-server is found"
        )
    call = commands.add_parser("call", help="play a scenario against a running stack")
    call.add_argument("--scenario", type=Path, required=True)
    call.add_argument("--calls", type=int, default=1, help="so many at once, each with a tenant of its own")
    call.add_argument("--state", type=Path, default=STATE, help="the running stack's folder")
    token = commands.add_parser("token", help="print an ID token of a member of a seeded tenant")
    token.add_argument("email")
    token.add_argument("--state", type=Path, default=STATE, help="the running stack's folder")
    for players in (demo, call):
        players.add_argument(
            "--out", type=Path, default=Path("out"), help="folder for recordings and reports"
        )
    commands.add_parser("doctor", help="say what is missing on this machine")
    return parser


if __name__ == "__main__":
    sys.exit(main())
