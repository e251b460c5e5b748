"""`python -m tests.console.pictures docs/images`: the pages of a running `sellerwatch demo`, light and dark."""

import argparse
from pathlib import Path
from typing import Literal

from playwright.sync_api import Page, sync_playwright

from tests.console.site import chromium

WIDTH, HEIGHT = 1280, 860
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> None:
    """Takes the pictures."""
    parser = argparse.ArgumentParser(prog="python -m tests.console.pictures", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--url", default="http://127.0.0.1:8470")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        for scheme in SCHEMES:
            context = browser.new_context(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=scheme)
            page = context.new_page()
            page.goto(f"{given.url}/system")  # the system is looked at in the background
            for name, path in places(page, given.url).items():
                page.goto(given.url + path)
                page.wait_for_timeout(400)  # charts are drawn
                page.screenshot(path=given.folder / f"{name}-{scheme}.png")
            context.close()
        phone = browser.new_context(viewport={"width": 360, "height": 740}, device_scale_factor=2).new_page()
        phone.goto(given.url)
        phone.screenshot(path=given.folder / "queue-phone.png")
        browser.close()


def places(page: Page, url: str) -> dict[str, str]:
    """What there is to see: the alert is the most severe one that names linked sellers, if one does."""
    page.goto(f"{url}/?text=shares")
    if not _alerts(page):
        page.goto(url)
    alert = _alerts(page)[0]
    page.goto(url + alert)
    seller = page.locator(".meta a.id").first.get_attribute("href")
    assert seller is not None
    name = seller.rpartition("/")[2]
    return {
        "queue": "/",
        "alert": alert,
        "seller": seller,
        "links": f"/links?seller={name}&steps=2",
        "system": "/system",
        "models": "/system/models",
    }


def _alerts(page: Page) -> list[str]:
    return [href for link in page.locator(".open-alert").all() if (href := link.get_attribute("href"))]


if __name__ == "__main__":
    main()
