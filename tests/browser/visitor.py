"""Somebody at the dashboard. Whatever the browser complains about fails the test that did not expect it."""

import os
from pathlib import Path
from typing import Literal, cast

from playwright.async_api import BrowserContext, ConsoleMessage, Page, expect

from local.cloud import Cloud
from local.identity.server import cookie_name
from local.next_steps import dashboard_link
from tests.browser.chromium import DASHBOARD

IMAGES = Path(__file__).parents[2] / "docs" / "images"
EMAILS = {
    "owner": "owner@harbor-dental.example",
    "editor": "desk@harbor-dental.example",
    "viewer": "guest@harbor-dental.example",
}
"""Members of the demo tenant, by role."""
SCHEMES: list[Literal["light", "dark"]] = ["light", "dark"]
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


class Visitor:
    def __init__(self, cloud: Cloud, context: BrowserContext, page: Page) -> None:
        self.cloud = cloud
        self.context = context
        self.page = page
        self.origin = cloud.ports.url("dashboard")
        self._complaints: list[str] = []
        # On a busy machine a page takes longer than Chromium thinks that a preloaded file should wait.
        self._expected = ["was preloaded using link preload but not used"]
        context.on("console", self._hear)
        context.on("weberror", lambda error: self._complaints.append(f"thrown: {error.error}"))

    async def is_known_as(self, role: str) -> None:
        """To the issuer, as somebody who was there before: the first page that is opened signs them in."""
        ports = self.cloud.ports
        name = cookie_name(ports.identity)
        await self.context.add_cookies([{"name": name, "value": EMAILS[role], "url": ports.url("identity")}])

    async def sign_in(self, role: str = "owner") -> None:
        """By the printed link; afterwards the start page is there."""
        await self.page.goto(dashboard_link(self.cloud, EMAILS[role]))
        await self.is_at_page()

    async def open(self, path: str) -> None:
        """A page by its address, such as `/agents/?q=desk`."""
        await self.page.goto(self.origin + path)
        await self.is_at_page()

    async def is_at_page(self) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(self.page.locator("[aria-busy=true]")).to_have_count(0)

    def expects_complaint(self, part: str) -> None:
        """The browser's console may say this, since the test provokes it."""
        self._expected.append(part)

    def expects_test_call(self) -> None:
        """LiveKit's client first asks for a newer way in than the embedded server has, and says so, too."""
        self._expected += ["/rtc/v1", "v1 RTC path not found", "closed peer connection"]

    def unexpected_complaints(self) -> list[str]:
        return [text for text in self._complaints if not any(part in text for part in self._expected)]

    async def accessibility_problems(self) -> list[str]:
        """What axe finds against WCAG 2.2 AA, in light and in dark."""
        found: list[str] = []
        axe = (DASHBOARD / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
        for scheme in SCHEMES:
            await self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            await self.page.evaluate(axe)
            violations = await self.page.evaluate(
                "async (tags) => (await axe.run(document, { runOnly: tags })).violations.map("
                "(one) => `${one.id}: ${one.help}: ${one.nodes.map((node) => node.html).join(' ')}`)",
                WCAG,
            )
            found += [f"{scheme}: {text}" for text in cast("list[str]", violations)]
        await self.page.emulate_media(color_scheme="null", reduced_motion="null")
        return found

    async def picture(self, name: str) -> None:
        """docs/images/NAME.png, when the run is to renew them: UPDATE_SCREENSHOTS=1."""
        if os.environ.get("UPDATE_SCREENSHOTS") == "1":
            IMAGES.mkdir(parents=True, exist_ok=True)
            await self.page.emulate_media(color_scheme="light")
            await self.page.screenshot(path=IMAGES / f"{name}.png", animations="disabled")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self._complaints.append(f"{message.type}: {message.text} {message.location['url']}".strip())
