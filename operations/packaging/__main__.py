"""Packages the functions for the cloud: python -m operations.packaging [function …]

Writes `.build/functions/<name>/` (what is deployed, to look at) and `.build/functions/<name>.zip` (what
Terraform uploads), and prints each archive's SHA-256.
"""

import argparse
import sys
from pathlib import Path

from operations.packaging.functions import FUNCTIONS, package
from operations.packaging.import_graph import PackagingError
from operations.packaging.staging import ROOT


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m operations.packaging", description=__doc__)
    parser.add_argument("functions", nargs="*", metavar="function", help=f"of {', '.join(FUNCTIONS)}")
    parser.add_argument("--build", type=Path, default=ROOT / ".build" / "functions", help="where to write")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.functions) - set(FUNCTIONS))
    if unknown:
        parser.error(f"no function {', '.join(unknown)}")
    for name in arguments.functions or FUNCTIONS:
        try:
            staged = package(name, arguments.build)
        except PackagingError as error:
            sys.stderr.write(f"{name}: {error}\n")
            return 1
        files = sum(1 for path in staged.folder.rglob("*") if path.is_file())
        size = staged.archive.stat().st_size // 1024
        sys.stdout.write(f"{staged.digest}  {staged.archive}  {files} files, {size} KiB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
