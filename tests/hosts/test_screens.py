"""Both plug-ins with a real server and a real photograph; the pictures of docs/ on the way.

They lie in `screenshots/guide` afterwards, in the size that docs/images has them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_lab import (
    SHOTS,
    Lab,
    every_case,
    prepare_gimp,
    prepare_krita,
    run_inside,
    started,
)
from PIL import Image
from skimage import data

pytestmark = pytest.mark.hosts
WIDTH = 1000


@pytest.fixture(scope="module")
def real_server(tree: Path, lab: Lab) -> Iterator[None]:
    command = [sys.executable, "-m", "frisket.server", "--local"]
    environ = {**os.environ, "FRISKET_HOME": str(lab.home)}
    server = subprocess.Popen(command, env=environ)
    end = time.monotonic() + 90
    while not list(lab.home.glob("run/server*.json")):
        assert server.poll() is None, "the server did not start"
        assert time.monotonic() < end, "the server was not ready in time"
        time.sleep(0.1)
    photo = Image.fromarray(data.astronaut()).crop((0, 0, 512, 384))
    photo.resize((1400, 1050), Image.Resampling.LANCZOS).save(lab.folder / "photo.png")
    yield
    server.terminate()
    server.wait(30)


def keep(lab: Lab, names: tuple[str, ...]) -> None:
    """Keep pictures of the screen as docs/images has them."""
    folder = SHOTS / "guide"
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        picture = Image.open(lab.folder / "shots" / f"{name}.png").convert("RGB")
        size = (WIDTH, round(picture.height * WIDTH / picture.width))
        small = picture.resize(size, Image.Resampling.LANCZOS)
        palette = small.quantize(256, Image.Quantize.MEDIANCUT)
        dithered = small.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        dithered.save(folder / f"{name}.png", optimize=True)


def test_gimp(real_server, lab):  # type: ignore[no-untyped-def]
    prepare_gimp(lab)
    environ = {"EXPECT": "any", "PAUSE": "8", "BRIEF": "yes"}
    run = lambda: run_inside(lab, ["/lab/gimp_window.sh"], environ, 500)  # noqa: E731
    started(run, lab.folder / "state.json")
    lines = (lab.folder / "seen.txt").read_text().splitlines()
    print("\n".join(lines))
    seen = dict(line.split(" ", 1) for line in lines if " {" in line)
    last = json.loads(seen["asked-and-left"])
    assert last["middle"] > 200 > 100 > last["corner"]
    (lab.folder / "enough").unlink()
    environ = {"EXPECT": "any", "PATIENCE": "40", "KEEP_AT": "560 640", "REMOVE_AT": "780 250"}
    run_inside(lab, ["/lab/gimp_strokes.sh"], environ, 300)
    keep(lab, ("gimp-mask", "gimp-dialog", "gimp-asks", "gimp-strokes"))


def test_krita(real_server, lab):  # type: ignore[no-untyped-def]
    prepare_krita(lab)
    command = ["/lab/krita_window.sh", "/lab", "/lab/krita_screens.py", "200"]
    found = every_case(lab, lambda: run_inside(lab, command, {}, 220), ["case_screens"])
    assert not found["case_screens"]["error"], found["case_screens"]["error"]
    keep(lab, ("krita-mask", "krita-strokes", "krita-black", "krita-asks"))
