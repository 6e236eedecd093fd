"""What of a TIFF knows nothing of a new alpha or page is told."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from imagemagick import find_convert, needs_imagemagick
from made_documents import HEIGHT, WIDTH, colours, ramp
from samples import Samples

from frisket.documents import ArrayAlpha, LayerResult, ResultOptions, open_document
from frisket.jobs.deliver import DELIVERIES

ALPHA = ramp(HEIGHT, WIDTH)


def splice(path: Path, out: Path, kind: str = "alpha", **options: Any) -> str:
    """Splice an alpha, and return what is said of the result."""
    with open_document(path) as document:
        layer = document.layers[0]
        results = [LayerResult(layer, ArrayAlpha(ALPHA))]
        document.splice(kind, out, results, ResultOptions(**options))
        return DELIVERIES[kind].tell_lost(document, out, [layer])


def read(path: Path) -> tuple[Samples, list[int]]:
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        return page.asarray(), [int(kind) for kind in page.extrasamples]


@pytest.mark.parametrize("kind", ["alpha", "page"])
def test_a_plain_file_says_nothing(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, colours(), photometric="rgb", metadata={"axes": "YXS"})
    assert splice(path, tmp_path / "out.tif", kind) == ""


@pytest.mark.parametrize(
    ("options", "name"), [({"ome": True}, "OME-XML"), ({"imagej": True}, "ImageJ")]
)
@pytest.mark.parametrize("kind", ["alpha", "page"])
def test_a_description_of_all_pages(
    tmp_path: Path, kind: str, options: dict[str, Any], name: str
) -> None:
    path = tmp_path / "in.tif"
    tifffile.imwrite(path, colours(), photometric="rgb", **options)
    said = splice(path, tmp_path / "out.tif", kind)
    assert said.startswith(f"out.tif is written without a word on the {kind} in its {name}")


@pytest.mark.parametrize("below", [True, False])
def test_smaller_versions(tmp_path: Path, below: bool) -> None:
    path = tmp_path / "in.tif"
    with tifffile.TiffWriter(path) as file:
        file.write(colours(), photometric="rgb", **({"subifds": 2} if below else {}))
        for step in (2, 4):
            file.write(colours()[::step, ::step], photometric="rgb", subfiletype=1)
    said = splice(path, tmp_path / "out.tif")
    assert "the alpha in its 2 smaller versions" in said
    with open_document(tmp_path / "out.tif") as document:
        [layer] = document.layers
        assert document.raster(layer).proxy(WIDTH // 2).shape[-1] == 4  # not from a smaller one


def test_the_nodata_value_of_gdal(tmp_path: Path) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    geo = [(42113, 2, 2, "0", True), (33550, 12, 3, (1.0, 1.0, 0.0), True)]
    tifffile.imwrite(path, colours(), photometric="rgb", extratags=geo)
    assert "GDAL" in splice(path, out)
    with tifffile.TiffFile(out) as file:
        assert file.pages[0].tags[33550].value == (1.0, 1.0, 0.0)
        assert file.pages[0].tags[42113].value == "0"


@pytest.mark.parametrize("kinds", [[0], [1], [0, 0]])
def test_the_alpha_is_the_last_of_several_and_that_is_told(
    tmp_path: Path, kinds: list[int]
) -> None:
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    pixels = colours(3 + len(kinds))
    tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=kinds, planarconfig="contig")
    assert "the first extra sample is taken for transparency" in splice(path, out)
    samples, extras = read(out)
    assert extras == [*kinds, 2]
    assert np.array_equal(samples[..., :-1], pixels)
    assert np.array_equal(samples[..., -1], ALPHA)


@pytest.mark.parametrize(("existing", "expected"), [("multiply", 39), ("replace", 100)])
@pytest.mark.parametrize("kinds", [[0], [1]])
def test_a_second_run_finds_its_own_alpha(
    tmp_path: Path, kinds: list[int], existing: str, expected: int
) -> None:
    path, out, again = (tmp_path / name for name in ("in.tif", "out.tif", "again.tif"))
    tifffile.imwrite(path, colours(4), photometric="rgb", extrasamples=kinds, planarconfig="contig")
    for one, two in ((path, out), (out, again)):
        with open_document(one) as document:
            alpha = ArrayAlpha(np.full((HEIGHT, WIDTH), 100, "u1"))
            options = ResultOptions(existing=existing if one == out else "refuse")
            document.splice("alpha", two, [LayerResult(document.layers[0], alpha)], options)
    samples, extras = read(again)
    assert extras == [*kinds, 2]
    assert np.array_equal(samples[..., :4], colours(4))
    assert (samples[..., 4] == expected).all()


@needs_imagemagick
def test_what_imagemagick_takes_for_transparency(tmp_path: Path) -> None:
    """The first extra sample, whatever its kind: docs/documents.md says so."""
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    pixels = np.dstack([colours(), np.full((HEIGHT, WIDTH), 51, "u1")])
    tifffile.imwrite(path, pixels, photometric="rgb", extrasamples=[0], planarconfig="contig")
    splice(path, out)
    shown = subprocess.run(
        [find_convert(), str(out), "-alpha", "extract", "-depth", "8", "gray:-"],
        capture_output=True, check=True,
    ).stdout  # fmt: skip
    assert set(shown) == {51}
