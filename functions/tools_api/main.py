"""The API as a Cloud Function.

    functions-framework --source functions/tools_api/main.py --target tools_api

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

from functions.tools_api.api import Api
from functions.tools_api.app import create_app
from functions.tools_api.settings import ApiSettings
from shared.telemetry import configure_logging

gc.freeze()
gc.enable()

settings = ApiSettings.from_env()
configure_logging(settings.log_level)


@functions_framework.aio.http  # pyright: ignore[reportArgumentType] - any ASGI application will do
async def tools_api(request: Request) -> ASGIApp:
    """The framework calls what this returns with the request, so a whole application is an answer too."""
    return _application()


@cache
def _application() -> ASGIApp:
    return create_app(Api.connect(settings))
