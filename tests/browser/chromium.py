"""The browser that the tests drive: the machine's own Chromium; none is ever downloaded."""

import shutil
from pathlib import Path

import pytest
from playwright.async_api import Browser, Playwright

DASHBOARD = Path(__file__).parents[2] / "dashboard"
NPM = shutil.which("npm")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = [
    "--no-sandbox",  # root has no other choice, and the pages are ours
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--no-first-run",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
]

build_test = [
    pytest.mark.browser,
    pytest.mark.timeout(600),  # the first one builds the dashboard
    pytest.mark.skipif(
        CHROMIUM is None or NPM is None,
        reason="no browser tests: they need Chromium and npm; on Debian get the browser with: make browser",
    ),
]
browser_test = [*build_test, pytest.mark.asyncio(loop_scope="session")]
"""`pytestmark` of every module here."""


async def launch(playwright: Playwright, *flags: str) -> Browser:
    """`flags` such as `--use-file-for-fake-audio-capture=/absolute.wav%noloop`."""
    assert CHROMIUM is not None
    return await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *flags])
