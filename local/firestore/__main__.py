import argparse
from pathlib import Path

from local.firestore import FirestoreServer
from local.runtime import serve


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m local.firestore", description="A local Firestore (gRPC)."
    )
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0: any free one")
    parser.add_argument(
        "--state", type=Path, help="folder that keeps the documents; without it they are lost"
    )
    parser.add_argument(
        "--record-queries", type=Path, metavar="FILE", help="collect the shapes of queries, as JSON lines"
    )
    parser.add_argument(
        "--indexes", type=Path, metavar="FILE", help="refuse queries that none of these indexes answers"
    )
    arguments = parser.parse_args()
    serve(
        FirestoreServer(
            arguments.port,
            arguments.state,
            record_queries=arguments.record_queries,
            indexes=arguments.indexes,
        )
    )


main()
