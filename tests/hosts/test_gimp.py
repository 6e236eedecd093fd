"""The plug-in in a real GIMP 3 without a window; see gimp_cases.py for what it has to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from host_lab import ROOT, cases, every_case, install_plugin, run_inside, started
from PIL import Image

HERE = Path(__file__).resolve().parent

CASES = cases("gimp")
ENV = {
    "HOME": "/tmp",
    "GIMP3_DIRECTORY": "/lab/gimp3",
    "FRISKET_HOME": "/lab/home",
    "FRISKET_CASES": " ".join(CASES),
}
GUIDE = ROOT / "docs" / "gimp.md"
BATCH = "exec(compile(open('/lab/gimp_cases.py').read(), 'gimp_cases', 'exec'), globals())"


@pytest.fixture(scope="module")
def results(tree, lab, server):  # type: ignore[no-untyped-def]
    install_plugin("gimp", lab)
    for path in (*HERE.glob("gimp_*.py"), GUIDE):
        shutil.copy(path, lab.folder)
    interpreter = "--batch-interpreter=python-fu-eval"
    command = ["gimp-console-3.0", "-id", interpreter, "-b", BATCH, "--quit"]
    return every_case(lab, lambda: run_inside(lab, command, ENV, 500), CASES)


@pytest.mark.parametrize("case", CASES)
def test_in_gimp(case, results):  # type: ignore[no-untyped-def]
    assert case in results, "GIMP did not come to this case"
    assert not results[case]["error"], results[case]["error"]


def test_hints_arrived(results, server):  # type: ignore[no-untyped-def]
    """The selection of `case_hints_from_the_selection`, as the server saw it."""
    boxes = [hint for opening in server.matting.openings for hint in opening.options.hints.boxes]
    assert [(b.x, b.y, b.width, b.height) for b in boxes] == [(100, 120, 300, 200)]
    priors = [o for o in server.matting.openings if o.options.hints.prior]
    trimaps = [o for o in server.matting.openings if o.options.hints.trimap]
    assert (len(priors), len(trimaps)) == (1, 1)


def test_resumed_with_what_was_held(results, server):  # type: ignore[no-untyped-def]
    openings = [o for o in server.matting.openings if o.options.model == "dying"]
    assert len(openings) == 2
    assert not openings[0].held
    assert openings[1].held


def test_documented_script_fu(tree, results, lab):  # type: ignore[no-untyped-def]
    """The example of docs/gimp.md, word by word, in Script-Fu."""
    call = GUIDE.read_text().split("```scheme\n")[1].split("```")[0]
    rgb = np.random.default_rng(5).integers(0, 256, (200, 300, 3), np.uint8)
    Image.fromarray(rgb).save(lab.folder / "in.png")
    script = f"""
      (let* ((image (car (gimp-file-load RUN-NONINTERACTIVE "/lab/in.png")))
             (layer (vector-ref (car (gimp-image-get-layers image)) 0)))
        {call}
        (gimp-file-save RUN-NONINTERACTIVE image "/lab/out.png"))"""
    interpreter = "--batch-interpreter=plug-in-script-fu-eval"
    command = ["gimp-console-3.0", "-id", interpreter, "-b", script, "--quit"]
    started(lambda: run_inside(lab, command, ENV, 120), lab.folder / "out.png")
    made = np.asarray(Image.open(lab.folder / "out.png"))
    assert (made[..., 3] == rgb[..., 1]).all()
