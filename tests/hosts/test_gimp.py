"""The plug-in in a real GIMP 3 without a window; see gimp_cases.py for what it has to do."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from host_lab import ROOT, SMALL_DISK, cases, every_case, prepare_gimp, run_inside, started
from PIL import Image

from frisket.v1 import matting_pb2 as pb

HERE = Path(__file__).resolve().parent

CASES = cases("gimp")
ENV = {
    "HOME": "/tmp",
    "GIMP3_DIRECTORY": "/lab/gimp3",
    "FRISKET_HOME": "/lab/home",
    "FRISKET_CASES": " ".join(CASES),
    "FRISKET_TRIALS": os.environ.get("FRISKET_TRIALS", ""),
}
GUIDE = ROOT / "docs" / "gimp.md"
BATCH = "exec(compile(open('/lab/gimp_cases.py').read(), 'gimp_cases', 'exec'), globals())"


@pytest.fixture(scope="module")
def results(tree, lab, server):  # type: ignore[no-untyped-def]
    prepare_gimp(lab)
    shutil.copy(GUIDE, lab.folder)
    interpreter = "--batch-interpreter=python-fu-eval"
    command = ["gimp-console", "-id", interpreter, "-b", BATCH, "--quit"]
    return every_case(lab, lambda: run_inside(lab, command, ENV, 500), CASES)


@pytest.mark.parametrize("case", CASES)
def test_in_gimp(case, results):  # type: ignore[no-untyped-def]
    assert case in results, "GIMP did not come to this case"
    assert not results[case]["error"], results[case]["error"]


def opened(server, model):  # type: ignore[no-untyped-def]
    """The one opening of a model that exists for one case alone."""
    [found] = [each for each in server.matting.openings if each.options.model == model]
    return found.options


def test_hints_arrived(results, server):  # type: ignore[no-untyped-def]
    """The selection of `case_hints_from_the_selection`, as the server saw it."""
    plain = [o.options for o in server.matting.openings if not o.options.model]
    boxes = [hint for options in plain for hint in options.hints.boxes]
    assert [(b.x, b.y, b.width, b.height) for b in boxes] == [(100, 120, 300, 200)]
    assert [o.hints.prior for o in plain].count(True) == 1
    assert [o.hints.trimap for o in plain].count(True) == 1


def test_a_first_guess_says_what_is_inside(results, server):  # type: ignore[no-untyped-def]
    """An ellipse of 200 x 200 at 200, 120: strokes within it, and nothing against what is not."""
    hints = opened(server, "hint-guess").hints
    assert not hints.boxes
    assert not hints.prior
    strokes = hints.scribbles
    assert len(strokes) > 20
    assert all(stroke.positive for stroke in strokes)
    points = [point for stroke in strokes for point in zip(stroke.x, stroke.y, strict=True)]
    assert all(np.hypot(x - 300, y - 220) < 100 for x, y in points)
    assert max(x for x, _ in points) - min(x for x, _ in points) > 100


def test_strokes_and_anchors_arrived(results, server):  # type: ignore[no-untyped-def]
    strokes = opened(server, "strokes").hints.scribbles
    kept = [p for s in strokes if s.positive for p in zip(s.x, s.y, strict=True)]
    gone = [p for s in strokes if not s.positive for p in zip(s.x, s.y, strict=True)]
    assert {(95 < x < 205, 95 < y < 165) for x, y in kept} == {(True, True)}
    assert {(455 < x < 515, 295 < y < 345) for x, y in gone} == {(True, True)}
    assert not opened(server, "strokes-beside").hints.scribbles
    assert opened(server, "strokes-saved").hints.scribbles
    points = opened(server, "points").hints.points
    assert [(p.x, p.y, p.positive) for p in points] == [(100, 50, True), (300, 250, True)]


@pytest.mark.parametrize("kind", ["u16-linear", "float-linear", "u8-non-linear"])
def test_strokes_arrived_from_every_kind_of_image(results, server, kind):  # type: ignore[no-untyped-def]
    strokes = opened(server, f"strokes-{kind}").hints.scribbles
    kept, gone = ([s.x[0] for s in strokes if s.positive is sign] for sign in (True, False))
    assert kept
    assert gone
    assert all(35 < x < 105 for x in kept)
    assert all(195 < x < 255 for x in gone)


def test_the_band_is_as_wide_as_asked_for(results, server):  # type: ignore[no-untyped-def]
    assert opened(server, "wide").hints.trimap
    trimap = np.frombuffer(server.matting.planes[pb.PLANE_TRIMAP], np.uint8)
    row = trimap.reshape(600, 800)[300]
    assert (row[340:460] == 128).all()
    assert (row[:270] == 255).all()
    assert (row[530:] == 0).all()


def test_edge_controls_arrived(results, server):  # type: ignore[no-untyped-def]
    edge = opened(server, "controls").edge
    assert (edge.shift_px, edge.feather_px) == (2, 3)
    assert (edge.contrast, edge.smooth, edge.fill_holes, edge.drop_specks) == (0.5, 0.25, 0.75, 1)


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
    command = ["gimp-console", "-id", interpreter, "-b", script, "--quit"]
    started(lambda: run_inside(lab, command, ENV, 120), lab.folder / "out.png")
    made = np.asarray(Image.open(lab.folder / "out.png"))
    assert (made[..., 3] == rgb[..., 1]).all()


def test_with_a_full_disk(tree, results, lab):  # type: ignore[no-untyped-def]
    """What GIMP and GEGL write aside lies in a folder of one megabyte, which is full."""
    folder = lab.folder / "small"
    shutil.copytree(lab.folder / "gimp3" / "plug-ins", folder / "plug-ins")
    (folder / "gimprc").write_text('(temp-path "/lab/full")\n(swap-path "/lab/full")\n')
    batch = BATCH.replace("gimp_cases", "gimp_full")
    interpreter = "--batch-interpreter=python-fu-eval"
    command = [*SMALL_DISK, "gimp-console", "-id", interpreter, "-b", batch, "--quit"]
    full = {"GIMP3_DIRECTORY": "/lab/small", "GEGL_SWAP": "/lab/full", "TMPDIR": "/lab/full"}
    environ = {**ENV, **full, "FRISKET_CASES": ""}
    found = every_case(lab, lambda: run_inside(lab, command, environ, 120), ["case_a_full_disk"])
    assert not found["case_a_full_disk"]["error"], found["case_a_full_disk"]["error"]


@pytest.mark.parametrize(
    ("spoken", "label"),
    [("de", "Motiv freistellen"), ("zh_CN", "抠出主体"), ("sv", "Cut out _subject")],
)
def test_it_speaks_the_users_language(tree, results, lab, spoken, label):  # type: ignore[no-untyped-def]
    """GIMP asks a plug-in once for its labels, so each language has folders of its own."""
    folder = lab.folder / f"speaks-{spoken}"
    shutil.copytree(lab.folder / "gimp3" / "plug-ins", folder / "plug-ins")
    script = (
        "procedure = Gimp.get_pdb().lookup_procedure('plug-in-frisket-cut-out-subject')\n"
        f"open('/lab/{folder.name}/label', 'wb').write(procedure.get_menu_label().encode())"
    )
    interpreter = "--batch-interpreter=python-fu-eval"
    command = ["gimp-console", "-idf", interpreter, "-b", script, "--quit"]
    environ = {**ENV, "GIMP3_DIRECTORY": f"/lab/{folder.name}", "LANGUAGE": spoken}
    started(lambda: run_inside(lab, command, environ, 120), folder / "label")
    assert (folder / "label").read_bytes().decode() == label
