"""The page in a real browser: keys, labels, contrast, narrow windows, many rows, one file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from made_run import MadeRun
from review_kit import Served

from frisket.jobs.batch.states import Row, State
from frisket.review.export import export_page

from .test_loupe import add_layered

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
OpenPage = Callable[..., "Page"]
NARROW = {"viewport": {"width": 390, "height": 844}}


def find(made: MadeRun, name: str) -> Row:
    return next(row for row in made.journal.rows() if row.source.name == name)


def wait_for(page: Page, selector: str, text: str) -> None:
    page.locator(selector, has_text=text).wait_for()


def test_a_person_decides_with_keys_alone(
    made: MadeRun, served: Served, open_page: OpenPage
) -> None:
    page = open_page(served.address)
    assert page.text_content("#name") == "c.png", "the most doubtful comes first"
    page.keyboard.press("a")
    wait_for(page, "#said", "c.png: approved")
    assert find(made, "c.png").verdict.decision == "approved"
    assert page.text_content("#name") == "d.png"
    page.keyboard.press("r")
    wait_for(page, "#said", "d.png: rejected")
    assert find(made, "d.png").verdict.decision == "rejected"
    page.keyboard.press("u")
    wait_for(page, "#said", "d.png: taken back")
    assert find(made, "d.png").verdict.asks
    page.keyboard.press("n")
    assert page.text_content("#name") == "d.png"
    page.keyboard.press("k")
    assert page.text_content("#name") == "c.png"
    page.keyboard.press("a")
    wait_for(page, "#said", "undecided again")
    assert find(made, "c.png").verdict.asks, "the same key again takes it back"


def test_redo_with_options_by_keys(made: MadeRun, served: Served, open_page: OpenPage) -> None:
    page = open_page(served.address, refused=True)
    page.keyboard.press("d")
    page.keyboard.press("Tab")
    page.keyboard.type("7")
    page.keyboard.press("Enter")
    page.wait_for_selector("#redo-error:not([hidden])")
    assert "redo with threshold" in str(page.text_content("#redo-error"))
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("0.5")
    page.keyboard.press("Enter")
    wait_for(page, "#said", "made again by the next run")
    row = find(made, "c.png")
    assert (row.state, row.redo) == (State.WAITING, (("threshold", "0.5"),))


def test_what_was_made_again_meanwhile_is_shown_before_it_is_judged(
    made: MadeRun, served: Served, open_page: OpenPage
) -> None:
    page = open_page(served.address, refused=True)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")  # hears no news
    made.journal.ask_again([find(made, "c.png").id], "it was asked for with --redo")
    page.keyboard.press("a")
    wait_for(page, "#said", "look once more")
    assert find(made, "c.png").state is State.WAITING
    assert page.text_content("#state") in ("To be made", "To look at")


def test_a_run_that_goes_on_is_followed(made: MadeRun, served: Served, open_page: OpenPage) -> None:
    page = open_page(served.address)
    row = find(made, "f.png")
    made.journal.claim(row.id, row.stamp, "content", row.output.with_name(".part.png"))
    page.wait_for_selector("#states button[data-state=running]")
    assert "1 being made now" in str(page.text_content("#going"))


def test_filters_and_search_by_keys(shared: Served, open_page: OpenPage) -> None:
    page = open_page(shared.address)
    page.keyboard.press("/")
    page.keyboard.type("edge is")
    assert page.text_content("#shown") == "1 of 6 files"
    page.keyboard.press("Escape")
    page.keyboard.press("ArrowDown")
    assert page.text_content("#name") == "d.png"
    page.fill("#text", "")
    page.click("#states button[data-state=failed]")
    assert page.text_content("#name") == "e.png"
    assert "it is truncated" in str(page.text_content("#reasons"))
    page.click("#states button[data-state=failed]")
    page.select_option("#folder", index=2)
    assert page.text_content("#shown") == "2 of 6 files"
    page.evaluate(
        "score => { const at = document.getElementById('score');"
        "at.value = score; at.dispatchEvent(new Event('input')); }",
        50,
    )
    assert page.text_content("#shown") == "1 of 6 files"


def test_the_loupe_shows_real_pixels(shared: Served, open_page: OpenPage) -> None:
    page = open_page(shared.address)
    page.keyboard.press("l")
    wait_for(page, "#caption", "of 1500 × 900 px")
    assert page.get_attribute("#loupe", "aria-pressed") == "true"
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    width = page.evaluate("document.getElementById('stage').clientWidth")
    wait_for(page, "#caption", f"100 %: {1500 - width}, ")
    assert page.evaluate("document.getElementById('base').naturalWidth") <= 1024
    page.keyboard.press("Escape")
    page.wait_for_selector("#caption", state="hidden")


def test_a_layer_is_chosen_by_keys(made: MadeRun, served: Served, open_page: OpenPage) -> None:
    add_layered(made)
    page = open_page(served.address)
    page.fill("#text", "three")
    wait_for(page, "#name", "three.psd")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    wait_for(page, "#caption", "of 320 × 200 px")
    page.focus("#layer")
    assert page.get_by_label("Layer").evaluate("element => element.id") == "layer"
    page.keyboard.press("ArrowDown")
    wait_for(page, "#caption", "of 150 × 240 px")
    page.keyboard.press("Escape")
    page.wait_for_selector("#layer-choice", state="hidden")
    assert page.get_attribute("#loupe", "aria-pressed") == "false"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(shared: Served, open_page: OpenPage, scheme: str) -> None:
    page = open_page(shared.address, color_scheme=scheme)
    weak = page.evaluate(WEAK_TEXTS)
    assert weak == []
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", ground))) > 600) is (scheme == "light")


def test_whatever_takes_the_focus_has_a_name_and_a_role(
    shared: Served, open_page: OpenPage
) -> None:
    page = open_page(shared.address)
    page.keyboard.press("d")
    page.wait_for_selector("#redo-dialog[open]")
    nodes = read_tree(page)
    page.keyboard.press("Escape")
    page.wait_for_selector("#redo-dialog", state="hidden")
    nodes += read_tree(page)
    bare = [one for one in nodes if one["focusable"] and not one["name"]]
    assert bare == []
    names = {(one["role"], one["name"]) for one in nodes}
    assert {("button", "Approve"), ("button", "Reject"), ("slider", "Score up to")} <= names
    assert any(
        role == "option" and name.startswith("c.png, To look at, score 40 of 100")
        for role, name in names
    )


def read_tree(page: Page) -> list[dict[str, Any]]:
    """Return what a screen reader is told of the page."""
    session = page.context.new_cdp_session(page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    session.detach()
    return [
        {
            "role": node["role"]["value"],
            "name": node.get("name", {}).get("value", "").strip(),
            "focusable": any(one["name"] == "focusable" for one in node.get("properties", ())),
        }
        for node in nodes
        if not node["ignored"] and node["role"]["value"] != "RootWebArea"
    ]


def test_a_narrow_window_shows_one_thing_at_a_time(shared: Served, open_page: OpenPage) -> None:
    page = open_page(shared.address, **NARROW)
    assert not page.is_visible("#detail")
    page.keyboard.press("Enter")
    assert page.is_visible("#approve")
    assert not page.is_visible("#list")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.click("#back")
    assert page.is_visible("#list")


def test_many_rows_are_few_elements(
    made: MadeRun, serve: Callable[[MadeRun], Served], open_page: OpenPage
) -> None:
    for number in range(300):
        made.wait(f"many/{number:03}.png")
    page = open_page(serve(made).address)
    assert page.text_content("#shown") == "306 files"
    page.keyboard.press("End")
    page.wait_for_selector("[role=option] >> text=299.png")
    assert page.locator("[role=option]").count() <= 200
    assert page.text_content("#name") == "299.png"


def test_the_exported_file_needs_nothing_else(
    made: MadeRun, tmp_path: Path, open_page: OpenPage
) -> None:
    file = tmp_path / "look.html"
    export_page(made.journal, made.out, file)
    page = open_page(file.as_uri(), offline=True)
    assert page.text_content("#name") == "c.png"
    page.wait_for_function("() => document.getElementById('base').naturalWidth === 1024")
    assert not page.is_visible("#approve")
    page.keyboard.press("a")
    page.keyboard.press("End")
    assert page.text_content("#name") == "f.png"


def test_a_page_whose_program_ended_says_so(
    made: MadeRun, served: Served, open_page: OpenPage
) -> None:
    page = open_page(served.address, refused=True)
    page.context.set_offline(True)
    page.keyboard.press("a")
    page.wait_for_selector("#banner:not([hidden])")
    assert "frisket review" in str(page.text_content("#banner"))


# Texts whose contrast to the first opaque ground behind them is below 4.5 (WCAG 2.2, 1.4.3).
WEAK_TEXTS = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = channels(colour).slice(0, 3).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      const opacity = channels(colour)[3];
      if (opacity === undefined || opacity === 1) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest(":disabled")) continue;
    const [one, two] = [light(getComputedStyle(element).color), light(ground(element))];
    const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
    if (contrast < 4.5) weak.push(`${element.textContent.trim()}: ${contrast.toFixed(2)}`);
  }
  return weak;
}"""
