"""python -m local: the laptop cloud's commands.

up       keep the stack running until Ctrl-C
demo     play one call through a fresh stack, print what happened, exit
call     play a scenario against a running stack, once or many times at once
token    print an ID token with which to ask a running stack's API
doctor   say what is missing on this machine
"""

import argparse
import asyncio
import errno
import os
import sys
from pathlib import Path

from local import doctor

SCENARIOS = Path(__file__).parent / "scenarios"
SEED = Path(__file__).parent / "seeds" / "demo.yaml"
STATE = Path(__file__).parent.parent / ".laptop"
CANNOT_WRITE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
"""What the person, and nobody else, can mend: a file of somebody else's, a full disk."""


def run() -> int:
    """Does what `sys.argv` says; the exit status."""
    given = _parser().parse_args()
    if given.command == "doctor":
        return doctor.main()
    # gRPC reports on its own that a server went away, which here is the normal end.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    # Only now: the commands below import everything, also the tools, of which one may be what is wrong.
    from local import commands
    from local.cloud import NotRunningError
    from local.environment import LaptopSettings
    from local.livekit.real import RealServerError, find_server
    from local.next_steps import next_steps
    from local.play import PlayError
    from local.scenario_file import load_scenario
    from local.seed import Seed
    from local.supervisor import PartError
    from shared.errors import ConfigurationError, UnavailableError
    from shared.input_files import load_yaml

    try:
        LaptopSettings.from_env()
        if given.command == "token":
            return asyncio.run(commands.token(given.email, given.state))
        seed = load_yaml(given.seed, Seed)
        if given.command != "call" and not given.embedded_livekit:
            find_server()
        if given.command == "up":
            state, seeds = _option("--state", given.state, STATE), _option("--seed", given.seed, SEED)
            return asyncio.run(
                commands.up(
                    seed,
                    given.state,
                    given.base_port,
                    given.embedded_livekit,
                    lambda cloud: next_steps(cloud, seed, state, seeds),
                )
            )
        scenario = load_scenario(given.scenario, given.seed, seed)
        if given.command == "demo":
            return asyncio.run(commands.demo(scenario, seed, given.out, given.embedded_livekit))
        return asyncio.run(commands.call(scenario, seed, given.state, given.calls, given.out))
    except (ConfigurationError, PlayError, RealServerError) as error:
        print(error, file=sys.stderr)
        return 2
    except (NotRunningError, PartError, UnavailableError) as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        place = error.filename or (given.out if "out" in given else given.state)
        print(f"{place}: expected to be written: {error.strerror}", file=sys.stderr)
        return 2


def _option(name: str, value: Path, default: Path) -> list[str]:
    return [] if value == default else [name, str(value)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    up = commands.add_parser("up", help="keep the stack running until Ctrl-C")
    up.add_argument("--base-port", type=_port, help="first of the consecutive ports; default: free ones")
    demo = commands.add_parser("demo", help="play one call through a fresh stack")
    for parts in (up, demo):
        parts.add_argument(
            "--embedded-livekit",
            action="store_true",
            help="our own LiveKit server, even where the real livekit-server is found",
        )
    call = commands.add_parser("call", help="play a scenario against a running stack")
    call.add_argument(
        "--calls", type=_count, default=1, help="so many at once, each with a tenant of its own; default: 1"
    )
    token = commands.add_parser("token", help="print an ID token of a member of a seeded tenant")
    token.add_argument("email", help="such as owner@harbor-dental.example")
    scenario = "what the caller and the model say and do: a file like those in local/scenarios"
    demo.add_argument(
        "--scenario",
        type=Path,
        default=SCENARIOS / "book-a-slot.yaml",
        help=f"{scenario}; default: book-a-slot.yaml",
    )
    call.add_argument("--scenario", type=Path, required=True, help=scenario)
    for players in (demo, call):
        players.add_argument(
            "--out", type=Path, default=Path("out"), help="folder for recordings and reports; default: out"
        )
    for running in (up, call, token):
        running.add_argument(
            "--state", type=Path, default=STATE, help="the stack's folder, which stays; default: .laptop"
        )
    for seeded in (up, demo, call):
        seeded.add_argument(
            "--seed",
            type=Path,
            default=SEED,
            help="tenants, agents, numbers and calendars: a file like local/seeds/demo.yaml, the default",
        )
    commands.add_parser("doctor", help="say what is missing on this machine")
    return parser


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected 1 or more, found {text}")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or not 1024 <= int(text) <= 65000:
        raise argparse.ArgumentTypeError(f"expected 1024 to 65000, found {text}")
    return int(text)
