"""A static host: the exported pages with the headers that the build wrote, and this stack's addresses.

GET /config.json   where the API, the connection function and sign-in are
GET /…             a file of the export; a folder's index.html; else 404.html with status 404

Files are read when they are asked for, so a new build needs no restart.
"""

import mimetypes
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from aiohttp import web
from pydantic import BaseModel, Field

NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Not built</title>
<h1>The dashboard is not built</h1>
<p>Get Node.js 20 or later, then run <code>make dashboard</code> and reload.</p>
"""
TEXTS = {"text/html", "text/css", "text/javascript", "application/javascript", "text/plain"}
_IMMUTABLE = "public, max-age=31536000, immutable"


class DashboardConfig(BaseModel):
    """What the pages ask for as `/config.json`."""

    api_url: str
    oauth_url: str
    issuer: str
    client_id: str


class Headers(BaseModel):
    """`headers.json`, as dashboard/scripts/headers.mjs writes it."""

    pages: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Path → headers, with `{connect}` where the origins that a page may talk to belong."""
    all: dict[str, str] = Field(default_factory=dict)
    immutable: str = "/_next/static/"


class Dashboard:
    """An async context manager. `connect`: origins that pages may talk to."""

    def __init__(self, folder: Path, port: int, config: DashboardConfig, connect: Sequence[str]) -> None:
        self._folder = folder.resolve()
        self._config = config
        self._connect = " ".join(connect)
        self.port = port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.get("/config.json", self._get_config), web.get("/{path:.*}", self._get)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _get_config(self, _: web.Request) -> web.Response:
        return web.json_response(self._config.model_dump(), headers={"Cache-Control": "no-store"})

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if not (self._folder / "headers.json").is_file():
            return web.Response(text=NOT_BUILT, content_type="text/html", status=503)
        path = "/" + request.match_info["path"]
        found = (self._folder / path.lstrip("/")).resolve()
        if not found.is_relative_to(self._folder):
            raise web.HTTPNotFound
        if found.is_dir():
            if not path.endswith("/"):
                raise web.HTTPMovedPermanently(str(request.rel_url.with_path(path + "/", keep_query=True)))
            found /= "index.html"
        if not found.is_file():
            return self._file(self._folder / "404.html", "/404.html", 404)
        return self._file(found, path, 200)

    def _file(self, file: Path, path: str, status: int) -> web.StreamResponse:
        headers = Headers.model_validate_json((self._folder / "headers.json").read_bytes())
        own = {
            name: value.replace("{connect}", self._connect)
            for name, value in headers.pages.get(path, {}).items()
        }
        caching = _IMMUTABLE if path.startswith(headers.immutable) else "no-cache"
        kind, _ = mimetypes.guess_type(file.name)
        response = web.Response(
            body=file.read_bytes(),
            status=status,
            content_type=kind or "application/octet-stream",
            charset="utf-8" if kind in TEXTS else None,
            headers={**headers.all, **own, "Cache-Control": caching},
        )
        response.enable_compression()  # as every static host does
        return response
