"""Results for damaged files: they open again, or there is one sentence and no file."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from made_documents import HEIGHT, WIDTH, colours, make
from tiff_entries import list_entries, pack_tiff

from frisket.documents import (
    ArrayAlpha,
    DocumentError,
    LayerResult,
    ResultOptions,
    differences,
    open_document,
)

KINDS = ("alpha", "page", "mask", "selection", "layer")
_STEP = 3


def splice_each(path: Path, out: Path) -> int:
    """Splice each kind into the first layer that takes it; how many results there were."""
    return sum(splice_one(path, out, kind) for kind in KINDS)


def splice_one(path: Path, out: Path, kind: str) -> bool:
    try:
        with open_document(path) as document:
            there = len(document.layers)
            layer = next(one for one in document.layers if kind in document.carries(one))
            alpha = ArrayAlpha(np.full((layer.height, layer.width), 99, "u1"))
            options = ResultOptions(existing="multiply")
            document.splice(kind, out, [LayerResult(layer, alpha)], options)
    except StopIteration:
        return False
    except DocumentError as error:
        assert "\n" not in str(error)
        assert not out.exists()
        return False
    with open_document(out) as result:
        assert len(result.layers) >= there
    out.unlink()
    return True


@pytest.mark.parametrize("name", ["pages.tif", "rgb.tif", "layers.tif", "layers.psd"])
def test_cut_off_anywhere(name: str, tmp_path: Path) -> None:
    path = make(name, tmp_path)
    data = path.read_bytes()
    cut, out = tmp_path / f"cut{path.suffix}", tmp_path / f"out{path.suffix}"
    end = range(max(0, len(data) - 240), len(data), _STEP)
    for length in (*range(0, len(data), max(1, len(data) // 60)), *end):
        cut.write_bytes(data[:length])
        splice_each(cut, out)
    assert splice_each(path, out) >= 2
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["pages.tif", "rgb.tif", "layers.tif", "layers.psd"])
def test_bytes_changed_anywhere(name: str, tmp_path: Path) -> None:
    source = random.Random(5)
    path = make(name, tmp_path)
    changed, out = tmp_path / f"changed{path.suffix}", tmp_path / f"out{path.suffix}"
    for _ in range(80):
        data = bytearray(path.read_bytes())
        for _ in range(source.randint(1, 3)):
            at = source.randrange(len(data)) if ".psd" in name else -source.randint(1, 400)
            data[at] = source.choice((0, 1, 2, 3, 4, 8, 127, 128, 255))
        changed.write_bytes(bytes(data))
        splice_each(changed, out)


@pytest.mark.parametrize("code", [270, 282, 700])
def test_a_value_beyond_the_end_is_no_place_for_what_is_appended(code: int, tmp_path: Path) -> None:
    """Any tag of the page, since the appended bytes would become its value."""
    pixels = colours()
    entries = list_entries(3, pixels.nbytes, cut=(code, 4, [1, 2, 3, 4]))
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    data = bytearray(pack_tiff(entries, pixels.tobytes()))
    at = data.index(code.to_bytes(2, "little") + b"\4\0\4\0\0\0")
    data[at + 8 : at + 12] = (len(data) + 4).to_bytes(4, "little")
    path.write_bytes(bytes(data))
    with open_document(path) as document, pytest.raises(DocumentError, match=f"tag {code} is cut"):
        document.check_splice("alpha", out, document.layers[:1])


def test_rows_of_a_strip_that_are_told_twice_are_told_right_then(tmp_path: Path) -> None:
    pixels = colours()
    path, out = tmp_path / "in.tif", tmp_path / "out.tif"
    entries = list_entries(3, pixels.nbytes, rows=(278, 3, [HEIGHT, HEIGHT]))
    path.write_bytes(pack_tiff(entries, pixels.tobytes()))
    assert splice_one(path, out, "alpha") in (True, False)
    path.write_bytes(pack_tiff(list_entries(3, pixels.nbytes), pixels.tobytes()))
    with open_document(path) as document:
        alpha = ArrayAlpha(np.full((HEIGHT, WIDTH), 99, "u1"))
        document.splice("alpha", out, [LayerResult(document.layers[0], alpha)])
    assert "page 1 tag 278" not in {one.what for one in differences(path, out)}
