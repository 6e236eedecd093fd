"""The plug-in in a GIMP with a window, worked by keyboard: menu, undo, redo, dialog."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
from host_lab import SHOTS, keep_shots, prepare_gimp, run_inside, started
from lengths import pick
from PIL import Image

from frisket.v1 import matting_pb2 as pb

HERE = Path(__file__).resolve().parent


def picture(path: Path) -> None:
    """A disc with a soft edge whose green channel is its alpha."""
    y, x = np.mgrid[0:900, 0:1200]
    distance = np.hypot(x - 600, y - 450)
    alpha = np.clip((320 - distance) / 40 + 0.5, 0, 1)
    rgb = np.stack([np.full_like(alpha, 0.55), alpha, 1 - alpha], axis=-1)
    Image.fromarray((rgb * 255).round().astype(np.uint8)).save(path)


def work(lab, script, **environ):  # type: ignore[no-untyped-def]
    """Let a script work GIMP; return what it wrote down, by step, and its bare lines."""
    for name in ("seen.txt", "state.json", "enough", "quiet", "results.json"):
        (lab.folder / name).unlink(missing_ok=True)
    prepare_gimp(lab)
    picture(lab.folder / "photo.png")
    run = lambda: run_inside(lab, [f"/lab/{script}"], environ, 500)  # noqa: E731
    started(run, lab.folder / "state.json")
    print((lab.folder / "gimp.log").read_text()[-2000:])
    keep_shots(lab)
    lines = (lab.folder / "seen.txt").read_text().splitlines()
    print("\n".join(lines))
    for line in lines:
        if line.startswith("tried again"):
            warnings.warn(f"GIMP did not hear a key at first: {line}", stacklevel=1)
    steps = (line.split(" ", 1) for line in lines if " {" in line)
    return {step: json.loads(rest) for step, rest in steps} | {"lines": lines}


@pytest.fixture(scope="module")
def seen(tree, lab, server):  # type: ignore[no-untyped-def]
    return work(lab, "gimp_window.sh")


@pytest.fixture(scope="module")
def corrected(seen, lab, server):  # type: ignore[no-untyped-def]
    return work(lab, "gimp_strokes.sh", KILL="yes", HAIR_AT="420 600", TWICE="yes")


@pytest.fixture(scope="module")
def keyed(corrected, lab, server):  # type: ignore[no-untyped-def]
    return work(lab, "gimp_keys.sh")


@pytest.fixture(scope="module")
def views(keyed, lab, server):  # type: ignore[no-untyped-def]
    return work(lab, "gimp_views.sh")


def test_mask_by_the_menu(seen):  # type: ignore[no-untyped-def]
    assert seen["start"]["mask"] is None
    assert seen["cut"]["exact"]


def test_one_undo_and_redo(seen):  # type: ignore[no-untyped-def]
    assert seen["undo"]["mask"] is None
    assert seen["redo"] == seen["cut"]
    assert seen["undo-again"]["mask"] is None


def test_repeat_by_its_key(seen):  # type: ignore[no-untyped-def]
    assert seen["repeat"] == seen["cut"]
    assert seen["undo-repeat"]["mask"] is None


def test_its_key_asks_before_it_replaces_a_mask(seen):  # type: ignore[no-untyped-def]
    assert "asked-on-repeat" in seen["lines"]
    assert seen["kept-on-repeat"] == seen["cut"]


def test_dialog(seen):  # type: ignore[no-untyped-def]
    assert "dialog" in seen["lines"]
    assert seen["dialog-cut"]["exact"]


def test_asked_about_a_mask_that_is_there(seen):  # type: ignore[no-untyped-def]
    assert seen["asked-and-left"]["exact"]
    assert seen["undo-dialog-cut"]["mask"] is None


def test_replacing_a_mask_within_a_selection_is_one_step(seen):  # type: ignore[no-untyped-def]
    """Nothing of the mask before stays beyond the selection, which stays as it was."""
    made, undone = seen["selected"], seen["undo-selected"]
    assert not made["exact"]
    assert made["middle"] == seen["cut"]["middle"]
    assert made["selection"] == undone["selection"] == [1, 0, 0, 600, 900]
    assert made["channels"] == undone["channels"] == []
    assert made["selected"] == ["Background"]
    assert undone["exact"]


def test_strokes_are_followed_and_finished_in_one_step(corrected, server):  # type: ignore[no-untyped-def]
    assert "window" in corrected["lines"]
    marked = corrected["while-marked"]
    assert marked["layers"] == ["Frisket strokes", "Background"]
    assert marked["channels"] == ["Frisket tint"]
    assert marked["selected"] == ["Frisket strokes"]
    red, green, blue = marked["foreground"]
    assert red > 4 * max(green, blue)
    done = corrected["finished"]
    assert done["foreground"] == corrected["start"]["foreground"]
    assert done["exact"]
    assert (done["layers"], done["channels"]) == (["Background"], [])
    assert done["selected"] == ["Background"]
    assert corrected["undone"]["mask"] is None


def test_a_second_window_for_the_same_image_is_refused(corrected):  # type: ignore[no-untyped-def]
    """And the first goes on, to its end."""
    assert "told-twice" in corrected["lines"]
    assert corrected["finished"]["exact"]


def test_strokes_reach_the_next_server_when_one_is_killed(corrected, server):  # type: ignore[no-untyped-def]
    """The brush had its colours from the buttons; the first stroke went to the killed server."""
    resumed = server.matting.openings[-1].options.hints.scribbles
    kept, gone = ([s.y[0] for s in resumed if s.positive is sign] for sign in (True, False))
    assert kept
    assert gone
    assert max(kept) < min(gone)


def test_hair_widens_the_band(corrected, server):  # type: ignore[no-untyped-def]
    """Where hair was brushed the edge is unknown, in the midst of the subject too."""
    hints = server.matting.updates[-1].hints
    assert hints.trimap
    assert {stroke.positive for stroke in hints.scribbles} == {True, False}
    opening = server.matting.openings[-1]
    trimap = np.frombuffer(server.matting.planes[pb.PLANE_TRIMAP], np.uint8)
    trimap = trimap.reshape(opening.proxy_height, opening.proxy_width)
    assert set(np.unique(trimap)) == {0, 128, 255}
    y, x = np.nonzero(trimap == 128)
    scale = opening.width / opening.proxy_width
    away = np.abs(np.hypot(x * scale - 600, y * scale - 450) - 320)
    assert (away > 60).any()


def test_menus_by_their_letters(keyed):  # type: ignore[no-untyped-def]
    assert keyed["cut"]["exact"]


def test_escape_leaves_the_dialog_and_the_image(keyed):  # type: ignore[no-untyped-def]
    assert "dialog" in keyed["lines"]
    assert keyed["dialog-left"]["mask"] is None
    assert keyed["dialog-left"]["layers"] == ["Background"]


def test_a_server_is_chosen_by_keys_and_enter(keyed):  # type: ignore[no-untyped-def]
    chosen = keyed["server"]
    assert chosen["remote"] and chosen["target"] == "elsewhere:5005"


# How many pixels of the screen are of the colour that each view puts behind the subject.
BEHIND = {
    "black": (0, 0, 0),
    "white": (255, 255, 255),
    "alpha": (0, 0, 0),
    "before": (140, 0, 255),
    "tint": (95, 34, 173),
}


@pytest.mark.parametrize("view", BEHIND)
def test_views(views, view):  # type: ignore[no-untyped-def]
    assert "dialog" in views["lines"]
    shown = np.asarray(Image.open(SHOTS / f"gimp-view-{view}.png").convert("RGB")).astype(int)
    plain = np.asarray(Image.open(SHOTS / "gimp-view-chequers.png").convert("RGB")).astype(int)
    near = [(np.abs(each - BEHIND[view]).max(axis=-1) <= 6).sum() for each in (shown, plain)]
    assert near[0] - near[1] > 40_000


def test_a_part_at_full_size(views):  # type: ignore[no-untyped-def]
    """The soft edge is three times as wide as in the whole picture."""
    soft = []
    for name in ("again", "full"):
        shot = np.asarray(Image.open(SHOTS / f"gimp-view-{name}.png").convert("RGB")).astype(int)
        # Over the chequers the edge is purple and grey at once; a row across it.
        row = shot[400, 310:890]
        soft.append(((row[:, 0] > row[:, 1] + 12) & (row[:, 2] > row[:, 1] + 12)).sum())
    assert soft[1] > soft[0] > 0


def test_help_and_server(views):  # type: ignore[no-untyped-def]
    assert "help" in views["lines"]
    assert "server" in views["lines"]


# What another hand does while a cutout is open, and what it leaves: layers, and where the layer is.
MEDDLED = {
    "moved": (["Background", "below"], [300, 200]),
    "resized": (["Background", "below"], [0, 0]),
    "locked": (["Background", "below"], [0, 0]),
    "merged": (["below"], None),
    "deleted": (["below"], None),
    "closed": (None, None),
}
CUT = pick(("moved", "closed"), tuple(MEDDLED))
MARKED = pick(("locked", "deleted"), tuple(MEDDLED))


@pytest.fixture(scope="module")
def meddled(views, lab, server):  # type: ignore[no-untyped-def]
    return work(lab, "gimp_meddling.sh", CUT=" ".join(CUT), MARKED=" ".join(MARKED))


@pytest.mark.parametrize("step", [*CUT, *(f"{what}-while-marked" for what in MARKED)])
def test_a_layer_that_changes_while_its_cutout_is_open(meddled, step):  # type: ignore[no-untyped-def]
    """One sentence, and the image as the other hand left it."""
    layers, place = MEDDLED[step.removesuffix("-while-marked")]
    left = meddled[step]
    assert f"told-{step}" in meddled["lines"]
    assert left["mask"] is None
    assert left.get("closed", False) == (layers is None)
    assert left.get("layers") == layers
    assert left.get("place") == place
    assert not left.get("channels")


def test_strokes_for_several_layers_are_refused(meddled):  # type: ignore[no-untyped-def]
    assert "told-several" in meddled["lines"]
    assert meddled["several"]["layers"] == ["Frisket strokes", "Background", "below"]


def test_strokes_stay_for_the_next_try(meddled):  # type: ignore[no-untyped-def]
    """What is painted is the artist's; an empty layer of strokes and the tint go."""
    left = meddled["moved-under-strokes"]
    assert left["layers"] == ["Frisket strokes", "Background", "below"]
    assert left["channels"] == []
