"""The plug-in in Krita 5.1 of Debian 12, on the machine itself."""

from __future__ import annotations

import os
import subprocess

import pytest
from host_lab import SCRIPT, Lab, every_case, prepare_krita, run_host

pytestmark = pytest.mark.hosts
# What differs between the versions: how masks are made, found and undone.
CASES = [
    "case_mask_is_exact",
    "case_projection_shows_the_mask",
    "case_undo_and_redo_are_one_step",
    "case_group",
    "case_16_bit",
    "case_cmyk",
    "case_strokes_are_heard",
    "case_cancel_half_way",
    "case_gone_or_changed_while_it_works",
    "case_document_closed_meanwhile",
    "case_action",
    "case_diagnostics",
    "case_what_has_no_place_for_a_mask_is_refused_in_words",
    "case_gone_or_changed_while_it_is_open",
    "case_finish_keeps_and_cancel_takes_back",
    "case_two_windows",
    "case_letters_do_not_clash",
]


@pytest.fixture(scope="module")
def krita() -> None:
    if not os.environ.get("FRISKET_TEST_HOSTS"):
        pytest.skip("needs real hosts: make test-hosts")
    try:
        done = subprocess.run([SCRIPT, "prepare-old"], capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired:
        pytest.skip("Krita 5.1 was not installed within ten minutes: a slow mirror?")
    if done.returncode:
        pytest.skip(f"no Krita 5.1 here: {done.stderr.strip()[-200:]}")


def localise(lab: Lab) -> None:
    """The machine itself sees the lab by its own name."""
    record = lab.folder / "data/krita/pykrita/frisket_cutout/install.json"
    for path in (record, lab.folder / "start.sh"):
        path.write_text(path.read_text().replace("/lab/", f"{lab.folder}/"))


@pytest.fixture(scope="module")
def results(krita, lab, server):  # type: ignore[no-untyped-def]
    prepare_krita(lab)
    localise(lab)
    driver = str(lab.folder / "krita_cases.py")
    command = [str(lab.folder / "krita_window.sh"), str(lab.folder), driver, "450"]
    environ = {**os.environ, "FRISKET_CASES": " ".join(CASES)}
    return every_case(lab, lambda: run_host(lab, command, 470, environ), CASES)


@pytest.mark.parametrize("case", CASES)
def test_in_krita(case, results):  # type: ignore[no-untyped-def]
    assert case in results, "Krita did not come to this case"
    assert not results[case]["error"], results[case]["error"]
