"""Secrets that no document names, and documents whose secret is gone.

python -m functions.oauth.reconcile           says what is wrong
python -m functions.oauth.reconcile --apply   puts it right
"""

import argparse
import asyncio
import sys

from functions.oauth.desk import Desk
from functions.oauth.settings import ConnectSettings
from shared.errors import TrunklineError
from shared.services.secret_reconciler import Found
from shared.telemetry import configure_logging


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m functions.oauth.reconcile", description=__doc__)
    parser.add_argument("--apply", action="store_true", help="put right what is wrong")
    apply: bool = parser.parse_args().apply
    try:
        settings = ConnectSettings.from_env()
        configure_logging(settings.log_level)
        found = asyncio.run(_run(settings, apply=apply))
    except TrunklineError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    for one in found:
        sys.stdout.write(f"{one.subject}: {one.finding}{f' FAILED: {one.error}' if one.error else ''}\n")
    sys.stdout.write(f"{len(found)} found, {'put right' if apply else 'nothing changed: dry run'}\n")
    return 1 if any(one.error for one in found) else 0


async def _run(settings: ConnectSettings, *, apply: bool) -> list[Found]:
    desk = Desk.connect(settings)
    try:
        return await desk.reconciler.run(apply=apply)
    finally:
        await desk.aclose()


if __name__ == "__main__":
    sys.exit(main())
