"""Sign-in on the laptop, as a process of its own."""

import argparse
from pathlib import Path

from local.identity.server import Identity
from local.runtime import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.identity", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="folder for the key and the users")
    parser.add_argument(
        "--redirect-uri", action="append", default=[], help="where the sign-in page may send people"
    )
    parser.add_argument("--user", action="append", default=[], help="e-mail of somebody who may sign in")
    given = parser.parse_args()
    identity = Identity(given.state, given.port, redirect_uris=given.redirect_uri)
    for email in given.user:
        if identity.users.find(email) is None:
            identity.users.put(email)
    serve(identity)


if __name__ == "__main__":
    main()
