"""Using a page by the keyboard alone: where Tab leads, and whether one sees where one is."""

from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Page

MOST_STOPS = 300

HELPERS = """
window.controls ??= [...document.querySelectorAll(
    "a[href], button, input, select, textarea, summary, audio, [tabindex]")]
  .filter((one) => one.tabIndex >= 0 && !one.disabled && one.checkVisibility({ visibilityProperty: true }));
window.labelOf = (one) =>
  one?.getAttribute("aria-label") ??
  document.getElementById(one?.getAttribute("aria-labelledby"))?.textContent;
window.nameOf = (one) => [
  labelOf(one) ?? one.labels?.[0]?.textContent ?? one.textContent,
  labelOf(one.closest("[role=group]")),
].filter(Boolean).join(" / ");
window.isOutlined = (one) => {
  const { outlineStyle, outlineWidth } = getComputedStyle(one);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
};
/** That something of it is in the window, and not covered by anything (WCAG 2.2, 2.4.11). */
window.isSeen = (one) => [...one.getClientRects()].some((box) => {
  const [left, right] = [Math.max(box.left, 0), Math.min(box.right, innerWidth)];
  const [top, bottom] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
  return [0.1, 0.5, 0.9].some((part) => {
    const hit = document.elementFromPoint(left + (right - left) * part, top + (bottom - top) * part);
    return hit !== null && (one.contains(hit) || hit.contains(one));
  });
});
"""

LOOK = (
    "() => {"
    + HELPERS
    + """
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  return { index: controls.indexOf(one), name: nameOf(one), outlined: isOutlined(one), seen: isSeen(one) };
}"""
)

CONTROLS = (
    "() => {"
    + HELPERS
    + """
  // Of radio buttons that belong together Tab reaches one; arrows reach the others.
  const reached = (one) => one.type !== "radio" || one.checked
    || ![...document.getElementsByName(one.name)].some((other) => other.checked);
  return controls.filter(reached).map((one) => [controls.indexOf(one), nameOf(one)]);
}"""
)


@dataclass
class Walk:
    """Once through a page with Tab; all three are empty where a page is as it should be."""

    unreached: list[str] = field(default_factory=list[str])
    without_outline: list[str] = field(default_factory=list[str])
    hidden: list[str] = field(default_factory=list[str])


async def walk(page: Page) -> Walk:
    """From the beginning of the page, which has just been opened, until Tab comes round."""
    controls: list[Any] = await page.evaluate(CONTROLS)
    found, reached = Walk(), set[int]()
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(LOOK)
        if stop is None:
            break
        if not stop["outlined"]:
            found.without_outline.append(stop["name"])
        if not stop["seen"]:
            found.hidden.append(stop["name"])
        reached.add(stop["index"])
    found.unreached = [name for index, name in controls if index not in reached]
    return found


async def tab_to(page: Page, *words: str) -> None:
    """The next control whose name, or that of its group, has these words; it shows that it has the focus."""
    for _ in range(MOST_STOPS):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(LOOK)
        if stop is not None and all(word in stop["name"] for word in words):
            assert stop["outlined"], stop
            assert stop["seen"], stop
            return
    raise AssertionError(f"Tab never came to {words}")


async def use(page: Page, *words: str) -> None:
    """Press the next button, or follow the next link, that has these words."""
    await tab_to(page, *words)
    await page.keyboard.press("Enter")


async def stays_in_the_dialog(page: Page) -> None:
    """However often somebody presses Tab. Where the page has no focus, the browser's own controls have it."""
    for _ in range(25):
        await page.keyboard.press("Tab")
        assert await page.evaluate(
            "() => document.activeElement === document.body"
            " || document.activeElement.closest('dialog[open]') !== null"
        )
