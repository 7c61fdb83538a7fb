"""The connection function's HTTP application."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from functions.oauth.desk import Desk
from functions.oauth.oauth_routes import oauth_routes
from functions.oauth.problems import problem
from functions.oauth.task_routes import task_routes
from shared.request_limits import BodyLimit


def create_app(desk: Desk) -> ASGIApp:
    cors = Middleware(
        CORSMiddleware,
        allow_origins=[desk.settings.dashboard_origin],
        allow_credentials=True,  # the cookie that binds a consent to the browser
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
        expose_headers=["Retry-After"],
        max_age=600,
    )
    largest = desk.settings.max_body_bytes
    too_large = problem(413, f"The request is larger than {largest} bytes.")
    size = Middleware(BodyLimit, max_bytes=largest, refusal=too_large)
    return Starlette(routes=[*oauth_routes(desk), *task_routes(desk)], middleware=[cors, size])
