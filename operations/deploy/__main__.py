"""Deploys to the cloud: python -m operations.deploy [deploy | secrets] [--dry-run]

`deploy` does all of docs/deploy.md that a program can do; `secrets` asks for values of secrets, to replace.
"""

import argparse
import sys

from operations.deploy.shell import DeployError, Shell
from operations.deploy.steps import add_secrets, ask_hidden, check, deploy


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m operations.deploy", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["deploy", "secrets"], default="deploy")
    parser.add_argument("--dry-run", action="store_true", help="say what would be run, and run nothing")
    parser.add_argument("--yes", action="store_true", help="have Terraform change things without asking")
    parser.add_argument("--release", help="the release that gets the new image; the live one if left out")
    given = parser.parse_args(arguments)
    shell = Shell(given.dry_run)
    try:
        if given.command == "secrets":
            check(shell)
            add_secrets(shell, ask_hidden, anew=True)
        else:
            deploy(shell, ask_hidden, release=given.release, approved=given.yes)
    except DeployError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\nInterrupted. Run it again: it goes on where it broke off.\n")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
