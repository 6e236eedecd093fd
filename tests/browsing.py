"""One browser for all tests of pages; two at a time in one process are not possible."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

_REFUSED = "Failed to load resource"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("there is no Chromium on this machine")
    with playwright.sync_playwright() as driver:
        try:  # Chromium's own sandbox refuses to run as root, as in a container.
            browser = driver.chromium.launch(
                executable_path=path, args=["--no-sandbox"], timeout=120_000
            )
        except playwright.Error as error:
            pytest.skip(f"{path} does not start ({str(error).splitlines()[0]})")
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """What opens a page and fails the test when the page complains.

    Requests that are refused are complaints to the browser; `refused` allows them.
    """
    contexts, complaints = [], []

    def begin(address: str, *, refused: bool = False, **options: Any) -> Page:
        def hear(told: ConsoleMessage) -> None:
            if told.type == "error" and not (refused and told.text.startswith(_REFUSED)):
                complaints.append(told.text)

        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(address)
        page.wait_for_selector("body[data-ready=true]")
        return page

    yield begin
    for context in contexts:
        context.close()
    assert complaints == []
