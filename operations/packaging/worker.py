"""The worker's own code for its image: python -m operations.packaging.worker FOLDER"""

import argparse
import sys
from pathlib import Path

from operations.packaging.import_graph import PackagingError
from operations.packaging.staging import ROOT, stage


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m operations.packaging.worker", description=__doc__)
    parser.add_argument("folder", type=Path, help="filled anew")
    folder: Path = parser.parse_args().folder
    try:
        stage(ROOT / "worker", folder)
    except PackagingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
