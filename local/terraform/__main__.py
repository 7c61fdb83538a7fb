"""`mirror FOLDER` puts the stand-in where Terraform finds it; `schema` describes the real provider anew."""

import argparse
import sys
from pathlib import Path

from local.terraform.mirror import make_mirror
from local.terraform.schema import SCHEMA, describe, write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.terraform", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    mirror = commands.add_parser("mirror", help="make a provider mirror and print its TF_CLI_CONFIG_FILE")
    mirror.add_argument("folder", type=Path)
    commands.add_parser(
        "schema", help=f"write {SCHEMA.name} from the real provider, which Terraform must reach"
    )
    arguments = parser.parse_args()
    if arguments.command == "mirror":
        print(make_mirror(arguments.folder, sys.executable))
    else:
        write(describe())
        print(SCHEMA)


main()
