"""The plug-in in real Kritas with a window; see krita_cases.py for what it has to do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from host_lab import SMALL_DISK, cases, every_case, keep_shots, prepare_krita, run_inside, started

HERE = Path(__file__).resolve().parent
CASES = cases("krita")
SECONDS = "1000"
# How often a server is killed, and the seed of when: 20 of them take three minutes.
NAMES = ("FRISKET_KILLS", "FRISKET_SEED", "FRISKET_TRIALS")
ENV = {"FRISKET_CASES": " ".join(CASES), **{name: os.environ.get(name, "") for name in NAMES}}


@pytest.fixture(scope="module")
def results(tree, lab, server):  # type: ignore[no-untyped-def]
    prepare_krita(lab)
    command = [*SMALL_DISK, "/lab/krita_window.sh", "/lab", "/lab/krita_cases.py", SECONDS]
    found = every_case(lab, lambda: run_inside(lab, command, ENV, 1020), CASES)
    keep_shots(lab)
    return found


@pytest.mark.parametrize("case", CASES)
def test_in_krita(case, results):  # type: ignore[no-untyped-def]
    assert case in results, "Krita did not come to this case"
    assert not results[case]["error"], results[case]["error"]


def test_strokes_arrived(results, server):  # type: ignore[no-untyped-def]
    updates = [update for update in server.matting.updates if update.HasField("hints")]
    signs = [{each.positive for each in update.hints.scribbles} for update in updates]
    both = signs.index({True, False})
    for each in updates[both].hints.scribbles:
        left = 95 if each.positive else 495
        assert all(left <= x <= left + 70 for x in each.x)
        assert all(195 <= y <= 245 for y in each.y)
    assert set() in signs[both:]


def test_it_speaks_the_language_that_krita_is_set_to(results, lab):  # type: ignore[no-untyped-def]
    """As Krita itself keeps it; in the same lab, whose resources are there."""
    (lab.folder / "config/klanguageoverridesrc").write_text("[Language]\nkrita=de\n")
    command = ["/lab/krita_window.sh", "/lab", "/lab/krita_german.py", "100"]
    found = every_case(lab, lambda: run_inside(lab, command, {}, 120), ["case_german"])
    assert not found["case_german"]["error"], found["case_german"]["error"]
    keep_shots(lab)


def test_by_kritarunner(results, lab):  # type: ignore[no-untyped-def]
    """Without any window; after the others, in the same lab."""
    shutil.copy(HERE / "krita_runner.py", lab.folder / "data/krita/pykrita")
    env = {
        "QT_QPA_PLATFORM": "offscreen",
        "FRISKET_LAB": "/lab",
        "FRISKET_HOME": "/lab/home",
        "HOME": "/lab",
        "XDG_DATA_HOME": "/lab/data",
        "XDG_CONFIG_HOME": "/lab/config",
        "PYTHONPATH": "/lab/data/krita/pykrita",
    }
    command = ["kritarunner", "-s", "krita_runner", "-f", "__main__"]
    started(lambda: run_inside(lab, command, env, 180), lab.folder / "runner.json")
    result = json.loads((lab.folder / "runner.json").read_text())
    assert not result["error"], result["error"]
