"""The connection function's HTTP application."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from functions.oauth.desk import Desk
from functions.oauth.oauth_routes import oauth_routes
from functions.oauth.task_routes import task_routes
from shared.errors import TrunklineError
from shared.problems import answer_error, answer_http_exception, too_large
from shared.request_limits import BodyLimit
from shared.request_log import RequestLog


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
    size = Middleware(BodyLimit, max_bytes=largest, refusal=too_large(largest))
    app = Starlette(
        routes=[*oauth_routes(desk), *task_routes(desk)],
        middleware=[cors, Middleware(RequestLog), size],
        exception_handlers={TrunklineError: answer_error, HTTPException: answer_http_exception},
    )
    # The framework's redirect would be to http: it does not see what comes before Cloud Run.
    app.router.redirect_slashes = False
    return app
