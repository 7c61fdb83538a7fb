"""`python -m bench [NAME…]`: all measurements, or the named ones, one after the other.

Each prints a table and writes out/bench/NAME.json. The exit status is 1 when one misses its target.
"""

import argparse
import subprocess
import sys

MEASUREMENTS = (
    *("webhook", "cold_start", "call_setup", "voice", "worker_footprint"),
    *("api_cold_start", "tools_api", "dashboard"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    names = parser.parse_args().names or MEASUREMENTS
    if unknown := sorted(set(names) - set(MEASUREMENTS)):
        parser.error(f"no measurement {', '.join(unknown)}; there are {', '.join(MEASUREMENTS)}")
    # Each in a process of its own, so that none finds memory or modules that another left behind.
    failed = [name for name in names if subprocess.run([sys.executable, "-m", f"bench.{name}"]).returncode]
    if failed:
        print(f"missed their targets: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
