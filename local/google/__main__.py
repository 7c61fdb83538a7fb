"""Google's services on the laptop, as a process of their own."""

import argparse
import sys
from pathlib import Path

from local.google.iam import Policy
from local.google.oauth_store import Client
from local.google.server import GoogleStandIn, Options
from local.runtime import serve
from shared.input_files import InputError

_CLIENT = Client("laptop-client", "laptop-client-secret", frozenset())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local.google", description=__doc__)
    parser.add_argument(
        "--port", type=int, required=True, help="HTTP: OAuth, Calendar, certificates, control"
    )
    parser.add_argument("--grpc-port", type=int, required=True, help="TLS: Secret Manager and Cloud Tasks")
    parser.add_argument("--state", type=Path, required=True, help="folder for keys and the database")
    parser.add_argument("--tls-cert", type=Path, required=True)
    parser.add_argument("--tls-key", type=Path, required=True)
    parser.add_argument("--project", default=Options.project)
    parser.add_argument("--queue", action="append", default=[], help="projects/P/locations/L/queues/Q")
    parser.add_argument("--oauth-client-id", default=_CLIENT.client_id)
    parser.add_argument("--oauth-client-secret", default=_CLIENT.secret)
    parser.add_argument("--redirect-uri", action="append", default=[], help="registered for the OAuth client")
    parser.add_argument("--policy", type=Path, help="YAML: grants per service account instead of the default")
    given = parser.parse_args()
    try:
        policy = Policy.from_file(given.policy) if given.policy else Policy()
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    serve(
        GoogleStandIn(
            Options(
                state=given.state,
                tls_cert=given.tls_cert,
                tls_key=given.tls_key,
                project=given.project,
                port=given.port,
                grpc_port=given.grpc_port,
                queues=given.queue,
                clients=[
                    Client(given.oauth_client_id, given.oauth_client_secret, frozenset(given.redirect_uri))
                ],
                policy=policy,
            )
        )
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
