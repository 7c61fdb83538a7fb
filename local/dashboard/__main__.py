"""The dashboard's pages, as a process of their own."""

import argparse
from pathlib import Path

from local.dashboard.server import Dashboard, DashboardConfig
from local.runtime import serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local.dashboard", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True, help="what `make dashboard` built")
    parser.add_argument("--api-url", required=True)
    parser.add_argument("--oauth-url", required=True)
    parser.add_argument("--issuer", required=True)
    parser.add_argument("--client-id", required=True)
    parser.add_argument("--connect", action="append", default=[], help="another origin that pages talk to")
    given = parser.parse_args()
    config = DashboardConfig(
        api_url=given.api_url, oauth_url=given.oauth_url, issuer=given.issuer, client_id=given.client_id
    )
    connect = [config.api_url, config.oauth_url, config.issuer, *given.connect]
    serve(Dashboard(given.folder, given.port, config, connect))


if __name__ == "__main__":
    main()
