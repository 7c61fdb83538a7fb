"""All pages of the dashboard, as a phone on a slow network loads them: Lighthouse's figures, by page.

    python -m bench.dashboard [--runs N] [--cpu TIMES] [--rtt MS] [--kbps N]

Chromium with an empty cache, the processor and the network slowed as Lighthouse's mobile profile has them.
Each run opens a page's address as somebody whom the issuer remembers: it begins with the way there and back.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, CDPSession, Page, async_playwright

from bench import report
from local.cloud import Cloud, laptop_cloud
from local.commands import seed_cloud
from local.identity.seeding import seed_members
from local.next_steps import dashboard_link
from local.seed import DEMO, Seed
from shared.input_files import load_yaml
from shared.models.call import Call, CallState, Outcome
from shared.repositories.calls import CallRepository
from tests.browser.chromium import DASHBOARD, launch
from tests.browser.visitor import EMAILS

PHONE: Any = {"viewport": {"width": 412, "height": 823}, "device_scale_factor": 2, "is_mobile": True}
TENANT = "harbor-dental"
CALL = "measured"
SHOWN = {
    "/agents/edit/": ["?id=front-desk", "?id=front-desk&tab=history"],
    "/agents/tools/": ["?id=front-desk", "?id=front-desk&tool=send_email"],
    "/calls/view/": [f"?id={CALL}"],
    "/invitation/": ["?token=a"],
    "/start/": ["", "?agent=front-desk&step=tools", "?agent=front-desk&step=call"],
    "/test-call/": ["?agent=front-desk"],
}
"""What pages are asked for that show nothing by themselves."""
PASSED_THROUGH = {"/404/", "/_not-found/", "/sign-in/"}
"""Not measured: what is not found is `404.html`; the window that signs in again closes by itself."""
TARGET_SHIFT = 0.1
"""“Good” by https://web.dev/articles/vitals. Times depend on the machine: they are for comparing."""

OBSERVE = """
window.vitals = { lcp: 0, shift: 0, tasks: [] };
const watch = (type, hear) => new PerformanceObserver((list) => list.getEntries().forEach(hear))
  .observe({ type, buffered: true });
watch("largest-contentful-paint", (entry) => { window.vitals.lcp = entry.startTime });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) window.vitals.shift += entry.value });
watch("longtask", (entry) => window.vitals.tasks.push([entry.startTime, entry.duration]));
"""
READ = """() => ({
  ...window.vitals,
  fcp: performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0,
})"""
SETTLED = """() => document.querySelector("h1, h2") && !document.querySelector("[aria-busy=true]")"""


@dataclass
class Traffic:
    """What came over the network, compressed and with headers, by host."""

    hosts: dict[str, str]
    """Request → host."""
    bytes: int = 0
    requests: Counter[str] = field(default_factory=Counter[str])

    async def watch(self, session: CDPSession) -> None:
        session.on("Network.requestWillBeSent", self._sent)
        session.on("Network.loadingFinished", self._finished)
        await session.send("Network.enable")

    def _sent(self, event: Any) -> None:
        host = urlsplit(event["request"]["url"]).netloc
        if host:
            self.hosts[event["requestId"]] = host
            self.requests[host] += 1

    def _finished(self, event: Any) -> None:
        self.bytes += int(event["encodedDataLength"])


def addresses() -> list[str]:
    """Of every page that the build has."""
    pages = json.loads((DASHBOARD / "out" / "headers.json").read_text(encoding="utf-8"))["pages"]
    opened = sorted(page for page in pages if page.endswith("/") and page not in PASSED_THROUGH)
    return [page + query for page in opened for query in SHOWN.get(page, [""])]


async def store_call(cloud: Cloud) -> None:
    """One that is over, for its page to show."""
    now = datetime.now(UTC)
    call = Call(
        session_id=CALL,
        agent_id="front-desk",
        call_sid="CA" + "1" * 32,
        state=CallState.ENDED,
        caller="+14155550301",
        called="+14155550100",
        started_at=now - timedelta(minutes=1),
        answered_at=now - timedelta(seconds=59),
        ended_at=now,
        outcome=Outcome.CALLER_HUNG_UP,
    )
    await CallRepository(cloud.database).create(TENANT, call, [])


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.dashboard", description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="of each page; medians are shown")
    parser.add_argument("--cpu", type=float, default=4, help="how many times slower the processor is")
    parser.add_argument("--rtt", type=float, default=150, help="milliseconds")
    parser.add_argument("--kbps", type=float, default=1638, help="downwards; half of it upwards")
    options = parser.parse_args()
    seed = load_yaml(DEMO, Seed)
    with tempfile.TemporaryDirectory() as folder:
        async with (
            laptop_cloud(Path(folder), embedded_livekit=True, console=True) as cloud,
            async_playwright() as playwright,
        ):
            await seed_cloud(cloud, seed)
            members = {tenant_id: tenant.members for tenant_id, tenant in seed.tenants.items()}
            await seed_members(cloud.database, cloud.ports.url("identity"), members)
            await store_call(cloud)
            browser = await launch(playwright)
            results = {
                address: [await measured(browser, cloud, address, options) for _ in range(options.runs)]
                for address in addresses()
            }
            await browser.close()
    rows = {name: medians(runs) for name, runs in results.items()}
    show(rows, options)
    report.write_json("dashboard", {"options": vars(options), "pages": rows})
    parts = {name for name, _ in cloud.ports}
    good = [
        row["layout_shift"] <= TARGET_SHIFT and parts.issuperset(row["requests"]) for row in rows.values()
    ]
    return 0 if all(good) else 1


async def measured(browser: Browser, cloud: Cloud, path: str, options: argparse.Namespace) -> dict[str, Any]:
    context = await browser.new_context(**PHONE)
    page = await context.new_page()
    await page.goto(dashboard_link(cloud, EMAILS["owner"]))  # the issuer remembers who it is
    await page.wait_for_function(SETTLED)
    await page.close()
    page = await context.new_page()
    session = await context.new_cdp_session(page)
    traffic = Traffic({})
    await traffic.watch(session)
    await slow_down(session, options)
    await page.add_init_script(OBSERVE)
    try:
        return await load(page, cloud.ports.url("dashboard") + path) | {
            "bytes": traffic.bytes,
            "requests": {part_of(cloud, host): count for host, count in sorted(traffic.requests.items())},
        }
    finally:
        await context.close()


async def load(page: Page, url: str) -> dict[str, float]:
    """Times count from the page's own document on, whose way to the issuer and back `usable_ms` includes."""
    started = asyncio.get_running_loop().time()
    await page.goto(url, wait_until="commit")
    await page.wait_for_function(SETTLED, timeout=120_000)
    usable = (asyncio.get_running_loop().time() - started) * 1000
    await page.wait_for_load_state("networkidle")
    vitals = await page.evaluate(READ)
    blocking = sum(
        max(0.0, length - 50) for start, length in vitals["tasks"] if start + length > vitals["fcp"]
    )
    return {
        "first_paint_ms": vitals["fcp"],
        "largest_paint_ms": vitals["lcp"],
        "blocking_ms": blocking,
        "layout_shift": vitals["shift"],
        "usable_ms": usable,
    }


async def slow_down(session: CDPSession, options: argparse.Namespace) -> None:
    bytes_a_second = options.kbps * 1000 / 8
    await session.send("Network.clearBrowserCache")
    await session.send("Emulation.setCPUThrottlingRate", {"rate": options.cpu})
    await session.send(
        "Network.emulateNetworkConditions",
        {
            "offline": False,
            "latency": options.rtt,
            "downloadThroughput": bytes_a_second,
            "uploadThroughput": bytes_a_second / 2,
        },
    )


def part_of(cloud: Cloud, host: str) -> str:
    """A port's part of the laptop cloud; anything else is a third party, by its own name."""
    return next((name for name, port in cloud.ports if host == f"127.0.0.1:{port}"), host)


def medians(runs: list[dict[str, Any]]) -> dict[str, Any]:
    figures = {
        name: round(statistics.median(run[name] for run in runs), 3) for name in runs[0] if name != "requests"
    }
    return figures | {"requests": runs[0]["requests"]}


def show(rows: dict[str, dict[str, Any]], options: argparse.Namespace) -> None:
    report.table(
        f"Pages on a phone: processor ÷ {options.cpu:g}, {options.rtt:g} ms, {options.kbps:g} kbit/s; ms",
        ["page", "first paint", "largest paint", "blocking", "shift", "usable", "kB", "requests"],
        [
            (
                name,
                *(round(row[key]) for key in ("first_paint_ms", "largest_paint_ms", "blocking_ms")),
                f"{row['layout_shift']:.3f}",
                round(row["usable_ms"]),
                round(row["bytes"] / 1000),
                ", ".join(f"{count} {host}" for host, count in row["requests"].items()),
            )
            for name, row in rows.items()
        ],
    )


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
