"""What a user may ask of a plug-in, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frisket.client.encode import options_message
from frisket.client.errors import Cancelled, TransportError
from frisket.client.options import Edge, HintSet, LayerSpec, Point, Stroke
from frisket.hosts import selfcheck
from frisket.hosts.plugin import Plugin
from frisket.hosts.request import (
    EXISTING,
    FEATHER_PX,
    QUALITIES,
    RESULTS,
    SELECTION_USES,
    SHIFT_PX,
    CutRequest,
    Refused,
    check_layer,
    choose_results,
    is_locked,
)
from frisket.protocol.choices import QUALITIES as QUALITY_NAMES
from frisket.protocol.formats import PixelFormat

SPEC = LayerSpec(100, 60, PixelFormat.RGB8, 10, 6, PixelFormat.RGBA8)
REQUESTS = st.builds(
    CutRequest,
    make=st.sampled_from([each.key for each in RESULTS]),
    existing=st.sampled_from([each.key for each in EXISTING]),
    selection_use=st.sampled_from(["", *(each.key for each in SELECTION_USES)]),
    model=st.text(max_size=9),
    quality=st.sampled_from([each.key for each in QUALITIES]),
    edge=st.builds(Edge, shift_px=st.floats(*SHIFT_PX), feather_px=st.floats(*FEATHER_PX)),
    decontaminate=st.booleans(),
)


def test_every_quality_of_the_protocol_is_on_the_menu() -> None:
    assert [each.key for each in QUALITIES] == list(QUALITY_NAMES)
    assert QUALITIES[1].line == "Normal: sharp and quick"
    assert EXISTING[0].sentence == "Replace: forget the mask that is there."


def test_a_host_offers_what_it_can_make() -> None:
    assert [each.label for each in choose_results("layer", "mask")] == ["New layer", "Layer mask"]


@given(REQUESTS, st.booleans())
def test_options_say_what_was_asked_for(request: CutRequest, deep: bool) -> None:
    found = request.options(deep)
    assert (found.model, found.quality, found.edge) == (
        request.model,
        request.quality,
        request.edge,
    )
    assert found.depth == (16 if deep and request.make != "selection" else 8)
    assert found.foreground == (request.make == "layer" and request.decontaminate)
    options_message(found)


@given(REQUESTS, st.floats(0.001, 1.0))
def test_a_small_picture_has_a_small_edge(request: CutRequest, scale: float) -> None:
    small = request.shrink(scale)
    assert small.edge.shift_px == request.edge.shift_px * scale
    assert small.edge.feather_px == request.edge.feather_px * scale
    assert not small.options().foreground


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("make", "statue", "The result is 'statue'. Choose one of mask"),
        ("existing", "burn", "The existing mask is 'burn'."),
        ("quality", "fine", "Choose one of draft, standard, high, best."),
        ("selection_use", "shape", "Choose one of box, prior, guess."),
        ("edge", Edge(shift_px=101), "The edge shift is 101 pixels. Choose -100 to 100 pixels."),
        ("edge", Edge(feather_px=-1), "The feather is -1 pixels. Choose 0 to 100 pixels."),
        ("edge", Edge(feather_px=float("nan")), "The feather is nan pixels."),
    ],
)
def test_what_is_not_on_offer_is_refused(field: str, value: object, words: str) -> None:
    with pytest.raises(Refused, match=words.replace(".", r"\.")):
        replace(CutRequest(), **{field: value})  # type: ignore[arg-type]


class TestHints:
    POINTS = HintSet(points=(Point(1, 2),))

    def test_strokes_alone(self) -> None:
        assert CutRequest().read_hints(SPEC, "a", unread, unread) == HintSet()
        assert CutRequest().read_hints(SPEC, "a", unread, strokes=self.POINTS) == self.POINTS

    def test_refine_keeps_the_strokes_and_follows_the_mask(self) -> None:
        request = CutRequest(existing="refine")
        hints = request.read_hints(SPEC, "a", lambda: b"\xff" * 60, unread, self.POINTS)
        assert hints == replace(self.POINTS, trimap=b"\xff" * 60)
        with pytest.raises(Refused, match="The layer 'a' has no mask"):
            request.read_hints(SPEC, "a", lambda: None)

    def test_strokes_have_their_say_over_the_mask(self) -> None:
        strokes = HintSet(strokes=(Stroke(((50, 30),), 1, False),))
        request = CutRequest(existing="refine")
        spec = replace(SPEC, proxy_width=100, proxy_height=60)
        trimap = request.read_hints(spec, "a", lambda: b"\xff" * 6000, unread, strokes).trimap
        assert trimap is not None
        assert [trimap[3050], trimap[0]] == [128, 255]

    def test_a_box_is_never_smaller_than_the_selection(self) -> None:
        plane = bytearray(60)
        plane[23] = 1
        spec = replace(SPEC, width=95, height=59)
        hints = CutRequest(selection_use="box").read_hints(spec, "a", unread, lambda: bytes(plane))
        assert hints.boxes == ((28, 19, 10, 11),)

    def test_a_shape_is_passed_on(self) -> None:
        hints = CutRequest(selection_use="prior").read_hints(SPEC, "a", unread, lambda: bytes(60))
        assert hints == HintSet(prior=bytes(60))

    @pytest.mark.parametrize(
        ("plane", "words"), [(None, "Nothing is selected"), (bytes(60), "does not touch")]
    )
    def test_no_selection(self, plane: bytes | None, words: str) -> None:
        with pytest.raises(Refused, match=words):
            CutRequest(selection_use="box").read_hints(SPEC, "a", unread, lambda: plane)


def unread() -> bytes:
    raise AssertionError("read without need")


def test_layers_that_cannot_take_a_result() -> None:
    check_layer("a", False, False, "Layers dialog")
    with pytest.raises(Refused, match=r"'a' is locked. Unlock it in the Layers dialog first."):
        check_layer("a", True, True, "Layers dialog")
    with pytest.raises(Refused, match="'a' is empty"):
        check_layer("a", False, True, "Layers dialog")
    parents = {"leaf": "group", "group": "root"}
    assert is_locked("leaf", {"root"}.__contains__, parents.get)
    assert not is_locked("group", {"leaf"}.__contains__, parents.get)


def test_only_what_nobody_chose_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRISKET_HOME", str(tmp_path))
    plugin = Plugin("GIMP", tmp_path, "frisket-cutout.py")
    assert plugin.explain(Refused("No layer is selected. Select one.")).endswith("Select one.")
    assert plugin.explain(Cancelled("x")) == "Cancelled."
    assert not selfcheck.log_file("GIMP").exists()
    gone = TransportError("UNAVAILABLE", "", "It is gone.", True)
    assert "Try again" in plugin.explain(gone)
    assert "It is gone" in selfcheck.log_file("GIMP").read_text(encoding="utf-8")
    text, path = plugin.diagnose("3.0")
    assert text == path.read_text(encoding="utf-8")
    assert path.name == "gimp-diagnostics.txt"
