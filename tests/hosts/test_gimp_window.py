"""The plug-in in a GIMP with a window, worked by keyboard: menu, undo, redo, dialog."""

from __future__ import annotations

import json
import shutil
import warnings
from pathlib import Path

import numpy as np
import pytest
from host_lab import SHOTS, install_plugin, run_inside, started
from PIL import Image

HERE = Path(__file__).resolve().parent


def picture(path: Path) -> None:
    """A disc with a soft edge whose green channel is its alpha."""
    y, x = np.mgrid[0:900, 0:1200]
    distance = np.hypot(x - 600, y - 450)
    alpha = np.clip((320 - distance) / 40 + 0.5, 0, 1)
    rgb = np.stack([np.full_like(alpha, 0.55), alpha, 1 - alpha], axis=-1)
    Image.fromarray((rgb * 255).round().astype(np.uint8)).save(path)


@pytest.fixture(scope="module")
def seen(tree, lab, server):  # type: ignore[no-untyped-def]
    install_plugin("gimp", lab)
    picture(lab.folder / "photo.png")
    for name in ("gimp_watch.py", "gimp_window.sh"):
        shutil.copy(HERE / name, lab.folder)
    run = lambda: run_inside(lab, ["/lab/gimp_window.sh"], {}, 500)  # noqa: E731
    started(run, lab.folder / "state.json")
    print((lab.folder / "gimp.log").read_text()[-2000:])
    SHOTS.mkdir(exist_ok=True)
    for shot in (lab.folder / "shots").glob("*.png"):
        shutil.copy(shot, SHOTS)
    lines = (lab.folder / "seen.txt").read_text().splitlines()
    print("\n".join(lines))
    for line in lines:
        if line.startswith("tried again"):
            warnings.warn(f"GIMP did not hear a key at first: {line}", stacklevel=1)
    steps = (line.split(" ", 1) for line in lines if " {" in line)
    return {step: json.loads(rest) for step, rest in steps} | {
        "dialog": "dialog" in lines,
        "asked-on-repeat": "asked-on-repeat" in lines,
    }


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
    assert seen["asked-on-repeat"]
    assert seen["kept-on-repeat"] == seen["cut"]


def test_dialog(seen):  # type: ignore[no-untyped-def]
    assert seen["dialog"]
    assert seen["dialog-cut"]["exact"]


def test_asked_about_a_mask_that_is_there(seen):  # type: ignore[no-untyped-def]
    assert seen["asked-and-left"]["exact"]
    assert seen["undo-dialog-cut"]["mask"] is None
