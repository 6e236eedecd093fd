"""The plug-in in a real GIMP 3 without a window; see gimp_cases.py for what it has to do."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest
from host_lab import install_plugin, run_inside

HERE = Path(__file__).resolve().parent


CASES = [
    node.name
    for node in ast.parse((HERE / "gimp_cases.py").read_text()).body
    if isinstance(node, ast.FunctionDef) and node.name.startswith("case_")
]
ENV = {"HOME": "/tmp", "GIMP3_DIRECTORY": "/lab/gimp3", "FRISKET_HOME": "/lab/home"}
BATCH = "exec(compile(open('/lab/gimp_cases.py').read(), 'gimp_cases', 'exec'), globals())"


@pytest.fixture(scope="module")
def results(tree, lab, server):  # type: ignore[no-untyped-def]
    install_plugin("gimp", lab)
    shutil.copy(HERE / "gimp_cases.py", lab.folder)
    interpreter = "--batch-interpreter=python-fu-eval"
    command = ["timeout", "150", "gimp-console-3.0", "-id", interpreter, "-b", BATCH, "--quit"]
    output = run_inside(lab, command, ENV, 170)
    print(output[-3000:])
    return lab.results()


@pytest.mark.parametrize("case", CASES)
def test_in_gimp(case, results):  # type: ignore[no-untyped-def]
    assert case in results, "GIMP ended before this case"
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
