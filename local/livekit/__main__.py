"""The laptop cloud's LiveKit. `install` builds the real livekit-server where Go exists.

python -m local.livekit --port N --key K --secret S [--webhook-url URL …] [--real | --embedded]
python -m local.livekit install
"""

import argparse
import os
import signal
import sys

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, RealServerError, find_server, install
from local.runtime import serve


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.livekit", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("command", nargs="?", choices=["serve", "install"], default="serve")
    parser.add_argument("--port", type=int, default=7880)
    parser.add_argument("--key", help="API key")
    parser.add_argument("--secret", help="API secret, at least 32 characters")
    parser.add_argument("--webhook-url", action="append", default=[], metavar="URL", help="may be repeated")
    parser.add_argument("--auto-create", action="store_true", help="let whoever joins create the room")
    parser.add_argument("--state", help="taken and not used: no room survives a restart of LiveKit")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--real", action="store_true", help="insist on the real server")
    which.add_argument("--embedded", action="store_true", help="use the embedded server even so")
    return parser


def _server(config: Config, arguments: argparse.Namespace) -> EmbeddedServer | RealServer:
    if arguments.embedded:
        return EmbeddedServer(config)
    binary = find_server()
    if binary:
        return RealServer(binary, config, on_exit=lambda code: os.kill(os.getpid(), signal.SIGTERM))
    if arguments.real:
        raise RealServerError("livekit-server is not there; to build it: python -m local.livekit install")
    return EmbeddedServer(config)


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    try:
        if arguments.command == "install":
            print(install())
            return
        if not arguments.key or not arguments.secret:
            parser.error("--key and --secret are required")
        config = Config(
            arguments.key,
            arguments.secret,
            port=arguments.port,
            webhook_urls=tuple(arguments.webhook_url),
            auto_create=arguments.auto_create,
        )
        serve(_server(config, arguments))
    except RealServerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
