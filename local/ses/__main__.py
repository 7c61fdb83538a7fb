"""Amazon SES on the laptop: moto's server, with sender identities verified from the start."""

import argparse
import os
import sys
from pathlib import Path

from local.runtime import serve

RECORDING = "requests.jsonl"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.ses", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder for what was sent before a restart")
    parser.add_argument("--verify", action="append", default=[], metavar="ADDRESS", help="may be given again")
    parser.add_argument("--region", default="us-east-1", help="where the addresses are verified")
    given = parser.parse_args()
    # moto reads this when it is imported.
    given.state.mkdir(parents=True, exist_ok=True)
    os.environ["MOTO_RECORDER_FILEPATH"] = str(given.state / RECORDING)
    from local.ses.server import SesStandIn

    serve(SesStandIn(given.port, verified=given.verify, region=given.region, persistent=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())
