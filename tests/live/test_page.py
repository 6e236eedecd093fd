"""The live page in a real browser: the picture moves, keys and buttons switch."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from review_kit import Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
OpenPage = Callable[..., "Page"]
FRAME = "Number(document.getElementById('screen').dataset.frame)"
CORNER = """(() => {
  const brush = document.getElementById("screen").getContext("2d");
  return Array.from(brush.getImageData(2, 2, 1, 1).data);
})()"""


def wait_until(page: Page, script: str, holds: Callable[[Any], bool]) -> None:
    """Wait until what a script gives fulfils a condition; the page lets no string be a program."""
    for _ in range(1200):
        if holds(page.evaluate(script)):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{script} never became that")


def test_the_picture_moves_and_is_switched_by_keys_and_buttons(
    serve_page: Callable[..., Served], open_page: OpenPage
) -> None:
    page = open_page(serve_page(every=2).address)
    wait_until(page, FRAME, lambda frame: frame > 5)
    wait_until(page, CORNER, lambda colour: colour[1] > 240 and colour[0] < 20)
    page.keyboard.press("2")
    wait_until(page, CORNER, lambda colour: colour[1] < 10)
    assert page.get_attribute("#ground-1", "aria-pressed") == "true"
    page.keyboard.press("b")
    wait_until(page, CORNER, lambda colour: colour[0] > 190 and colour[0] == colour[1])
    page.click("#step-mask")
    wait_until(page, CORNER, lambda colour: colour[2] > colour[0] + 30)
    assert page.get_attribute("#step-mask", "aria-pressed") == "false"
    page.keyboard.press("m")
    page.wait_for_selector("#step-mirror[aria-pressed=true]")
    wait_until(page, "Number(document.getElementById('fps').textContent)", lambda fps: fps > 0)
    assert "ms" in str(page.text_content("#latency"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_stands_out_of_a_narrow_window(
    serve_page: Callable[..., Served], open_page: OpenPage, scheme: str
) -> None:
    page = open_page(
        serve_page().address, viewport={"width": 390, "height": 844}, color_scheme=scheme
    )
    wait_until(page, FRAME, lambda frame: frame > 1)
    wide = "document.documentElement.scrollWidth <= document.documentElement.clientWidth"
    assert page.evaluate(wide)


def test_an_end_is_told(serve_page: Callable[..., Served], open_page: OpenPage) -> None:
    page = open_page(serve_page(model="nobody").address)
    page.wait_for_selector("#banner:not([hidden])")
    assert "nobody" in str(page.text_content("#banner"))
    assert page.is_disabled("#step-mirror")
