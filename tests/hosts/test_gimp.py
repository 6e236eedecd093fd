"""The plug-in in a real GIMP 3 without a window; see gimp_cases.py for what it has to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from host_lab import cases, every_case, install_plugin, run_inside

HERE = Path(__file__).resolve().parent

CASES = cases("gimp")
ENV = {
    "HOME": "/tmp",
    "GIMP3_DIRECTORY": "/lab/gimp3",
    "FRISKET_HOME": "/lab/home",
    "FRISKET_CASES": " ".join(CASES),
}
BATCH = "exec(compile(open('/lab/gimp_cases.py').read(), 'gimp_cases', 'exec'), globals())"


@pytest.fixture(scope="module")
def results(tree, lab, server):  # type: ignore[no-untyped-def]
    install_plugin("gimp", lab)
    for path in HERE.glob("gimp_*.py"):
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
