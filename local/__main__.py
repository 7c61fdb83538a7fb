"""python -m local"""

import io
import sys


def main() -> int:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that has no … or ü is no reason to end
    try:
        # Takes seconds, in which people press Ctrl-C as well.
        from local.command_line import run

        return run()
    except KeyboardInterrupt:
        return 130  # as shells have it


if __name__ == "__main__":
    sys.exit(main())
