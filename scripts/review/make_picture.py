"""Take the picture of the review page for its documentation: run this file without arguments.

Needs a Chromium and playwright. Every picture in it is drawn.
"""

from __future__ import annotations

import sys
import tempfile
import threading
from pathlib import Path

from made_run import MadeRun, draw_scene, fill_many

from frisket.cli.review import check_options, list_redo_options
from frisket.review.app import ReviewApp
from frisket.review.server import open_server

_PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "review.png"
_CHROMIUM = "/usr/bin/chromium"


def main() -> int:
    """Make up a run, serve its page, and take its picture."""
    with tempfile.TemporaryDirectory() as name:
        run = MadeRun(Path(name))
        fill_many(run, 48, [draw_scene(1200, 900, seed) for seed in range(12)])
        run.fail("shoot 01/IMG_0048.psd", "It cannot be read: a channel ends too early.")
        app = ReviewApp(run.journal, run.out, list_redo_options(), check_options)
        with open_server(0, app.answer) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            take(f"{server.url}?token={app.guard.token}")
            server.shutdown()
        app.close()
        run.journal.close()
    print(_PICTURE)
    return 0


def take(address: str) -> None:
    """Choose a file, move the edge to the middle, and save what is seen."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=_CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.goto(address)
        page.wait_for_selector("body[data-ready=true]")
        for key in "aajj]]]]]":
            page.keyboard.press(key)
            page.wait_for_timeout(300)
        page.wait_for_timeout(2000)
        page.screenshot(path=_PICTURE)
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
