"""The laptop cloud's LiveKit: `python -m local.livekit --port N --key K --secret S [--webhook-url URL …]`."""

import argparse

from local.livekit.embedded import Config, EmbeddedServer
from local.runtime import serve


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.livekit", description=__doc__)
    parser.add_argument("--port", type=int, default=7880)
    parser.add_argument("--key", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--webhook-url", action="append", default=[])
    return parser.parse_args()


def main() -> None:
    arguments = _arguments()
    config = Config(
        arguments.key, arguments.secret, port=arguments.port, webhook_urls=tuple(arguments.webhook_url)
    )
    serve(EmbeddedServer(config))


if __name__ == "__main__":
    main()
