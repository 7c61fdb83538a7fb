"""Connecting tools to accounts, as a Cloud Function.

    functions-framework --source functions/oauth/main.py --target oauth

Settings are read at import, so that a deployment with a mistake in them never takes traffic. Clients are made
with the first request, after the server has forked.
"""

from functools import cache

import functions_framework.aio
from starlette.requests import Request
from starlette.types import ASGIApp

from functions.oauth.app import create_app
from functions.oauth.desk import Desk
from functions.oauth.settings import ConnectSettings
from shared.telemetry import configure_logging

settings = ConnectSettings.from_env()
configure_logging(settings.log_level)


@functions_framework.aio.http  # pyright: ignore[reportArgumentType] - any ASGI application will do
async def oauth(request: Request) -> ASGIApp:
    """The framework calls what this returns with the request, so a whole application is an answer too."""
    return _application()


@cache
def _application() -> ASGIApp:
    return create_app(Desk.connect(settings))
