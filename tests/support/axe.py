"""What is wrong with a page as drawn: axe's findings, sideways scrolling, targets too small for a thumb.

A page can be asked before its stylesheet has come; each of these waits for it.
"""

from __future__ import annotations

from functools import cache

from playwright.sync_api import Page

from tests.support.database import ROOT

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SMALLEST_TARGET = 44

_RUN = """async ({tags, rules}) => {
  const what = rules.length ? {type: "rule", values: rules} : {type: "tag", values: tags};
  const {violations} = await axe.run(document, {runOnly: what, resultTypes: ["violations"]});
  return violations.map((v) => `${v.id} (${v.help}): ` + v.nodes.slice(0, 4).map(
    (n) => n.target.join(" ") + " " + n.any.concat(n.all, n.none).slice(0, 1).map((c) => c.message).join()
  ).join(" | "));
}"""

_WIDE = """() => {
  const page = document.documentElement;
  if (page.scrollWidth <= page.clientWidth) return [];
  const scrolls = (e) => e && e !== document.body && e !== page
    && (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const wide = [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > page.clientWidth + 1 && !scrolls(e.parentElement))
    .slice(-3).map((e) => e.outerHTML.slice(0, 120));
  return [`scrolls sideways: ${page.scrollWidth} > ${page.clientWidth}: ${wide.join(" | ")}`];
}"""

_SMALL = """(least) => {
  const kinds = "button, .btn, summary, select, textarea, label.choice, "
    + "input:not([type=hidden]):not([type=checkbox]):not([type=radio])";
  return [...document.querySelectorAll(kinds)]
    .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < least - 0.5)
    .map((e) => `${Math.round(e.getBoundingClientRect().height)} px high: ${e.outerHTML.slice(0, 120)}`);
}"""


@cache
def _source() -> str:
    return (ROOT / "tests" / "browser" / "vendor" / "axe.min.js").read_text()


def violations(page: Page, *rules: str) -> list[str]:
    """What axe finds (all our tags, or only the rules named). It comes in past the page's own policy."""
    page.wait_for_load_state()
    if not page.evaluate("() => Boolean(window.axe)"):
        page.evaluate(_source())
    found: list[str] = page.evaluate(_RUN, {"tags": TAGS, "rules": list(rules)})
    return found


def too_wide(page: Page) -> list[str]:
    """Whether the page scrolls sideways, and because of what."""
    page.wait_for_load_state()
    found: list[str] = page.evaluate(_WIDE)
    return found


def too_small(page: Page) -> list[str]:
    """Buttons, fields and choices lower than a thumb needs."""
    page.wait_for_load_state()
    found: list[str] = page.evaluate(_SMALL, SMALLEST_TARGET)
    return found
