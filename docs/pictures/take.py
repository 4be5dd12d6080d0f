"""Take the pictures of the pages from a demo that is being served: ``make pictures ADDRESS=… SIGNINS=…``.

Usage: ``python docs/pictures/take.py http://127.0.0.1:8000 data/demo-…/signins.json [FOLDER]``. Needs Chromium.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Error, Page, sync_playwright


def main(address: str, signins: Path, out: Path) -> None:
    """Every page, of every kind of visitor, in both languages."""
    accounts = {item["kind"]: item for item in json.loads(signins.read_text(encoding="utf-8"))}
    out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        for lang in ("zh", "en"):
            for kind, account in accounts.items():
                context = browser.new_context(viewport={"width": 1180, "height": 860})
                page = context.new_page()
                page.goto(f"{address}/language?to={lang}&back=/signin")
                if kind == "station":
                    _take(page, out / f"signin-{lang}.png", full=False)
                page.fill("[name=username]", account["username"])
                page.fill("[name=password]", account["password"])
                page.click("button")
                _walk(page, kind, lang, address, out)
                context.close()
        browser.close()


def _take(page: Page, path: Path, *, full: bool = True) -> None:
    """A busy machine's compositor sometimes gives no frame; the next one comes."""
    for left in (2, 1, 0):
        try:
            page.screenshot(path=path, full_page=full)
            return
        except Error:
            if not left:
                raise
            page.wait_for_timeout(1000)


def _walk(page: Page, kind: str, lang: str, address: str, out: Path) -> None:
    _take(page, out / f"{kind}-{lang}.png", full=kind == "person")
    if kind == "station":
        page.locator("table a").first.click()
        _take(page, out / f"one-{lang}.png")
    if kind == "partner":
        page.locator("table a").first.click()
        _take(page, out / f"opening-{lang}.png")
        page.goto(f"{address}/openings/new")
        _take(page, out / f"opening-new-{lang}.png")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3] if len(sys.argv) > 3 else "docs/pictures"))
