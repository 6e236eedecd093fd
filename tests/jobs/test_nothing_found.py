"""The sentence about a picture without a subject says what it looked like, and what can help."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
from made_documents import make
from PIL import Image

from frisket.documents import open_document
from frisket.jobs.nothing_found import explain_nothing


def explain(path: Path) -> str:
    with open_document(path) as document:
        return explain_nothing(document, document.find_layer(None))


@pytest.mark.parametrize(("shade", "word"), [(2, "black"), (254, "white"), (128, "of one shade")])
def test_a_flat_picture_is_named(shade: int, word: str, tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), (shade,) * 3).save(tmp_path / "in.png")
    said = explain(tmp_path / "in.png")
    assert f"to the model it is {word} throughout" in said
    assert "--box" not in said, "no box helps where nothing is to be seen"


def test_a_transparent_layer_is_named(tmp_path: Path) -> None:
    Image.new("RGBA", (60, 40), (200, 90, 10, 0)).save(tmp_path / "in.png")
    assert "it is transparent throughout" in explain(tmp_path / "in.png")


def test_floats_out_of_range_are_named(tmp_path: Path) -> None:
    y, x = np.mgrid[0:40, 0:60]
    values = np.repeat((-5 - x - y / 3.0)[..., None], 3, -1).astype("f4")
    tifffile.imwrite(tmp_path / "in.tif", values, photometric="rgb")
    assert "its floats lie outside the range of 0 to 1" in explain(tmp_path / "in.tif")


def test_a_picture_with_something_to_see_gets_hints(tmp_path: Path) -> None:
    _, x = np.mgrid[0:40, 0:60]
    Image.fromarray((x * 4).astype("u1")).save(tmp_path / "in.png")
    said = explain(tmp_path / "in.png")
    assert said.endswith("say where it is with --box or --point, or try another --model.")


def test_other_layers_are_an_advice_where_there_are_some(tmp_path: Path) -> None:
    assert explain(make("layers.psd", tmp_path)).endswith("choose another layer with --layer.")
