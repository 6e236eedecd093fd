"""What the loupe shows are the pixels of the real files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
from made_run import MadeRun, draw_scene
from PIL import Image
from review_kit import Served

from frisket.jobs.batch.fingerprint import identify_recipe
from frisket.jobs.batch.journal import Findings
from frisket.jobs.batch.states import Verdict, stamp_of
from frisket.review.loupe import MAX_SIDE_PX

Pixels = npt.NDArray[np.uint8]


def read(served: Served, path: str) -> Pixels:
    answer = served.ask("GET", path)
    assert answer.status == 200, answer.body
    return np.asarray(Image.open(io.BytesIO(answer.body)))


def test_a_crop_has_the_pixels_of_the_files(shared: Served) -> None:
    row, scene = shared.rows()["c.png"], draw_scene(1500, 900, 3)
    told = shared.get(f"/files/{row['id']}")
    assert (told["width"], told["height"], len(told["layers"])) == (1500, 900, 1)
    where, rect = np.s_[300:500, 400:700], "x=400&y=300&w=300&h=200"
    result = read(shared, f"/files/{row['id']}/result?{rect}")
    assert np.array_equal(result, np.asarray(scene.cutout)[where])
    original = read(shared, f"/files/{row['id']}/original?{rect}")
    assert np.array_equal(original[..., :3], scene.colours[where])


def test_a_crop_is_bounded(shared: Served) -> None:
    row = shared.rows()["c.png"]
    large = read(shared, f"/files/{row['id']}/result?x=0&y=0&w=1e9&h=1e9")
    assert large.shape == (900, MAX_SIDE_PX, 4)
    edge = read(shared, f"/files/{row['id']}/result?x=1490&y=890&w=100&h=100")
    assert edge.shape == (10, 10, 4)
    for outside in ("x=1500&y=0&w=9&h=9", "x=0&y=0&w=0&h=9", "x=0&y=0&w=-9&h=9"):
        assert shared.ask("GET", f"/files/{row['id']}/result?{outside}").status == 404


def test_the_whole_is_reduced(shared: Served) -> None:
    row = shared.rows()["c.png"]
    assert max(read(shared, f"/files/{row['id']}/result").shape) == MAX_SIDE_PX


def add(made: MadeRun, kind: str, source: Path, output: Path, recipe: str = "{}") -> int:
    identity = identify_recipe(recipe)
    made.journal.note_recipes({identity: recipe})
    row = made.journal.enter(source, stamp_of(source), identity, output)
    made.journal.claim(row.id, stamp_of(source), "content", output.with_name(".part"))
    found = Findings(kind, 1.0, 1.0, "made-up", "cpu", Verdict(0.9))
    made.journal.mark_written(row.id, stamp_of(output), found)
    made.journal.mark_done(row.id)
    return row.id


def test_a_matte_is_laid_on_the_original(made: MadeRun, served: Served) -> None:
    scene, matte = draw_scene(320, 200, 1), made.out / "a-matte.png"
    Image.fromarray(scene.alpha).save(matte)
    number = add(made, "matte", made.inputs / "a.png", matte)
    found = read(served, f"/files/{number}/result?x=100&y=50&w=120&h=90")
    assert np.array_equal(found, np.asarray(scene.cutout)[50:140, 100:220])


def test_a_mask_is_looked_at_in_its_document(made: MadeRun, served: Served) -> None:
    from psd_tools import PSDImage

    from frisket.documents import ArrayAlpha, LayerResult, open_document

    scene, source = draw_scene(320, 200, 1), made.inputs / "layered.psd"
    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    picture = Image.fromarray(scene.colours)
    document.append(document.create_pixel_layer(picture, name="Person", top=20, left=30))
    document.save(source)
    output = made.out / "layered-mask.psd"
    with open_document(source) as opened:
        result = LayerResult(opened.find_layer("Person"), ArrayAlpha(scene.alpha))
        opened.splice("mask", output, [result])
    number = add(made, "mask", source, output)
    found = read(served, f"/files/{number}/result?x=0&y=0&w=320&h=200")
    assert np.array_equal(found[..., 3], scene.alpha)


def test_each_layer_with_a_result_can_be_chosen(made: MadeRun, served: Served) -> None:
    number = add_layered(made)
    paths = ["Left", "Right"]
    assert served.get(f"/files/{number}") == {"width": 320, "height": 200, "layers": paths}
    told = served.get(f"/files/{number}?layer=1")
    assert told == {"width": 150, "height": 240, "layers": paths}
    for layer, scene in enumerate((draw_scene(320, 200, 1), draw_scene(150, 240, 2))):
        rect = f"x=0&y=0&w=999&h=999&layer={layer}"
        result = read(served, f"/files/{number}/result?{rect}")
        assert np.array_equal(result[..., 3], scene.alpha)
        original = read(served, f"/files/{number}/original?{rect}")
        assert np.array_equal(original[..., :3], scene.colours)
    for layer in ("2", "-1", "1e9"):
        assert served.ask("GET", f"/files/{number}?layer={layer}").status == 404


def add_layered(made: MadeRun) -> int:
    """Add a document of three layers, of which one was left without a mask."""
    from psd_tools import PSDImage

    from frisket.documents import ArrayAlpha, LayerResult, open_document

    source, output = made.inputs / "three.psd", made.out / "three-mask.psd"
    scenes = {
        "Right": draw_scene(150, 240, 2),
        "Empty": draw_scene(60, 60, 3),
        "Left": draw_scene(320, 200, 1),
    }
    document = PSDImage.new("RGB", (400, 300), color=(200, 200, 200))
    for name, scene in scenes.items():
        picture = Image.fromarray(scene.colours)
        document.append(document.create_pixel_layer(picture, name=name, top=5, left=5))
    document.save(source)
    with open_document(source) as opened:
        results = [
            LayerResult(opened.find_layer(name), ArrayAlpha(scenes[name].alpha))
            for name in ("Left", "Right")
        ]
        opened.splice("mask", output, results)
    return add(made, "mask", source, output, '{"all_layers": true}')


def test_kinds_without_a_common_place_are_refused(made: MadeRun, served: Served) -> None:
    panels = made.out / "a-comparison.png"
    Image.new("RGB", (960, 200)).save(panels)
    number = add(made, "comparison", made.inputs / "a.png", panels)
    answer = served.ask("GET", f"/files/{number}")
    assert answer.status == 404
    assert "cutouts, mattes, masks and alphas" in answer.json()["error"]
