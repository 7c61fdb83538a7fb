"""The least that a function can be, in both styles of the framework: what cold starts are compared with."""

import functions_framework
import functions_framework.aio
from flask import Request as FlaskRequest
from starlette.requests import Request


@functions_framework.http
def bare(request: FlaskRequest) -> str:
    return "ok"


@functions_framework.aio.http
async def bare_async(request: Request) -> str:
    return "ok"
