#!/usr/bin/env python3
"""Opens a running console's dashboard, or a monitor's report, in headless Chromium and holds it to what the docs promise.

    riffle demo --for 5m &
    scripts/page_check.py http://127.0.0.1:8080/ --screenshots /tmp/pages
    scripts/page_check.py --report report.html --screenshots /tmp/pages

Checked wide and narrow, light and dark: nothing on the browser's console, no request to elsewhere, the size, no sideways
scrolling, the contrast of every text (WCAG 2.1 AA) and of the pictures, that the figures come, and that the keyboard
reaches what can be used. A report is looked at printed, too. Needs Debian's chromium, and playwright from PyPI, which drives it.
"""

import argparse
import sys
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import sync_playwright

BYTES_MAX = 300_000
VIEWS = [("wide", 1280, 900), ("tablet", 820, 1100), ("phone", 390, 844)]
MEASURE = r"""
() => {
  const channels = text => (text.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = [r, g, b].map(v => v / 255).map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
    return .2126 * part[0] + .7152 * part[1] + .0722 * part[2];
  };
  const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + .05) / (y + .05); };
  const behind = node => {
    for (let each = node; each; each = each.parentElement) {
      const colour = channels(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const seen = node => node.getClientRects().length > 0 && getComputedStyle(node).visibility === 'visible';
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement, text = walker.currentNode.textContent.trim();
    if (!text || !seen(node) || ['SCRIPT', 'STYLE'].includes(node.tagName)) continue;
    const style = getComputedStyle(node), size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    found.push({what: text.slice(0, 40), ratio: ratio(channels(style.color), behind(node)), least: large ? 3 : 4.5});
  }
  for (const node of document.querySelectorAll('svg .l1, svg .l2, svg .bar, svg .ref, svg .limit, svg .open, .fill')) {
    const style = getComputedStyle(node);
    const colour = node.matches('.fill') ? style.backgroundColor : node.matches('.bar, .open') ? style.fill : style.stroke;
    found.push({what: 'picture ' + node.getAttribute('class'), ratio: ratio(channels(colour), behind(node.parentElement)),
      least: 3});
  }
  return found;
}
"""
UNNAMED = """
() => [...document.querySelectorAll('section, details, svg, button, input, [role=region]')].filter(node => {
  if (node.getClientRects().length === 0) return false;
  const by = node.getAttribute('aria-labelledby');
  return !(node.getAttribute('aria-label') || (by && document.getElementById(by)) || node.textContent.trim()
    || (node.labels && node.labels.length));
}).map(node => node.outerHTML.slice(0, 80))
"""


class Check:
    def __init__(self):
        self.problems = []

    def that(self, condition, text):
        if not condition:
            self.problems.append(text)


def open_page(browser, url, view, scheme, check):
    """The page, with what is heard of it becoming problems."""
    name, width, height = view
    where = f"{name}, {scheme}"
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
    page.on("console", lambda message: check.that(False, f"{where}: the console says {message.text}"))
    page.on("pageerror", lambda error: check.that(False, f"{where}: {error}"))
    own = urlsplit(url).netloc
    page.on("request", lambda request: check.that(
        request.url == url or (own and urlsplit(request.url).netloc == own) or request.url.startswith("data:"),
        f"{where}: a request to {request.url}"))  # fmt: skip
    answer = page.goto(url)
    size = len(answer.body())
    check.that(size < BYTES_MAX, f"the page has {size} bytes")
    return page, where, size


def measure(page, where, size, check):
    sideways = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    check.that(not sideways, f"{where}: it scrolls sideways")
    measured = page.evaluate(MEASURE)
    for each in measured:
        check.that(each["ratio"] >= each["least"], f"{where}: contrast {each['ratio']:.2f} of \"{each['what']}\"")
    for each in page.evaluate(UNNAMED):
        check.that(False, f"{where}: no name for {each}")
    least = min(each["ratio"] for each in measured)
    print(f"{where}: {size} bytes, {len(measured)} texts and pictures, least contrast {least:.2f}")


def look(browser, url, view, scheme, folder, check):
    page, where, size = open_page(browser, url, view, scheme, check)
    page.wait_for_function("document.getElementById('status').textContent.length > 2 "
                           "&& document.getElementById('pipeline').textContent !== ''", timeout=20_000)  # fmt: skip
    page.wait_for_timeout(2_500)
    measure(page, where, size, check)
    reached = set()
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className "
                                  "|| document.activeElement.tagName"))  # fmt: skip
    for wanted in ["skip", "pause", "scroll", "SUMMARY"]:
        check.that(wanted in reached, f"{where}: the keyboard does not reach {wanted}: {sorted(reached)}")
    if folder:
        page.screenshot(path=folder / f"{view[0]}-{scheme}.png", full_page=True)
    page.close()


def look_at_report(browser, url, view, scheme, folder, check):
    """As it is opened, with everything open, by keyboard, and on paper."""
    page, where, size = open_page(browser, url, view, scheme, check)
    if folder:
        page.screenshot(path=folder / f"report-{view[0]}-{scheme}.png", full_page=True)
    reached = set()
    for _ in range(6):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.className || document.activeElement.tagName"))
    for wanted in ["skip", "SUMMARY"]:
        check.that(wanted in reached, f"{where}: the keyboard does not reach {wanted}: {sorted(reached)}")
    page.keyboard.press("Enter")
    check.that(page.evaluate("document.activeElement.parentElement.open"), f"{where}: Enter does not open the figures")
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    measure(page, where + ", all open", size, check)
    page.emulate_media(media="print", color_scheme="light")
    measure(page, where + ", printed", size, check)
    if folder and scheme == "light" and view[0] == "wide":
        page.pdf(path=folder / "report.pdf", format="A4")
    page.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("url", nargs="?", help="a console's address")
    parser.add_argument("--report", type=Path, help="a file that `riffle monitor --report` wrote")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    parser.add_argument("--screenshots", type=Path)
    options = parser.parse_args()
    if (options.url is None) == (options.report is None):
        parser.error("give an address or --report FILE")
    if options.screenshots:
        options.screenshots.mkdir(parents=True, exist_ok=True)
    check = Check()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=options.chromium, args=["--no-sandbox"])
        for view in VIEWS:
            for scheme in ["light", "dark"]:
                if options.report:
                    url = options.report.resolve().as_uri()
                    look_at_report(browser, url, view, scheme, options.screenshots, check)
                else:
                    look(browser, options.url, view, scheme, options.screenshots, check)
        browser.close()
    for problem in dict.fromkeys(check.problems):
        print(f"problem: {problem}")
    print(f"{len(check.problems)} problems")
    sys.exit(1 if check.problems else 0)


if __name__ == "__main__":
    main()
