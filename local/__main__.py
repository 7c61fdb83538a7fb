"""python -m local"""

import sys


def main() -> int:
    try:
        # Takes seconds, in which people press Ctrl-C as well.
        from local.command_line import run

        return run()
    except KeyboardInterrupt:
        return 130  # as shells have it


if __name__ == "__main__":
    sys.exit(main())
