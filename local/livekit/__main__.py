"""The laptop cloud's LiveKit. `install` builds the real livekit-server where Go exists.

python -m local.livekit --port N --key K --secret S [--webhook-url URL …] [--real | --embedded] [--sip]
python -m local.livekit install
"""

import argparse
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from local.livekit.embedded import Config, EmbeddedServer
from local.livekit.real import RealServer, RealServerError, find_server, install
from local.livekit.redis import Redis
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
    parser.add_argument(
        "--state", type=Path, help="folder for trunks and dispatch rules; rooms do not survive"
    )
    parser.add_argument(
        "--sip", action="store_true", help="give the real server its SIP service, if redis-server is there"
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--real", action="store_true", help="insist on the real server")
    which.add_argument("--embedded", action="store_true", help="use the embedded server even so")
    return parser


@asynccontextmanager
async def _server(config: Config, arguments: argparse.Namespace) -> AsyncGenerator[None]:
    binary = None if arguments.embedded else find_server()
    if binary is None:
        if arguments.real:
            raise RealServerError("livekit-server is not there; to build it: python -m local.livekit install")
        async with EmbeddedServer(config):
            yield
        return
    async with AsyncExitStack() as stack:
        program = Redis.find() if arguments.sip else None
        if program:
            redis = Redis(program, arguments.state and arguments.state / "redis")
            config = replace(config, redis_port=(await stack.enter_async_context(redis)).port)
        server = RealServer(binary, config, on_exit=lambda code: os.kill(os.getpid(), signal.SIGTERM))
        await stack.enter_async_context(server)
        yield


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
            sip_file=arguments.state and arguments.state / "sip.json",
        )
        serve(_server(config, arguments))
    except RealServerError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
