"""The phone edge as a Cloud Function: everything that Twilio, LiveKit and Cloud Tasks call during a call.

    functions-framework --source functions/incoming_call/main.py --target incoming_call

Settings are read at import, so that a deployment with a mistake in them never takes traffic. Clients are made
with the first request, after the server has forked.
"""

# ruff: noqa: E402 - importing makes a hundred thousand objects that stay; looking for garbage meanwhile is in vain
import gc

gc.disable()

from functools import cache

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from functions.incoming_call.app import create_app
from functions.incoming_call.edge import Edge
from functions.incoming_call.settings import EdgeSettings
from shared.telemetry import configure_logging

gc.freeze()
gc.enable()

settings = EdgeSettings.from_env()
configure_logging(settings.log_level)


@functions_framework.aio.http  # pyright: ignore[reportArgumentType] - any ASGI application will do
async def incoming_call(request: Request) -> ASGIApp:
    """The framework calls what this returns with the request, so a whole application is an answer too."""
    return _application()


@cache
def _application() -> ASGIApp:
    return create_app(Edge.connect(settings))
