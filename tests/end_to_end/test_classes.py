"""Classes by name, from the command line through a real server to the model and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from graphs import convolution
from PIL import Image

from frisket import CutOptions, cut
from frisket.client.errors import TransportError
from frisket.documents.base.raster import BaseRaster
from frisket.models import Registry

from .test_command import frisket, refused


def cut_classes(source: Path, target: Path, *classes: str) -> np.ndarray:
    options = CutOptions(
        kind="matte", model="clothes", classes=classes, quality="draft", allow_empty=True
    )
    cut(source, target, options)
    return np.asarray(Image.open(target)).astype(int)


def test_classes_reach_the_model(home: Path, photograph: Path, tmp_path: Path) -> None:
    graph = convolution(tmp_path / "m.onnx", (1, 3, 768, 768), channels=4, final="Identity")
    Registry(home).add("clothes", "cloth", graph)
    upper, lower, both, every = (
        cut_classes(photograph, tmp_path / f"{i}.png", *names)
        for i, names in enumerate([("upper",), ("lower",), ("upper", "lower"), ()])
    )
    assert np.abs(upper - lower).max() > 20, "two classes are two mattes"
    assert np.abs(np.clip(upper + lower, 0, 255) - both).max() <= 6, "shares add up"
    assert (every >= both - 6).all()
    with pytest.raises(TransportError, match="no class 'hat': it has upper, lower, full") as error:
        cut_classes(photograph, tmp_path / "no.png", "hat")
    assert error.value.reason == "BAD_CLASS"
    assert not (tmp_path / "no.png").exists()


def test_one_file_for_each_class(home: Path, photograph: Path, tmp_path: Path) -> None:
    """A graph whose answer is always its second class: the other finds nothing."""
    graph = convolution(
        tmp_path / "m.onnx", (1, 3, 768, 768), channels=4, final="Identity", lean=(0, -50, 50, -50)
    )
    Registry(home).add("clothes", "cloth", graph)
    out = tmp_path / "part-{class}.png"
    command = ("cut", photograph, "-o", out, "--as", "matte", "--model", "clothes")
    done = frisket(*command, "--classes", "upper,lower")
    assert done.returncode == 0, done.stderr
    assert "no upper was found" in done.stderr
    assert sorted(p.name for p in tmp_path.glob("part-*")) == ["part-lower.png"]
    assert np.asarray(Image.open(tmp_path / "part-lower.png")).min() > 250
    assert "no full was found" in refused(8, *command, "--classes", "full")
    assert "needs --classes" in refused(2, *command)


def test_a_map_reads_the_picture_for_a_model_once(
    home: Path, photograph: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = convolution(tmp_path / "m.onnx", (1, 3, 768, 768), channels=4, final="Identity")
    Registry(home).add("clothes", "cloth", graph)
    made, make = [], BaseRaster.proxy

    def count(raster: BaseRaster, *given: Any, **named: Any) -> Any:
        made.append(raster)
        return make(raster, *given, **named)

    monkeypatch.setattr(BaseRaster, "proxy", count)
    options = CutOptions(kind="classes", model="clothes", quality="draft")
    done = cut(photograph, tmp_path / "map.png", options)
    assert list(done.shares) == ["background", "upper", "lower", "full"]
    assert len(made) == 1


def test_a_map_of_all_classes(home: Path, photograph: Path, tmp_path: Path) -> None:
    """A graph whose answer is its third class in the bright, and no class in the dark."""
    graph = convolution(
        tmp_path / "m.onnx", (1, 3, 768, 768), channels=4, final="Identity", lean=(0, -50, 50, -50)
    )
    Registry(home).add("clothes", "cloth", graph)
    out = tmp_path / "map.png"
    done = frisket("cut", photograph, "-o", out, "--as", "classes", "--model", "clothes", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert list(told["classes"]) == ["background", "upper", "lower", "full"]
    assert told["classes"]["lower"] > 0.99 and len(told["layers"]) == 1
    with Image.open(out) as image, Image.open(photograph) as source:
        assert (image.mode, image.size) == ("P", source.size)
        numbers = np.asarray(image)
        assert abs((numbers == 2).mean() - told["classes"]["lower"]) < 1e-9
        lines = image.info["Classes"].splitlines()
        assert lines[0] == "0 #000000 background" and lines[2].endswith(" lower")
        colour = bytes(image.getpalette()[6:9]).hex()
        assert lines[2].split()[1] == f"#{colour}"
    assert "indexed PNG" in frisket("cut", "--help").stdout
    some = frisket(
        "cut", photograph, "-o", out, "--as", "classes", "--model", "clothes", "--json",
        "--classes", "full,lower",
    )  # fmt: skip
    assert list(json.loads(some.stdout)["classes"]) == ["background", "full", "lower"]


def test_maps_are_refused_where_there_are_no_classes(
    home: Path, photograph: Path, tmp_path: Path
) -> None:
    out = tmp_path / "map.png"
    command = ("cut", photograph, "-o", out, "--as", "classes")
    assert "needs a model with classes" in refused(2, *command, "--model", "classic")
    assert "no model" in refused(6, *command, "--model", "nosuch")
    assert "threshold is not possible" in refused(2, *command, "--threshold", "0.5")
    named_tif = refused(5, "cut", photograph, "-o", tmp_path / "map.tif", "--as", "classes")
    assert "use .png" in named_tif
    assert not out.exists()
